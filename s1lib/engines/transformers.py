"""Budget forcing with transformers: one pass over a batch, its key-value cache kept.

Each row owns a `Thinker` and a queue of tokens to feed; at every step a row gets its next
queued token or, if it has none, a sampled one. Rows that are done leave the batch.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Cache, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging

from s1lib.budget import S1, Budget, Format, Thinker, closed, delimiters, direct
from s1lib.engines.common import (
    GREEDY,
    Engine,
    Sampling,
    Trace,
    prepare,
    prompt_ids,
    seeds_for,
    shortened,
    string_ids,
    suppressed_ids,
    trace_of,
)
from s1lib.store import CourseError


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
        indices = indices.to(self.room[0].device)  # a model may lie on several GPUs
        end = self.keys.shape[-2]
        self.room = (self.room[0][indices], self.room[1][indices])
        self.keys, self.values = self.room[0][..., :end, :], self.room[1][..., :end, :]


def load(path: str | Path):
    """Model (evaluation mode, in the type it was saved in) and tokenizer from a folder or a hub
    name; on the GPU if there is one.

    Raises CourseError if the folder is missing or damaged, the hub cannot be reached, or the
    memory that is free does not hold the model.
    """
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        _check_memory(path)
        place = {"": "cuda"} if torch.cuda.is_available() else None
        model = AutoModelForCausalLM.from_pretrained(path, dtype="auto", device_map=place)
    except CourseError:
        raise
    except Exception as error:  # safetensors, OSError, ValueError: all mean the same to a reader
        raise CourseError(
            f"cannot load a model from {path}: it is missing or damaged. Restore a shipped one "
            "with `git checkout -- data/`, or make it again; for a hub name check the name and "
            f"the network. ({type(error).__name__})"
        ) from None
    return model.eval(), tokenizer


def _check_memory(path: str | Path) -> None:
    """Compare the model's weights, without loading them, with the memory that is free."""
    config = AutoConfig.from_pretrained(path)
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config, dtype=config.dtype)
    need = sum(p.numel() * p.element_size() for p in empty.parameters())
    on_gpu = torch.cuda.is_available()
    free = torch.cuda.mem_get_info()[0] if on_gpu else psutil.virtual_memory().available
    if need > 0.9 * free:  # the rest is for the key-value cache
        raise CourseError(
            f"{path} is too large for this machine: its weights take {need / 1e9:.1f} GB and "
            f"{free / 1e9:.1f} GB of {'GPU ' * on_gpu}memory are free. Choose a smaller model, "
            "or a larger machine."
        )


class Step(NamedTuple):
    """One token of one row; see `s1lib.budget.Token`."""

    row: int
    id: int
    phase: str
    forced: bool


def _cache(config) -> Cache:
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds == {"full_attention"}:
        return Cache(layers=[RoomyLayer() for _ in range(config.num_hidden_layers)])
    return DynamicCache(config=config)  # sliding windows and the like


def left_pad(rows: list[list[int]], device) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask [rows, longest row], filled up on the left and masked there."""
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(r)) + r for r in rows], device=device)
    mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows], device=device)
    return ids, mask


def choose(logits: torch.Tensor, sampling: Sampling, draws: list[float]) -> list[int]:
    """One token for each row of `logits` [rows, vocabulary].

    Sampling inverts the cumulative distribution of the tokens that `top_p` leaves at each row's
    own number in [0, 1) from `draws`, so that a row's choice needs nothing of its neighbours.
    """
    if sampling.temperature == 0:
        return logits.argmax(-1).tolist()
    chances = torch.softmax(logits.double() / sampling.temperature, dim=-1)
    chances, order = chances.sort(dim=-1, descending=True, stable=True)
    before = chances.cumsum(-1) - chances
    chances = chances.masked_fill(before >= sampling.top_p, 0)
    reached = chances.cumsum(-1)
    goal = reached[:, -1:] * torch.tensor(draws, dtype=torch.double, device=logits.device)[:, None]
    last = (chances > 0).sum(-1, keepdim=True) - 1  # rounding must not lead past the kept ones
    return order.gather(1, torch.minimum((reached <= goal).sum(-1, keepdim=True), last))[
        :, 0
    ].tolist()


@torch.inference_mode()
def stream(
    model,
    tokenizer,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    sampling: Sampling = GREEDY,
    seeds: list[int] | None = None,
) -> Iterator[Step]:
    """Run every thinker to its end and yield each token of its text, its opening included.

    `prompts` are token ids, one list per thinker: what stands before its opening. Closing the
    generator stops the work at that token; the thinkers keep what was written.
    """
    if not thinkers:
        return
    device, marks = model.device, thinkers[0].marks
    queues = [deque(token.id for token in thinker.opening) for thinker in thinkers]
    dice = [random.Random(seed) for seed in seeds or range(len(thinkers))]
    unused = range(len(tokenizer), model.config.vocab_size)  # embeddings without a token
    never = torch.tensor([*marks.control, *unused], dtype=torch.long, device=device)
    stop = torch.tensor(list(marks.stop), device=device)
    suppressed = list(suppressed_ids(tokenizer, sampling, marks))
    for row, thinker in enumerate(thinkers):
        yield from (Step(row, *token) for token in thinker.opening)
    rows = [i for i, thinker in enumerate(thinkers) if thinker.phase != "done"]
    ids, mask = left_pad([prompts[i] + list(queues[i]) for i in rows], device)
    for queue in queues:
        queue.clear()
    position = (mask.cumsum(-1) - 1).clamp(min=0)
    padded = not mask.all()
    cache = _cache(model.config)
    while True:
        logits = model(
            input_ids=ids,
            attention_mask=mask if padded else None,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        logits.index_fill_(1, never, -torch.inf)
        free = [i for i, row in enumerate(rows) if not queues[row]]
        while free:  # a second round only where an end was ignored and nothing appended
            for i in free:
                if thinkers[rows[i]].waited:
                    logits[i, stop] = -torch.inf
                if suppressed and thinkers[rows[i]].phase == "thinking":
                    logits[i, suppressed] = -torch.inf
            draws = [dice[rows[i]].random() for i in free]
            some = logits if len(free) == len(rows) else logits[free]
            for i, token in zip(free, choose(some, sampling, draws), strict=True):
                row = rows[i]
                for written in thinkers[row].push(token):
                    queues[row].append(written.id)
                    yield Step(row, *written)
            free = [i for i in free if not queues[rows[i]] and thinkers[rows[i]].phase != "done"]
        keep = [i for i, row in enumerate(rows) if thinkers[row].phase != "done"]
        if not keep:
            return
        if len(keep) < len(rows):
            index = torch.tensor(keep, device=device)
            cache.batch_select_indices(index)
            mask, position = mask[index], position[index]
            rows = [rows[i] for i in keep]
        width = min(len(queues[row]) for row in rows)  # forced strings go in together
        ids = torch.tensor(
            [[queues[r].popleft() for _ in range(width)] for r in rows], device=device
        )
        mask = torch.cat([mask, mask.new_ones(len(rows), width)], dim=1)
        position = position[:, -1:] + torch.arange(1, width + 1, device=device)


def run_batches(
    model,
    tokenizer,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    batch_size: int,
    progress: Callable | None = None,
    sampling: Sampling = GREEDY,
    seeds: list[int] | None = None,
) -> None:
    """Run all thinkers to their end in batches of prompts of like length."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for first in range(0, len(order), batch_size):
        some = order[first : first + batch_size]
        steps = stream(
            model,
            tokenizer,
            [prompts[i] for i in some],
            [thinkers[i] for i in some],
            sampling,
            [seeds[i] for i in some] if seeds else None,
        )
        deque(steps, maxlen=0)
        if progress:
            progress(first + len(some), len(order))


def answer_directly(
    model,
    tokenizer,
    questions: Iterable[str],
    batch_size: int = 128,
    progress: Callable | None = None,
    max_answer: int = 1024,
) -> list[Trace]:
    """Greedy answers without any thinking, in the model's ordinary chat format.

    Raises CourseError for a question that is empty or too long.
    """
    budget = Budget(max_thinking=0, max_answer=max_answer)
    jobs, marks, _ = prepare(tokenizer, questions, budget, model.config.max_position_embeddings)
    thinkers = [direct(job.budget, marks) for job in jobs]
    run_batches(model, tokenizer, [job.prompt for job in jobs], thinkers, batch_size, progress)
    return [
        Trace(j.question, None, tokenizer.decode(t.answer), 0, 0, False, [], [])
        for j, t in zip(jobs, thinkers, strict=True)
    ]


def think(
    model,
    tokenizer,
    questions: Iterable[str],
    budget: Budget,
    batch_size: int = 64,
    progress: Callable | None = None,
    sampling: Sampling = GREEDY,
    form: Format = S1,
) -> list[Trace]:
    """Thinking and answer for each question, under the budget.

    Raises CourseError or ValueError before any work if something cannot be used: see
    `s1lib.engines.common.prepare`.
    """
    context = model.config.max_position_embeddings
    jobs, marks, string = prepare(tokenizer, questions, budget, context, form)
    seeds = seeds_for(sampling, len(jobs))
    thinkers = [Thinker(job.budget, marks, string) for job in jobs]
    prompts = [job.prompt for job in jobs]
    run_batches(model, tokenizer, prompts, thinkers, batch_size, progress, sampling, seeds)
    return [trace_of(tokenizer, j.question, t) for j, t in zip(jobs, thinkers, strict=True)]


def rescore(
    model,
    tokenizer,
    traces: list[Trace],
    limit: int | None = None,
    waits: int | None = None,
    batch_size: int = 16,  # long prompts, short answers: small batches pad little
    max_answer: int = 1024,
    form: Format = S1,
) -> list[Trace]:
    """The answers these greedy traces would have led to under a smaller budget.

    Nothing is thought again (see `s1lib.engines.common.shortened`): only the answer is written,
    after a forced "Final Answer:" where the limit cuts.
    """
    marks = delimiters(tokenizer, form)
    prompts, thinkers = [], []
    for trace in traces:
        width = len(string_ids(tokenizer, trace.string, marks))
        ids, ends, stops = shortened(trace, width, limit, waits)
        budget = Budget(limit, string=trace.string, max_answer=max_answer)
        thinker = closed(budget, marks, ids, stops[-1])
        thinker.ends, thinker.stops = ends, stops
        prompts.append(prompt_ids(tokenizer, trace.question) + list(marks.think) + ids)
        thinkers.append(thinker)
    run_batches(model, tokenizer, prompts, thinkers, batch_size)
    return [trace_of(tokenizer, t.question, k) for t, k in zip(traces, thinkers, strict=True)]


def engine(path: str | Path, batch_size: int, max_answer: int) -> Engine:
    """The model in this folder, or of this hub name, run by transformers."""
    loaded = load(path)
    return Engine(
        think=partial(think, *loaded, batch_size=batch_size),
        rescore=partial(rescore, *loaded, max_answer=max_answer),
        direct=partial(answer_directly, *loaded, batch_size=batch_size, max_answer=max_answer),
    )
