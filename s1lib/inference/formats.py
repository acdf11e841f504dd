"""How a model marks its thinking, found from its chat template, and checked before any work.

| format | a model that | thinking ends with |
|---|---|---|
| `s1` | was fine-tuned as s1 was, on Qwen2.5's template | `<|im_start|>` |
| `think-tags` | opens `<think>` itself, as Qwen3 does | `</think>` |
| `opened-by-template` | finds `<think>` opened, as QwQ, R1-distill and Qwen3.5 do | `</think>` |
| `plain` | has no marks: it thinks in ordinary text, and is asked for its final answer | its turn |

What a model is fed is what its own template gives, and our marks behind it. A template that none of
these fits is refused: its numbers would mean nothing.
"""

import re
from typing import Any

from s1lib.chat import IM_START, PAD, completion_text
from s1lib.errors import CourseError
from s1lib.inference.budget import S1, Delimiters, Format, delimiters, encode

FORMATS = ("plain", "s1", "think-tags", "opened-by-template")
KEY = "thinking_format"  # in a tokenizer's settings: the format that its model was trained in

# What opens and closes the thinking in published templates.
TAGS = (
    ("<think>", "</think>"),  # Qwen3, QwQ, DeepSeek-R1, Nemotron, Phi-4-reasoning, SmolLM3, GLM
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|channel>thought", "<channel|>"),  # Gemma 4
)
QUESTION, ANSWER = "Is 7 a prime number, ZQ?", "Yes, it is, ZQ."  # found again in what is written


def chat_text(tokenizer: Any, question: str, thinking: bool, answer: str | None = None) -> str:
    """Write a question in the model's own chat template: up to where the model begins, or with an
    answer.

    `thinking` turns the thinking on or off in templates that have a switch for it.
    Raises CourseError if there is no template, or it fails.
    """
    messages = [{"role": "user", "content": question}]
    if answer is not None:
        messages.append({"role": "assistant", "content": answer})
    if not tokenizer.chat_template:
        raise CourseError(
            "the tokenizer has no chat template: restore its file chat_template.jinja, take the "
            "model's instruct version, or set "
            "tokenizer.chat_template to the one it was trained with."
        )
    try:
        return tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=answer is None,
            enable_thinking=thinking,  # Qwen3 and most others
            thinking=thinking,  # DeepSeek-V3.1, Granite
        )
    except Exception as error:  # whatever Jinja, or the template itself, raises
        raise CourseError(
            "the model's chat template cannot write a question: take one that fits "
            f"({type(error).__name__}: {error!s:.200})"
        ) from None


def find_format(tokenizer: Any) -> Format:
    """Find the format that a model thinks in: what its tokenizer says, else what its chat template
    shows.

    Raises CourseError, one sentence with the fix, if none of the formats fits.
    """
    if declared := declared_format(tokenizer):
        return _named(tokenizer, declared)
    prompt, tags = _checked_prompt(tokenizer)
    if tags and _ends_with(prompt, tags[0]):
        return _named(tokenizer, "opened-by-template")
    if tags:
        return _named(tokenizer, "think-tags")
    return _named(tokenizer, "s1" if _is_s1(tokenizer, prompt) else "plain")


def choose_format(tokenizer: Any, form: Format | str | None = None) -> Format:
    """Return the format to run a model in: a name of `FORMATS`, one of your own, or (None) the one
    that is found.

    Raises CourseError, one sentence with the fix, if it does not fit the tokenizer and template.
    """
    if form is None:
        form = find_format(tokenizer)
    elif isinstance(form, str):
        form = _named(tokenizer, form)
    try:
        delimiters(tokenizer, form)
    except ValueError as error:
        raise CourseError(str(error)) from None
    prompt_text(tokenizer, QUESTION, form)
    return form


def delimiters_of(tokenizer: Any, form: Format | str | None = None) -> Delimiters:
    """Return the delimiters of a model's format. Raises what `choose_format` raises."""
    return delimiters(tokenizer, choose_format(tokenizer, form))


def prompt_text(tokenizer: Any, question: str, form: Format, thinking: bool = True) -> str:
    """Write the prompt of a question: what the template gives, thinking switched on or off.

    Where a template has no switch, `thinking=False` closes an empty thinking behind it.
    Raises CourseError if what the template gives for this question does not fit the format.
    """
    native = form.name not in ("s1", "plain")  # these two think beside the model's own way
    text = chat_text(tokenizer, question, thinking and native)
    if thinking or not native:
        _check_opening(text, form)
        return text
    opening = form.opened or form.think
    if _ends_with(text, opening):
        return f"{text.rstrip()}\n\n{form.end}\n\n"
    if text == chat_text(tokenizer, question, True):  # no switch, and nothing opened
        return f"{text}{opening}\n\n{form.end}\n\n"
    return text


def training_texts(
    tokenizer: Any, question: str, thinking: str | None, answer: str, form: Format
) -> tuple[str, str]:
    """Write a row to train on, prompt and completion, just as the model is run in this format.

    `thinking=None` gives the bare answer.
    Raises CourseError if the template does not fit.
    """
    prompt = prompt_text(tokenizer, question, form, thinking is not None)
    if form.name == "s1":
        return prompt, completion_text(thinking, answer)
    if thinking is None:
        return prompt, f"{answer}{form.turn[0]}"
    if form.asks:
        answer = answer.strip()
        answer = re.sub(r"^(Final )?Answer:\s*", "", answer)
        return prompt, f"{thinking}{form.answer} {answer}{form.turn[0]}"
    begin = "" if prompt.endswith("\n") and form.opened else "\n"
    return prompt, f"{form.think}{begin}{thinking}\n{form.answer}\n\n{answer}{form.turn[0]}"


def training_format(tokenizer: Any, form: Format | str | None = None) -> Format:
    """Return the format to train a model in: the given one, else its own, else that of s1.

    A model without marks of its own learns s1's, if its template has the control token for it.
    Raises what `choose_format` raises.
    """
    found = choose_format(tokenizer, form)
    if form is None and found.name == "plain" and not declared_format(tokenizer):
        prompt = chat_text(tokenizer, QUESTION, False)
        if f"{IM_START}user" in prompt and len(encode(tokenizer, IM_START)) == 1:
            return choose_format(tokenizer, "s1")
    return found


def declare_format(tokenizer: Any, form: Format) -> None:
    """Write into a tokenizer's settings, which are saved, the format its model was trained in."""
    tokenizer.init_kwargs[KEY] = form.name


def declared_format(tokenizer: Any) -> str | None:
    """Return the name of the format that a tokenizer's settings declare."""
    return tokenizer.init_kwargs.get(KEY)


def _named(tokenizer: Any, name: str) -> Format:
    """Fill in a named format with the tags and the end of turn of this tokenizer's template."""
    if name not in FORMATS:
        raise CourseError(f"there is no format {name!r}: choose one of {', '.join(FORMATS)}.")
    _, tags = _checked_prompt(tokenizer)
    own = f"the chat template has marks of its own for the thinking, {' and '.join(tags or ())}"
    if name == "s1":
        if tags and declared_format(tokenizer) != "s1":
            raise CourseError(f"{own}, and s1's would be strange to the model: leave out --format.")
        return S1
    turn = _turn_ends(tokenizer)
    if name == "plain":
        if tags and chat_text(tokenizer, QUESTION, True) == chat_text(tokenizer, QUESTION, False):
            raise CourseError(f"{own}, and no switch to turn it off: leave out --format.")
        ask = "Final Answer:"
        return Format("", None, f"\n\n{ask}", turn, f"\n{ask}", "\n\n", name=name)
    opening, end = tags or TAGS[0]
    opened = name == "opened-by-template"
    return Format(
        think="" if opened else opening,
        end=end,
        answer=end,
        turn=turn,
        final=f"{end}\n\nFinal Answer:",
        separator="\n",
        opened=opening if opened else None,
        name=name,
    )


def _checked_prompt(tokenizer: Any) -> tuple[str, tuple[str, str] | None]:
    """Return what the template writes before the model begins, and the tags that it thinks in.

    Raises CourseError if the template leaves out the question, or writes more between its prompt
    and the model's text than white space and an empty thinking.
    """
    prompt = chat_text(tokenizer, QUESTION, True)
    if QUESTION not in prompt:
        raise CourseError(
            "the chat template leaves the question out (it may want images or parts): take a "
            "model for text."
        )
    template = tokenizer.chat_template
    source = template if isinstance(template, str) else " ".join(template.values())
    tags = next((pair for pair in TAGS if pair[0] in source and pair[1] in source), None)
    tags = next((pair for pair in TAGS if _ends_with(prompt, pair[0])), tags)
    answered = chat_text(tokenizer, QUESTION, True, ANSWER)
    before = _without_tags(answered.partition(ANSWER)[0], tags)
    begun = _without_tags(prompt, tags)
    if ANSWER not in answered or before != begun:
        between = before.removeprefix(begun) if before.startswith(begun) else begun[-40:]
        kind = " (gpt-oss's harmony)" if "<|channel|>" in source else ""
        raise CourseError(
            f"the chat template writes {between.strip()!r} between its prompt and the answer, as "
            f"in a format with channels{kind}, which this course cannot force to think: take a "
            "model that thinks in plain text or between tags."
        )
    return prompt, tags


def _without_tags(text: str, tags: tuple[str, str] | None) -> str:
    """Cut white space and thinking tags off the end of a text."""
    before = None
    while text != before:
        before, text = text, text.rstrip()
        for tag in tags or ():
            text = text.removesuffix(tag)
    return text


def _ends_with(prompt: str, opening: str) -> bool:
    return bool(opening) and prompt.rstrip().endswith(opening)


def _check_opening(prompt: str, form: Format) -> None:
    """Raise CourseError if the thinking would be opened twice, or not at all."""
    if form.opened and not _ends_with(prompt, form.opened):
        raise CourseError(
            f"the chat template does not open the thinking with {form.opened}, as the format "
            f"{form.name} wants: leave the format out, and take /no_think out of the question."
        )
    openings = [form.think, *(pair[0] for pair in TAGS)]
    twice = None if form.opened else next((o for o in openings if _ends_with(prompt, o)), None)
    if twice:
        raise CourseError(
            f"the chat template already ends with {twice}, and the thinking would be opened twice: "
            "take the format opened-by-template."
        )


def _is_s1(tokenizer: Any, prompt: str) -> bool:
    """Whether this is a model of the s1 family, whose template is Qwen2.5's own.

    s1's training script saves the tokenizer with a padding token that the instruct models do not
    have; so does this course.
    """
    named = re.search(r"(^|/)s1(\.\d)?-", str(tokenizer.name_or_path))
    qwen = prompt.endswith(f"{IM_START}assistant\n") and len(encode(tokenizer, IM_START)) == 1
    return qwen and (tokenizer.pad_token == PAD or named is not None)


def _turn_ends(tokenizer: Any) -> tuple[str, ...]:
    """Find the tokens that end the model's turn: the one that the template writes after an answer
    first, and the tokenizer's own. In some files the second is wrong.

    Raises CourseError if there is none.
    """
    rest = chat_text(tokenizer, QUESTION, True, ANSWER).partition(ANSWER)[2].lstrip()
    first = tokenizer.encode(rest, add_special_tokens=False)[:1]
    added = tokenizer.added_tokens_decoder
    ends = [added[i].content for i in first if i in added]
    known = set(tokenizer.get_vocab())
    opening = chat_text(tokenizer, QUESTION, True).rpartition(QUESTION)[2]
    for end in ends:
        opening = opening.replace(end, "")
    for name in (tokenizer.eos_token, "<|endoftext|>"):
        if name in known and name not in ends and name not in opening:
            ends.append(name)
    if not ends:
        raise CourseError(
            "neither the chat template nor the tokenizer has a token that ends the model's turn: "
            "set tokenizer.eos_token."
        )
    return tuple(ends)
