"""Budget forcing with transformers: one pass over a batch, its key-value cache kept.

Each row owns a `Thinker` and its queue of forced tokens; at every step a row gets its next
forced token or, if it has none, the one the model prefers. Rows that are done leave the batch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Cache
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging

from s1lib.budget import Budget, Thinker, delimiters
from s1lib.chat import prompt_text
from s1lib.store import CourseError

DIRECT = Budget(max_thinking=None)


class RoomyLayer(DynamicLayer):
    """A cache layer with room to grow: a token is written in place, not by copying the cache."""

    def update(self, key_states, value_states, *args, **kwargs):
        """Append keys and values [batch, heads, tokens, head size]; returns all so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.keys.shape[-2] if self.keys.numel() else 0
        end = start + key_states.shape[-2]
        if start == 0 or end > self.room[0].shape[-2]:
            shape = (*key_states.shape[:-2], end + max(64, end // 2), key_states.shape[-1])
            room = (key_states.new_empty(shape), value_states.new_empty(shape))
            if start:
                room[0][..., :start, :], room[1][..., :start, :] = self.keys, self.values
            self.room = room
        self.room[0][..., start:end, :] = key_states
        self.room[1][..., start:end, :] = value_states
        self.keys, self.values = self.room[0][..., :end, :], self.room[1][..., :end, :]
        return self.keys, self.values

    def batch_select_indices(self, indices) -> None:
        """Keep only these rows."""
        end = self.keys.shape[-2]
        self.room = (self.room[0][indices], self.room[1][indices])
        self.keys, self.values = self.room[0][..., :end, :], self.room[1][..., :end, :]


@dataclass
class Trace:
    """What one question brought forth."""

    question: str
    thinking: str | None  # None: answered directly
    answer: str
    thinking_tokens: int
    waits: int
    hit_limit: bool
    ends: list[int]  # number of thinking tokens at each end that was ignored
    ids: list[int]  # the thinking, as token ids


def load(path: str | Path):
    """Model (evaluation mode, float32 on a CPU) and tokenizer from a folder or a hub name.

    Raises CourseError if the folder is missing or damaged, or the hub cannot be reached.
    """
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
    except Exception as error:  # safetensors, OSError, ValueError: all mean the same to a reader
        raise CourseError(
            f"cannot load a model from {path}: it is missing or damaged. Restore the shipped one "
            f"with `git checkout -- data/`, or make it again. ({type(error).__name__})"
        ) from None
    if torch.cuda.is_available():
        model = model.to("cuda")
    return model.eval(), tokenizer


def _prompt_ids(tokenizer, question: str) -> list[int]:
    return tokenizer.encode(prompt_text(tokenizer, question), add_special_tokens=False)


def _left_pad(rows: list[list[int]], pad: int, device) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(r)) + r for r in rows], device=device)
    mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows], device=device)
    return ids, mask


@torch.inference_mode()
def decode(model, tokenizer, prompts: list[list[int]], thinkers: list[Thinker]) -> None:
    """Run every thinker to its end, greedily. `prompts` are token ids, one list per thinker.

    The prompt of a row must already hold what stands before its first sampled token.
    """
    device = model.device
    # A queue that is already filled (a limit of 0, a forced end) is part of the prompt.
    rows = [p + t.queue for p, t in zip(prompts, thinkers, strict=True)]
    for thinker in thinkers:
        thinker.queue.clear()
    ids, mask = _left_pad(rows, tokenizer.pad_token_id, device)
    position = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = Cache(layers=[RoomyLayer() for _ in range(model.config.num_hidden_layers)])
    active = list(thinkers)
    while True:
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        for i, thinker in enumerate(active):
            if thinker.barred and not thinker.queue:
                logits[i, list(thinker.barred)] = -torch.inf
        best = logits.argmax(-1).tolist()
        for thinker, token in zip(active, best, strict=True):
            if not thinker.queue:
                thinker.push(token)
        keep = [i for i, t in enumerate(active) if t.phase != "done"]
        if not keep:
            return
        if len(keep) < len(active) and (len(keep) <= len(active) // 2 or len(active) > 16):
            index = torch.tensor(keep, device=device)
            cache.batch_select_indices(index)
            mask, position = mask[index], position[index]
            active = [active[i] for i in keep]
        fed = [t.queue.pop(0) if t.queue else tokenizer.pad_token_id for t in active]
        ids = torch.tensor(fed, device=device)[:, None]
        mask = torch.cat([mask, mask.new_ones(len(active), 1)], dim=1)
        position = position[:, -1:] + 1


def run_batches(
    model, tokenizer, prompts, thinkers, batch_size: int, progress: Callable | None = None
) -> None:
    """`decode` over batches of prompts of like length."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        decode(model, tokenizer, [prompts[i] for i in chosen], [thinkers[i] for i in chosen])
        if progress:
            progress(first + len(chosen), len(order))


def answer_directly(
    model, tokenizer, questions: Iterable[str], batch_size: int = 128, progress=None
) -> list[Trace]:
    """Greedy answers without any thinking, in the model's ordinary chat format."""
    questions = list(questions)
    marks = delimiters(tokenizer)
    prompts = [_prompt_ids(tokenizer, q) for q in questions]
    thinkers = [Thinker(DIRECT, marks, phase="answer") for _ in questions]
    run_batches(model, tokenizer, prompts, thinkers, batch_size, progress)
    return [
        Trace(q, None, tokenizer.decode(t.answer), 0, 0, False, [], [])
        for q, t in zip(questions, thinkers, strict=True)
    ]


def think(
    model, tokenizer, questions: Iterable[str], budget: Budget, batch_size: int = 64, progress=None
) -> list[Trace]:
    """Greedy thinking and answer for each question, under the budget."""
    questions = list(questions)
    marks = delimiters(tokenizer)
    string = tuple(tokenizer.encode(budget.string or "", add_special_tokens=False))
    prompts = [_prompt_ids(tokenizer, q) + list(marks.think) for q in questions]
    thinkers = [Thinker(budget, marks, string) for _ in questions]
    run_batches(model, tokenizer, prompts, thinkers, batch_size, progress)
    return [_trace(tokenizer, q, t) for q, t in zip(questions, thinkers, strict=True)]


def _trace(tokenizer, question: str, thinker: Thinker) -> Trace:
    return Trace(
        question,
        tokenizer.decode(thinker.thinking),
        tokenizer.decode(thinker.answer),
        len(thinker.thinking),
        len(thinker.ends),
        thinker.hit_limit,
        thinker.ends,
        thinker.thinking,
    )


def rescore(
    model,
    tokenizer,
    traces: list[Trace],
    limit: int | None = None,
    waits: int | None = None,
    batch_size: int = 16,  # long prompts, short answers: small batches pad little
) -> list[Trace]:
    """The answers these greedy traces would have led to under a smaller budget.

    Greedy thinking under a smaller budget is a prefix of the longer thinking, so nothing is
    thought again: the thinking is cut at `limit` tokens (then "Final Answer:" is forced), or
    at the end that came after `waits` Waits, and only the answer is written.
    """
    marks = delimiters(tokenizer)
    prompts, thinkers = [], []
    for trace in traces:
        ids = trace.ids
        ends = trace.ends[: waits if waits is not None else len(trace.ends)]
        natural = True
        if waits is not None and len(trace.ends) > waits:
            ids = ids[: trace.ends[waits]]
        else:
            natural = not trace.hit_limit
        cut = limit is not None and len(ids) >= limit
        thinker = Thinker(DIRECT, marks, thinking=ids[:limit] if cut else ids, ends=ends)
        if cut or not natural:
            thinker._cut()
        else:
            thinker._end()
        prompt = _prompt_ids(tokenizer, trace.question)
        prompts.append(prompt + list(marks.think) + thinker.thinking)
        thinkers.append(thinker)
    run_batches(model, tokenizer, prompts, thinkers, batch_size)
    return [_trace(tokenizer, t.question, k) for t, k in zip(traces, thinkers, strict=True)]
