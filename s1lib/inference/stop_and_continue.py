"""Stop and continue: budget forcing in rounds, as the paper's evaluation does it.

Generate until the model stops, strip the stop, append "Wait", generate again. Any engine that
can continue a list of token ids can do it, which is all that `Generate` asks for. It is the
readable reference: each round starts from the whole text so far, while the driver in
`s1lib.inference.hf` keeps its cache and never stops.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.budget import Budget, Delimiters, Format, appended
from s1lib.inference.engine import (
    ProgressCallback,
    Trace,
    marks_and_string,
    prefix_of,
    prepare,
    prompt_ids,
    unused_ids,
)
from s1lib.inference.formats import choose_format


@dataclass(frozen=True)
class Request:
    """Continue this text (token ids) by at most `most` tokens, up to and including a stop.

    `row` is the number of its question. After a Wait one token at least comes before a stop.
    `thinking` is False for the answer.
    """

    text: list[int]
    most: int
    row: int
    after_wait: bool = False
    thinking: bool = True


Generate = Callable[[list[Request]], list[list[int]]]


def think(
    generate: Generate,
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    context: int,
    form: Format | str | None = None,
    progress: ProgressCallback | None = None,
) -> list[Trace]:
    """Write thinking and answer for each question; `context` is the model's length in tokens.

    `progress` is told after each round how many thoughts are over, and of how many.

    Raises what `s1lib.inference.engine.prepare` raises, before any work, and CourseError if the
    engine stops where it should not.
    """
    jobs, marks, string = prepare(tokenizer, questions, budget, context, form)
    traces = [Trace(job.question, "", "", string=budget.string) for job in jobs]
    limits = [job.limit for job in jobs]
    opened = [job.prompt + list(marks.think) for job in jobs]  # what stands before the thinking

    going = list(range(len(jobs)))
    for waits in range(budget.waits + 1):
        # One round: every thought that has room goes on until the model stops, or to its limit.
        busy = [i for i in going if len(traces[i].ids) < limits[i]]
        requests = [
            Request(
                opened[i] + traces[i].ids, limits[i] - len(traces[i].ids), i, after_wait=waits > 0
            )
            for i in busy
        ]
        stopped = []
        for i, new in zip(busy, generate(requests), strict=True):
            _check(new, limits[i] - len(traces[i].ids), marks)
            traces[i].ids += [token for token in new if token not in marks.stop]
            if new and new[-1] in marks.stop:
                traces[i].stops.append("end" if new[-1] == marks.end else "turn")
                stopped.append(i)
        if waits == budget.waits:
            break
        # Those that stopped are told the string, if it fits, and go on in the next round.
        waiting = {i: appended(string, traces[i].ids, marks) for i in stopped}
        going = [i for i in stopped if len(traces[i].ids) + len(waiting[i]) <= limits[i]]
        if progress and going:
            progress(len(jobs) - len(going), len(jobs))
        for i in going:
            traces[i].ends.append(len(traces[i].ids))
            traces[i].ids += waiting[i]

    if progress:
        progress(len(jobs), len(jobs))
    for trace, limit in zip(traces, limits, strict=True):
        if len(trace.ids) == limit:
            trace.stops.append("limit")
        trace.asked = marks.asks and not trace.hit_limit
    texts = [
        text + trace.ids + _closing(trace, marks)
        for text, trace in zip(opened, traces, strict=True)
    ]
    answers = _answers(generate, tokenizer, texts, budget.max_answer, marks)
    for trace, answer in zip(traces, answers, strict=True):
        trace.thinking, trace.answer = tokenizer.decode(trace.ids), answer
    return traces


def answer_from_prefix(
    generate: Generate,
    tokenizer: Any,
    traces: list[Trace],
    limit: int | None = None,
    waits: int | None = None,
    max_answer: int = 1024,
    form: Format | str | None = None,
) -> list[Trace]:
    """Write the answers that these greedy traces lead to under a smaller budget.

    Nothing is thought again: see `s1lib.inference.engine.prefix_of`.
    """
    form = choose_format(tokenizer, form)
    marks, _ = marks_and_string(tokenizer, form, None)
    texts, prefixes = [], []
    for trace in traces:
        marks, string = marks_and_string(tokenizer, form, trace.string)
        ids, ends, stops = prefix_of(trace, string, marks, limit, waits)
        prefix = replace(trace, thinking=tokenizer.decode(ids), ids=ids, ends=ends, stops=stops)
        prefix.asked = marks.asks and not prefix.hit_limit
        prompt = prompt_ids(tokenizer, trace.question, form)
        texts.append(prompt + list(marks.think) + ids + _closing(prefix, marks))
        prefixes.append(prefix)
    answers = _answers(generate, tokenizer, texts, max_answer, marks)
    return [replace(t, answer=answer) for t, answer in zip(prefixes, answers, strict=True)]


def answer_directly(
    generate: Generate,
    tokenizer: Any,
    questions: Iterable[str],
    context: int,
    max_answer: int = 1024,
    form: Format | str | None = None,
    progress: ProgressCallback | None = None,
) -> list[Trace]:
    """Answer without any thinking, in the model's ordinary chat format.

    Raises CourseError for a question that is empty or too long.
    """
    budget = Budget(max_thinking=0, max_answer=max_answer)
    jobs, marks, _ = prepare(tokenizer, questions, budget, context, form, thinking=False)
    answers = _answers(generate, tokenizer, [job.prompt for job in jobs], max_answer, marks)
    if progress:
        progress(len(jobs), len(jobs))
    return [Trace(job.question, None, text) for job, text in zip(jobs, answers, strict=True)]


def _answers(
    generate: Generate, tokenizer: Any, texts: list[list[int]], most: int, marks: Delimiters
) -> list[str]:
    """Generate what follows each of these texts, up to a stop."""
    requests = [Request(text, most, i, thinking=False) for i, text in enumerate(texts)]
    answers = generate(requests)
    for answer in answers:
        _check(answer, most, marks)
    return [
        tokenizer.decode([token for token in answer if token not in marks.stop])
        for answer in answers
    ]


def _check(new: list[int], most: int, marks: Delimiters) -> None:
    """Raise CourseError if an engine stopped for another reason than a stop token or the limit."""
    if len(new) < most and not (new and new[-1] in marks.stop):
        raise CourseError(
            f"the engine stopped after {len(new)} of {most} tokens without one of the format's "
            "stop tokens: it strips them, or the model ends with another token, to be named in "
            "s1lib.inference.budget.Format.turn."
        )


def _closing(trace: Trace, marks: Delimiters) -> list[int]:
    """Return what is appended when the thinking is over."""
    if not trace.hit_limit:
        return list(marks.answer)
    ends_line = trace.ids and trace.ids[-1] in marks.newlines
    return ([] if ends_line else [marks.newline]) + list(marks.final)


def generate_with(
    model: Any, tokenizer: Any, marks: Delimiters, suppressed: tuple[int, ...] = ()
) -> Generate:
    """Return a `Generate` that calls transformers' own `generate`: greedy, without a kept cache.

    Tokens in `suppressed` are never sampled while thinking.
    """
    import torch

    from s1lib.inference.hf import left_pad

    never = [*marks.control, *unused_ids(tokenizer, model.config.get_text_config().vocab_size)]
    stops = sorted(marks.stop)

    @torch.inference_mode()
    def generate(requests: list[Request]) -> list[list[int]]:
        if not requests:
            return []
        ids, mask = left_pad([r.text for r in requests], model.device)
        out = model.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            repetition_penalty=1.0,  # Qwen2.5's own generation settings have another
            max_new_tokens=max(r.most for r in requests),
            eos_token_id=stops,
            pad_token_id=stops[0],
            suppress_tokens=[*never, *(suppressed if requests[0].thinking else ())] or None,
            begin_suppress_tokens=stops if requests[0].after_wait else None,  # one round: all alike
        )
        news = [
            row[ids.shape[1] :][: r.most] for row, r in zip(out.tolist(), requests, strict=True)
        ]
        return [up_to_stop(new, marks) for new in news]

    return generate


def up_to_stop(ids: list[int], marks: Delimiters) -> list[int]:
    """Cut the tokens after the first stop, if there is one."""
    end = next((i + 1 for i, token in enumerate(ids) if token in marks.stop), None)
    return ids[:end]
