"""Stop and continue: budget forcing in rounds, as the paper's evaluation does it.

Generate until the model stops, strip the stop, append "Wait", generate again. Any engine that
can continue a list of token ids can do it, which is all that `Generate` asks for. It is the
readable reference: each round starts from the whole text so far, while the driver in
`s1lib.engines.transformers` keeps its cache and never stops.
"""

from collections.abc import Callable, Iterable

from s1lib.budget import S1, Budget, Delimiters, Format
from s1lib.engines.common import Trace, prepare

# Continues each text (token ids) by at most so many tokens, up to and including a stop token;
# the flag asks for at least one token before a stop.
Generate = Callable[[list[list[int]], list[int], bool], list[list[int]]]


def think_in_rounds(
    generate: Generate,
    tokenizer,
    questions: Iterable[str],
    budget: Budget,
    context: int,
    form: Format = S1,
) -> list[Trace]:
    """Thinking and answer for each question; `context` is the model's length in tokens.

    Raises what `s1lib.engines.common.prepare` raises, before any work.
    """
    jobs, marks, string = prepare(tokenizer, questions, budget, context, form)
    traces = [Trace(j.question, "", "", 0, 0, False, [], [], [], budget.string) for j in jobs]
    limits = [job.budget.max_thinking for job in jobs]
    texts = [job.prompt + list(marks.think) for job in jobs]

    going = list(range(len(jobs)))
    for waits in range(budget.waits + 1):
        left = [limits[i] - len(traces[i].ids) for i in going]
        busy = [i for i, room in zip(going, left, strict=True) if room]
        news = generate([texts[i] + traces[i].ids for i in busy], [r for r in left if r], waits > 0)
        for i, new in zip(busy, news, strict=True):
            stopped = bool(new) and new[-1] in marks.stop
            traces[i].ids += new[:-1] if stopped else new
            if stopped:
                traces[i].stops.append("end" if new[-1] == marks.end else "turn")
        going = [
            i
            for i in busy
            if len(traces[i].stops) == waits + 1
            and waits < budget.waits
            and len(traces[i].ids) + len(string) <= limits[i]
        ]
        for i in going:  # ignore the end
            traces[i].ends.append(len(traces[i].ids))
            traces[i].ids += string

    for i, trace in enumerate(traces):
        if len(trace.ids) == limits[i]:
            trace.stops.append("limit")
            trace.hit_limit = True
        texts[i] += trace.ids + _closing(trace, marks)
    answers = generate(texts, [budget.max_answer] * len(texts), False)
    for trace, answer in zip(traces, answers, strict=True):
        trace.thinking = tokenizer.decode(trace.ids)
        trace.answer = tokenizer.decode([i for i in answer if i not in marks.stop])
        trace.thinking_tokens, trace.waits = len(trace.ids), len(trace.ends)
    return traces


def _closing(trace: Trace, marks: Delimiters) -> list[int]:
    """What is appended when the thinking is over."""
    if not trace.hit_limit:
        return list(marks.answer)
    ends_line = trace.ids and trace.ids[-1] in marks.newlines
    return ([] if ends_line else [marks.newline]) + list(marks.final)


def generate_with(model, tokenizer, marks: Delimiters) -> Generate:
    """`Generate` through transformers' own `generate`, greedily, without a cache between rounds."""
    import torch

    never = [*marks.control, *range(len(tokenizer), model.config.vocab_size)]

    @torch.inference_mode()
    def generate(texts: list[list[int]], most: list[int], at_least_one: bool) -> list[list[int]]:
        if not texts:
            return []
        width = max(map(len, texts))
        ids = torch.tensor([[marks.newline] * (width - len(t)) + t for t in texts])
        mask = torch.tensor([[0] * (width - len(t)) + [1] * len(t) for t in texts])
        out = model.generate(
            ids.to(model.device),
            attention_mask=mask.to(model.device),
            do_sample=False,
            repetition_penalty=1.0,  # Qwen2.5's generation settings have another
            max_new_tokens=max(most),
            eos_token_id=sorted(marks.stop),
            pad_token_id=min(marks.stop),
            suppress_tokens=never or None,
            begin_suppress_tokens=sorted(marks.stop) if at_least_one else None,
        )
        news = [row[width:][:n] for row, n in zip(out.tolist(), most, strict=True)]
        ends = [next((i + 1 for i, t in enumerate(n) if t in marks.stop), None) for n in news]
        return [new[:end] for new, end in zip(news, ends, strict=True)]

    return generate
