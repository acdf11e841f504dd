"""The exercises of notebook 6: a real model."""

import tomllib
from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any

from s1lib.exercises.model import HERE, Case, Exercise

# A template of Qwen3's kind, shortened: the model opens its thinking itself, and a switch in the
# template closes an empty one.
TEMPLATE = r"""
{%- if messages[0]['role'] != 'system' %}
  {{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
  {{- '<|im_start|>' + message['role'] + '\n' }}
  {{- message['content'] + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\n' }}
  {%- if not enable_thinking %}
    {{- '<think>\n\n</think>\n\n' }}
  {%- endif %}
{%- endif %}
""".strip()


def recorded_thoughts() -> list[dict[str, Any]]:
    """Return some thoughts of SmolLM2: question, text, and whether it loops, read by a person."""
    return tomllib.loads((HERE / "smollm2.toml").read_text(encoding="utf-8"))["thoughts"]


# 6.1


def _prompt_cases() -> list[Case]:
    from s1lib.chat import build_tokenizer  # transformers is slow to import
    from s1lib.inference.formats import find_format, prompt_text

    tokenizer = build_tokenizer()
    tokenizer.chat_template = TEMPLATE
    form = find_format(tokenizer)
    asked = ("What is 3 + 4?", True), ("What is 3 + 4?", False), ("Two lines:\n7 and 8?", True)
    return [Case((q, on), prompt_text(tokenizer, q, form, thinking=on)) for q, on in asked]


def _prompt(
    system: str = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n",
    assistant: str = "<|im_start|>assistant\n",
    on: str = "",
    off: str = "<think>\n\n</think>\n\n",
) -> Callable[[str, bool], str]:
    def prompt(question: str, thinking: bool) -> str:
        user = f"<|im_start|>user\n{question}<|im_end|>\n"
        return system + user + assistant + (on if thinking else off)

    return prompt


# 6.2


def _loop_cases() -> list[Case]:
    wait = "Wait, what's that?\n\n"
    by_hand = [
        (wait * 3, True),
        ("the number of pens, the number of books, the number of cups", False),
        (wait * 2, False),
        ("Then 28 - 1 = 29. " * 3, True),
        (wait * 3 + "That is a question of another kind.", True),
        ("It was a very, very, very, very long day.", False),
        ("", False),
    ]
    return [Case((text,), loops) for text, loops in by_hand] + [
        Case((thought["text"],), thought["loops"], f"SmolLM2 on “{thought['question']}”")
        for thought in recorded_thoughts()
    ]


def _repeats(
    lengths: Callable[[int], Sequence[int]], times: int = 3, only_end: bool = False
) -> Callable[[str], bool]:
    """Make a wrong answer: runs of these lengths (of a number of words) are looked for."""

    def loops(text: str) -> bool:
        words = text.split()
        return any(
            words[i : i + n] * times == words[i : i + n * times]
            for n in lengths(len(words))
            for i in range(len(words) - n * times, -1, -1)
            if not only_end or i == len(words) - n * times
        )

    return loops


def _anywhere(text: str) -> bool:
    words = text.split()
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return any(runs.count(run) >= 3 for run in runs)


# 6.3


def _own_cases() -> list[Case]:
    words = ["So", " 36", ".", "\n\n", "Wait", ",", " what", "?", "\n\n", "Wait", ",", " no", "."]
    return [
        Case((words, [3, 8], 2), [[",", " what", "?"], [",", " no", "."]]),
        Case((words[:3], [], 2), []),
        Case((words[:10], [3, 8], 2), [[",", " what", "?"], []]),
        _own_case_of_a_trace(),
    ]


def _own_case_of_a_trace() -> Case:
    """Make a case whose right answer the library reads off a trace of the toy model's format."""
    from s1lib.chat import build_tokenizer
    from s1lib.inference.budget import encode
    from s1lib.inference.engine import Trace
    from s1lib.inference.live import pieces_of

    tokenizer = build_tokenizer()
    wait = encode(tokenizer, "Wait")
    ids: list[int] = []
    lengths = []
    for text in ("Looks like 39.\n", ", in order: 7, 9. So 9.\n", ", so 9.\n", ", "):
        ids += [*(wait if ids else ()), *encode(tokenizer, text)]
        lengths.append(len(ids))
    ends = lengths[:-1]
    trace = Trace("", tokenizer.decode(ids), "", ids, ends, ["end"] * len(ends) + ["limit"])
    _, *rest = [p for p in pieces_of(tokenizer, trace) if p.phase == "thinking"]
    told = f"a thought of {len(ids)} token ids, ends {ends}, {len(wait)} forced"
    own = [piece.ids for piece in rest if not piece.forced]
    return Case((ids, ends, len(wait)), own, told, "three lists of token ids")


def _own_with(
    begin: Callable[[int, int], int], stop: Callable[[list[int], int], list[int]]
) -> Callable[[list, list[int], int], list[list]]:
    """Make a wrong answer: where each list begins, from end and forced, and where all stop."""

    def own(tokens: list, ends: list[int], forced: int) -> list[list]:
        stops = stop(ends, len(tokens))
        return [tokens[begin(a, forced) : b] for a, b in zip(ends, stops, strict=False)]

    return own


# 6.4


def _cost_cases() -> list[Case]:
    from s1lib.chat import build_tokenizer
    from s1lib.inference.budget import S1, delimiters
    from s1lib.inference.engine import Trace, prefix_of

    marks = delimiters(build_tokenizer(), S1)
    runs: list[list[tuple[int, list[int]]]] = [
        [(20, [10])],
        [(40, [10, 22]), (30, [20, 24])],
        [(50, [10, 30]), (100, []), (60, [40])],
        [(100, [])],
    ]
    cases = []
    for run in runs:
        traces = [
            Trace("", "", "", list(range(n)), ends, ["end"] * (len(ends) + 1)) for n, ends in run
        ]
        alone = [prefix_of(trace, (), marks, None, waits=0)[0] for trace in traces]
        told = "; ".join(f"{n} tokens, ends at {ends}" for n, ends in run)
        expected = [mean(map(len, alone)), mean(trace.thinking_tokens for trace in traces)]
        cases.append(Case((traces,), expected, told))
    return cases


def _cost_by(
    before: Callable[[Any], int], keep: Callable[[Any], Any] = lambda trace: True
) -> Callable[[list[Any]], list[float]]:
    """Make a wrong answer: how many tokens of a trace count as before, and which traces count."""

    def cost(traces: list[Any]) -> list[float]:
        kept = [trace for trace in traces if keep(trace)]
        return [mean(map(before, kept)), mean(len(trace.ids) for trace in kept)]

    return cost


def _first_end(trace: Any) -> int:
    return trace.ends[0] if trace.ends else len(trace.ids)


EXERCISES = {
    "think_prompt": Exercise(
        _prompt_cases,
        mistakes={
            "opened twice": _prompt(on="<think>\n"),
            "no system turn": _prompt(system=""),
            "assistant not begun": _prompt(assistant="", off=""),
            "the switch ignored": _prompt(off=""),
        },
    ),
    "loops": Exercise(
        _loop_cases,
        mistakes={
            "anywhere": _anywhere,
            "twice": _repeats(lambda n: range(3, n + 1), times=2),
            "one length": _repeats(lambda n: (3,)),
            "only at the end": _repeats(lambda n: range(3, n + 1), only_end=True),
            "any length": _repeats(lambda n: range(1, n + 1)),
        },
    ),
    "own_tokens": Exercise(
        _own_cases,
        mistakes={
            "with the forced": _own_with(lambda a, forced: a, lambda ends, n: [*ends[1:], n]),
            "to the end of all": _own_with(
                lambda a, forced: a + forced, lambda ends, n: [n] * len(ends)
            ),
            "last left out": _own_with(lambda a, forced: a + forced, lambda ends, n: ends[1:]),
        },
    ),
    "before_and_after": Exercise(
        _cost_cases,
        mistakes={
            "the last end": _cost_by(lambda t: t.ends[-1] if t.ends else len(t.ids)),
            "only those that waited": _cost_by(_first_end, keep=lambda trace: trace.ends),
            "zero without an end": _cost_by(lambda t: t.ends[0] if t.ends else 0),
            "only what was added": lambda traces: [
                mean(map(_first_end, traces)),
                mean(len(t.ids) - _first_end(t) for t in traces),
            ],
        },
    ),
}
