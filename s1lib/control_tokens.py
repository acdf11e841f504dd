"""Control tokens in texts from outside: questions, traces, strings to append.

A tokenizer turns the text `<|im_end|>` into the token that ends a turn, wherever it stands. A
question with it would end its own turn, and a training row would teach a wrong stop. So each text
from outside is checked here, before it is asked, tokenized or trained on, and refused by name.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

# What most families write: <|im_end|>, <|endoftext|>, <|eot_id|>, and DeepSeek's <｜User｜>.
CONTROL_TOKEN = re.compile(r"<[|｜][^<>|｜\s]{1,40}[|｜]>")


def control_tokens(text: str, tokenizer: Any = None, marks: Iterable[str] = ()) -> list[str]:
    """Find the control tokens in a text, each once, in the order in which they begin.

    Looks for what most model families write; with a tokenizer also for its own, as `</s>`, and
    for `marks`, the delimiters of a format such as `</think>`.
    """
    own = () if tokenizer is None else _tokens_of(tokenizer, len(tokenizer))
    found = {token for token in (*CONTROL_TOKEN.findall(text), *own, *marks) if token in text}
    return sorted(found, key=text.index)


def why_refused(text: str, tokenizer: Any = None, marks: Iterable[str] = ()) -> str | None:
    """Say why a text from outside is refused, to be read after its name; None if it is fine."""
    found = control_tokens(text, tokenizer, marks)
    if not found:
        return None
    return f"holds the control token {found[0]}, which would end a turn or a thought there"


@lru_cache(maxsize=8)
def _tokens_of(tokenizer: Any, size: int) -> tuple[str, ...]:
    """Return the control tokens of a tokenizer; `size` tells it from itself with tokens added."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(filter(str.strip, dict.fromkeys([*added, *tokenizer.all_special_tokens])))
