"""Stop and continue: budget forcing in rounds, as the paper's evaluation does it.

Generate until the model stops, strip the stop, append "Wait", generate again. Any engine that
can continue a list of token ids can do it, which is all that `Generate` asks for. It is the
readable reference: each round starts from the whole text so far, while the driver in
`s1lib.engines.transformers` keeps its cache and never stops.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from s1lib.budget import S1, Budget, Delimiters, Format, delimiters
from s1lib.engines.common import Trace, prepare, prompt_ids, shortened, string_ids
from s1lib.store import CourseError


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


def think_in_rounds(
    generate: Generate,
    tokenizer,
    questions: Iterable[str],
    budget: Budget,
    context: int,
    form: Format = S1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trace]:
    """Thinking and answer for each question; `context` is the model's length in tokens.

    `progress` is told after each round how many thoughts are over, and of how many.

    Raises what `s1lib.engines.common.prepare` raises, before any work, and CourseError if the
    engine stops where it should not.
    """
    jobs, marks, string = prepare(tokenizer, questions, budget, context, form)
    traces = [Trace(j.question, "", "", 0, 0, False, [], [], [], budget.string) for j in jobs]
    limits = [job.budget.max_thinking for job in jobs]
    texts = [job.prompt + list(marks.think) for job in jobs]

    def request(i: int, after_wait: bool) -> Request:
        return Request(texts[i] + traces[i].ids, limits[i] - len(traces[i].ids), i, after_wait)

    going = range(len(jobs))
    for waits in range(budget.waits + 1):
        busy = [i for i in going if len(traces[i].ids) < limits[i]]
        news = generate([request(i, after_wait=waits > 0) for i in busy])
        stopped = []
        for i, new in zip(busy, news, strict=True):
            _check(new, limits[i] - len(traces[i].ids), marks)
            traces[i].ids += [token for token in new if token not in marks.stop]
            if new and new[-1] in marks.stop:
                traces[i].stops.append("end" if new[-1] == marks.end else "turn")
                stopped.append(i)
        if waits == budget.waits:
            break
        going = [i for i in stopped if len(traces[i].ids) + len(string) <= limits[i]]
        if progress and going:
            progress(len(jobs) - len(going), len(jobs))
        for i in going:  # ignore the end
            traces[i].ends.append(len(traces[i].ids))
            traces[i].ids += string

    if progress:
        progress(len(jobs), len(jobs))
    for i, trace in enumerate(traces):
        if len(trace.ids) == limits[i]:
            trace.stops.append("limit")
            trace.hit_limit = True
        texts[i] += trace.ids + _closing(trace, marks)
    for trace, answer in zip(
        traces, _answers(generate, tokenizer, texts, budget.max_answer, marks), strict=True
    ):
        trace.thinking, trace.answer = tokenizer.decode(trace.ids), answer
        trace.thinking_tokens, trace.waits = len(trace.ids), len(trace.ends)
    return traces


def rescore_in_rounds(
    generate: Generate,
    tokenizer,
    traces: list[Trace],
    limit: int | None = None,
    waits: int | None = None,
    max_answer: int = 1024,
    form: Format = S1,
) -> list[Trace]:
    """The answers these greedy traces would have led to under a smaller budget.

    Nothing is thought again: see `s1lib.engines.common.shortened`.
    """
    marks = delimiters(tokenizer, form)
    texts, cut = [], []
    for trace in traces:
        width = len(string_ids(tokenizer, trace.string, marks))
        ids, ends, stops = shortened(trace, width, limit, waits)
        smaller = replace(
            trace,
            thinking=tokenizer.decode(ids),
            thinking_tokens=len(ids),
            waits=len(ends),
            hit_limit=stops[-1] == "limit",
            ends=ends,
            ids=ids,
            stops=stops,
        )
        prompt = prompt_ids(tokenizer, trace.question)
        texts.append(prompt + list(marks.think) + ids + _closing(smaller, marks))
        cut.append(smaller)
    answers = _answers(generate, tokenizer, texts, max_answer, marks)
    return [replace(t, answer=answer) for t, answer in zip(cut, answers, strict=True)]


def answer_in_rounds(
    generate: Generate,
    tokenizer,
    questions: Iterable[str],
    context: int,
    max_answer: int = 1024,
    form: Format = S1,
) -> list[Trace]:
    """Answers without any thinking, in the model's ordinary chat format.

    Raises CourseError for a question that is empty or too long.
    """
    budget = Budget(max_thinking=0, max_answer=max_answer)
    jobs, marks, _ = prepare(tokenizer, questions, budget, context, form)
    answers = _answers(generate, tokenizer, [job.prompt for job in jobs], max_answer, marks)
    return [
        Trace(job.question, None, answer, 0, 0, False, [], [])
        for job, answer in zip(jobs, answers, strict=True)
    ]


def _answers(generate: Generate, tokenizer, texts, most: int, marks: Delimiters) -> list[str]:
    """What is written after each of these texts, up to a stop."""
    requests = [Request(text, most, i, thinking=False) for i, text in enumerate(texts)]
    return [
        tokenizer.decode([token for token in answer if token not in marks.stop])
        for answer in generate(requests)
    ]


def _check(new: list[int], most: int, marks: Delimiters) -> None:
    """Raise CourseError if an engine stopped for another reason than a stop token or the limit."""
    if len(new) < most and not (new and new[-1] in marks.stop):
        raise CourseError(
            f"the engine stopped after {len(new)} of {most} tokens without one of the format's "
            "stop tokens: it strips them, or the model ends with another token, to be named in "
            "s1lib.budget.Format.turn."
        )


def _closing(trace: Trace, marks: Delimiters) -> list[int]:
    """What is appended when the thinking is over."""
    if not trace.hit_limit:
        return list(marks.answer)
    ends_line = trace.ids and trace.ids[-1] in marks.newlines
    return ([] if ends_line else [marks.newline]) + list(marks.final)


def generate_with(
    model, tokenizer, marks: Delimiters, suppressed: tuple[int, ...] = ()
) -> Generate:
    """`Generate` through transformers' own `generate`: greedy, no cache kept between rounds.

    Tokens in `suppressed` are never sampled while thinking.
    """
    import torch

    from s1lib.engines.transformers import left_pad

    never = [*marks.control, *range(len(tokenizer), model.config.vocab_size)]
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
    """The tokens up to and including the first stop, if there is one."""
    end = next((i + 1 for i, token in enumerate(ids) if token in marks.stop), None)
    return ids[:end]
