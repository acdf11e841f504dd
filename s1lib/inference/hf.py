"""Budget forcing with transformers: one pass over a batch, its key-value cache kept.

Each row owns a `Thinker` and a queue of tokens to feed. At every step a row gets its next queued
token or, if it has none, a sampled one. Rows that are done leave the batch.
"""

import random
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Cache, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging

from s1lib.errors import CourseError
from s1lib.inference.budget import Budget, Format, Thinker, force_answer, without_thinking
from s1lib.inference.engine import (
    GREEDY,
    ProgressCallback,
    Sampling,
    Trace,
    marks_and_string,
    prefix_of,
    prepare,
    prompt_ids,
    seeds_for,
    suppressed_ids,
    trace_from,
    unused_ids,
)
from s1lib.inference.formats import choose_format
from s1lib.inference.model_folder import check_folder, load_weights
from s1lib.threads import is_tiny, one_thread, processes
from s1lib.workers import Workers

# Forward passes; below, a piece of work is over before another process would have started.
WORTH_SHARING = 1000


class RoomyLayer(DynamicLayer):
    """A cache layer with room to grow: a token is written in place, not by copying the cache."""

    keys: torch.Tensor
    values: torch.Tensor
    room: tuple[torch.Tensor, torch.Tensor]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
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

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep only these rows."""
        indices = indices.to(self.room[0].device)  # a model may lie on several GPUs
        end = self.keys.shape[-2]
        self.room = (self.room[0][indices], self.room[1][indices])
        self.keys, self.values = self.room[0][..., :end, :], self.room[1][..., :end, :]


def load(path: str | Path, form: Format | str | None = None) -> tuple[Any, Any]:
    """Load a model, in evaluation mode and the type it was saved in, and its tokenizer.

    `path` is a folder or a hub name; the model goes onto the GPU if there is one, also onto an
    Apple one. A CPU without fast bfloat16 gets float32. The format that the model will be run in,
    `form` or the one that is found, is checked before the weights are read.

    Raises CourseError if the folder is missing or damaged, the hub cannot be reached, the memory
    that is free does not hold the model, tensors are missing, or the format does not fit.
    """
    logging.disable_progress_bar()
    check_folder(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        choose_format(tokenizer, form)
        device, dtype = _place(path)
        model = load_weights(path, dtype=dtype, device_map=None if device == "cpu" else device)
    except CourseError:
        raise
    except Exception as error:  # safetensors, OSError, ValueError: all mean the same to a reader
        raise CourseError(
            f"cannot load a model from {path}: it is missing or damaged. Restore a shipped one "
            "with `git checkout -- data/`, or make it again; for a hub name check the name and "
            f"the network. ({type(error).__name__})"
        ) from None
    return model.eval(), tokenizer


def _place(path: str | Path) -> tuple[str, torch.dtype]:
    """Choose where a model goes and in which type, without loading its weights.

    Raises CourseError if they do not fit into the memory that is free there.
    """
    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    dtype = config.dtype or config.get_text_config().dtype or torch.float32
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    weights = sum(p.numel() for p in empty.parameters())
    device = "cpu"
    if torch.cuda.is_available():
        device = "cuda"
    elif torch.backends.mps.is_available() and weights > 50e6:  # a tiny model is faster without
        device = "mps"
    if device == "cpu" and (dtype == torch.float16 or not _fast_bfloat16()):
        dtype = torch.promote_types(dtype, torch.float32)
    need = weights * dtype.itemsize
    on_gpu = device == "cuda"
    free = torch.cuda.mem_get_info()[0] if on_gpu else psutil.virtual_memory().available
    if need > 0.9 * free:  # the rest is for the key-value cache
        raise CourseError(
            f"{path} is too large for this machine: its weights take {need / 1e9:.1f} GB and "
            f"{free / 1e9:.1f} GB of {'GPU ' * on_gpu}memory are free. Choose a smaller model, "
            "or a larger machine."
        )
    return device, dtype


def _fast_bfloat16() -> bool:
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16") or can.get("bf16"))


class Step(NamedTuple):
    """One token of one row; see `s1lib.inference.budget.Token`."""

    row: int
    id: int
    phase: str
    forced: bool


def _cache(config: Any) -> Cache:
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds == {"full_attention"}:
        return Cache(layers=[RoomyLayer() for _ in range(config.num_hidden_layers)])
    return DynamicCache(config=config)  # sliding windows and the like


def context_of(model: Any) -> int:
    """Return how many tokens a model can take."""
    return model.config.get_text_config().max_position_embeddings


def left_pad(rows: list[list[int]], device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad token ids on the left: ids and attention mask, both [rows, longest row]."""
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(r)) + r for r in rows], device=device)
    mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows], device=device)
    return ids, mask


def choose(logits: torch.Tensor, sampling: Sampling, draws: list[float]) -> list[int]:
    """Choose one token for each row of `logits` [rows, vocabulary].

    Sampling inverts the cumulative distribution of the tokens that `top_p` leaves at each row's
    own number in [0, 1) from `draws`, so that a row's choice needs nothing of its neighbours.
    """
    if sampling.temperature == 0:
        return logits.argmax(-1).tolist()
    if logits.device.type == "mps":  # which has no float64
        logits = logits.cpu()
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


def stream(
    model: Any,
    tokenizer: Any,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    sampling: Sampling = GREEDY,
    seeds: list[int] | None = None,
) -> Iterator[Step]:
    """Run every thinker to its end and yield each token of its text, its opening included.

    `prompts` are token ids, one list per thinker: what stands before its opening. Closing the
    generator stops the work at that token; the thinkers keep what was written. A tiny model on a
    CPU uses one thread meanwhile, and the caller as many as before.
    """
    steps = _steps(model, tokenizer, prompts, thinkers, sampling, seeds)
    few_threads = one_thread if is_tiny(model) else nullcontext
    with closing(steps):
        while True:
            with few_threads():
                step = next(steps, None)
            if step is None:
                return
            yield step


@torch.inference_mode()
def _steps(
    model: Any,
    tokenizer: Any,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    sampling: Sampling,
    seeds: list[int] | None,
) -> Generator[Step, None, None]:
    if not thinkers:
        return
    batch = _Batch(model, tokenizer, prompts, thinkers, sampling, seeds)
    for row, thinker in enumerate(thinkers):
        yield from (Step(row, *token) for token in thinker.opening)
    while batch.rows:
        logits = batch.forward()
        yield from batch.sample(logits)
        batch.drop_finished()
        batch.take_from_queues()


class _Batch:
    """The rows that are not done, what each is fed next, and the key-value cache they share.

    `rows` holds the rows' numbers in the caller's order. `ids` [rows, tokens] is what the model
    reads next, `mask` [rows, tokens so far] hides the padding on the left of short prompts, and
    `position` [rows, tokens] counts from each row's own first token.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        prompts: list[list[int]],
        thinkers: list[Thinker],
        sampling: Sampling,
        seeds: list[int] | None,
    ) -> None:
        marks, self.device = thinkers[0].marks, model.device
        unused = unused_ids(tokenizer, model.config.get_text_config().vocab_size)
        self.model, self.thinkers, self.sampling = model, thinkers, sampling
        self.never = torch.tensor([*marks.control, *unused], dtype=torch.long, device=self.device)
        self.stop = torch.tensor(list(marks.stop), device=self.device)
        self.suppressed = list(suppressed_ids(tokenizer, sampling, marks))
        # Each row has random numbers of its own, so that no row's choice depends on the others.
        self.dice = [random.Random(seed) for seed in seeds or range(len(thinkers))]
        self.queues: list[deque[int]] = [deque() for _ in thinkers]
        self.rows = [i for i, thinker in enumerate(thinkers) if thinker.phase != "done"]
        # The first forward pass reads each prompt and the forced opening behind it.
        openings = [[token.id for token in thinker.opening] for thinker in thinkers]
        self.ids, self.mask = left_pad([prompts[i] + openings[i] for i in self.rows], self.device)
        self.position = (self.mask.cumsum(-1) - 1).clamp(min=0)
        self.padded = not self.mask.all()
        self.cache = _cache(model.config.get_text_config())

    def forward(self) -> torch.Tensor:
        """Read `ids` and return the logits [rows, vocabulary] of each row's next token."""
        logits = self.model(
            input_ids=self.ids,
            attention_mask=self.mask if self.padded else None,
            position_ids=self.position,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        return logits.index_fill_(1, self.never, -torch.inf)

    def sample(self, logits: torch.Tensor) -> Iterator[Step]:
        """Choose a token for each row whose queue is empty, and queue what its thinker makes of it.

        A row with queued (forced) tokens is skipped: the model is still reading them.
        """
        free = [i for i, row in enumerate(self.rows) if not self.queues[row]]
        while free:  # a second round only where an end was ignored and nothing appended
            for i in free:
                if self.thinkers[self.rows[i]].waited:  # no stop right after a Wait
                    logits[i, self.stop] = -torch.inf
                if self.suppressed and self.thinkers[self.rows[i]].phase == "thinking":
                    logits[i, self.suppressed] = -torch.inf
            draws = [self.dice[self.rows[i]].random() for i in free]
            some = logits if len(free) == len(self.rows) else logits[free]
            for i, token in zip(free, choose(some, self.sampling, draws), strict=True):
                row = self.rows[i]
                for written in self.thinkers[row].push(token):
                    self.queues[row].append(written.id)
                    yield Step(row, *written)
            free = [i for i in free if not self.queues[self.rows[i]] and not self._done(i)]

    def _done(self, i: int) -> bool:
        return self.thinkers[self.rows[i]].phase == "done"

    def drop_finished(self) -> None:
        """Take the rows that are done out of the batch and out of the cache."""
        keep = [i for i in range(len(self.rows)) if not self._done(i)]
        if keep and len(keep) < len(self.rows):
            index = torch.tensor(keep, device=self.device)
            for layer in self.cache.layers:  # recurrent ones have only the second
                getattr(layer, "batch_select_indices", layer.reorder_cache)(index)
            self.mask, self.position = self.mask[index], self.position[index]
        self.rows = [self.rows[i] for i in keep]

    def take_from_queues(self) -> None:
        """Feed the next queued tokens: as many as every row has, so that forced strings go in
        together."""
        if not self.rows:
            return
        width = min(len(self.queues[row]) for row in self.rows)
        self.ids = torch.tensor(
            [[self.queues[row].popleft() for _ in range(width)] for row in self.rows],
            device=self.device,
        )
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.rows), width)], dim=1)
        self.position = self.position[:, -1:] + torch.arange(1, width + 1, device=self.device)


def run_batches(
    model: Any,
    tokenizer: Any,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    batch_size: int,
    progress: ProgressCallback | None = None,
    sampling: Sampling = GREEDY,
    seeds: list[int] | None = None,
    workers: Workers | None = None,
) -> None:
    """Run all thinkers to their end in batches of prompts of like length.

    `workers` that hold the same model take batches too, where that is worth it. Who computes a
    batch changes nothing in it.
    """
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    batches.reverse()  # the longest first, so that no process is left alone with one
    jobs = [
        (
            run_batch,
            [prompts[i] for i in some],
            [thinkers[i] for i in some],
            sampling,
            [seeds[i] for i in some] if seeds else None,
        )
        for some in batches
    ]
    passes = sum(max(map(most_passes, job[2])) for job in jobs)
    if workers is None or not (workers.running or passes >= WORTH_SHARING):
        workers = Workers(0, (model, tokenizer))
    done = 0
    for number, ended in workers.run(jobs):
        for i, thinker in zip(batches[number], ended, strict=True):
            thinkers[i] = thinker
        done += len(ended)
        if progress:
            progress(done, len(order))


def run_batch(
    model: Any,
    tokenizer: Any,
    prompts: list[list[int]],
    thinkers: list[Thinker],
    sampling: Sampling,
    seeds: list[int] | None,
) -> list[Thinker]:
    """Run the thinkers of one batch to their end, and return them: in another process than the
    caller's they are copies."""
    deque(stream(model, tokenizer, prompts, thinkers, sampling, seeds), maxlen=0)
    return thinkers


def most_passes(thinker: Thinker) -> int:
    """Return how many forward passes a sequence takes at most."""
    budget = thinker.budget
    thinking = (budget.max_thinking or 0) if thinker.phase == "thinking" else 0
    return thinking + budget.max_answer


def think(
    model: Any,
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    batch_size: int = 64,
    progress: ProgressCallback | None = None,
    sampling: Sampling = GREEDY,
    form: Format | str | None = None,
    workers: Workers | None = None,
) -> list[Trace]:
    """Write thinking and answer for each question, under the budget.

    `form` is how the model marks its thinking (None: found from its chat template). `workers`
    take a part of the batches (see `run_batches`).
    Raises CourseError or ValueError before any work if something cannot be used: see
    `s1lib.inference.engine.prepare`.
    """
    context = context_of(model)
    jobs, marks, string = prepare(tokenizer, questions, budget, context, form)
    seeds = seeds_for(sampling, len(jobs))
    thinkers = [Thinker(job.budget, marks, string) for job in jobs]
    prompts = [job.prompt for job in jobs]
    run_batches(model, tokenizer, prompts, thinkers, batch_size, progress, sampling, seeds, workers)
    return [trace_from(tokenizer, j.question, t) for j, t in zip(jobs, thinkers, strict=True)]


def answer_from_prefix(
    model: Any,
    tokenizer: Any,
    traces: list[Trace],
    limit: int | None = None,
    waits: int | None = None,
    batch_size: int = 16,  # long prompts, short answers: small batches pad little
    max_answer: int = 1024,
    form: Format | str | None = None,
    workers: Workers | None = None,
) -> list[Trace]:
    """Write the answers that these greedy traces lead to under a smaller budget.

    Nothing is thought again (see `s1lib.inference.engine.prefix_of`): only the answer is
    written, after a forced "Final Answer:" where the limit cuts.
    """
    form = choose_format(tokenizer, form)
    prompts, thinkers = [], []
    for trace in traces:
        marks, string = marks_and_string(tokenizer, form, trace.string)
        ids, ends, stops = prefix_of(trace, string, marks, limit, waits)
        budget = Budget(limit, string=trace.string, max_answer=max_answer)
        thinker = force_answer(budget, marks, ids, stops[-1])
        thinker.ends, thinker.stops = ends, stops
        prompts.append(prompt_ids(tokenizer, trace.question, form) + list(marks.think) + ids)
        thinkers.append(thinker)
    run_batches(model, tokenizer, prompts, thinkers, batch_size, workers=workers)
    return [trace_from(tokenizer, t.question, k) for t, k in zip(traces, thinkers, strict=True)]


def answer_directly(
    model: Any,
    tokenizer: Any,
    questions: Iterable[str],
    batch_size: int = 128,
    progress: ProgressCallback | None = None,
    max_answer: int = 1024,
    form: Format | str | None = None,
    workers: Workers | None = None,
) -> list[Trace]:
    """Answer greedily without any thinking, in the model's ordinary chat format.

    Raises CourseError for a question that is empty or too long.
    """
    budget = Budget(max_thinking=0, max_answer=max_answer)
    jobs, marks, _ = prepare(tokenizer, questions, budget, context_of(model), form, thinking=False)
    thinkers = [without_thinking(job.budget, marks) for job in jobs]
    prompts = [job.prompt for job in jobs]
    run_batches(model, tokenizer, prompts, thinkers, batch_size, progress, workers=workers)
    return [
        trace_from(tokenizer, job.question, thinker, thought=False)
        for job, thinker in zip(jobs, thinkers, strict=True)
    ]


@dataclass
class HFEngine:
    """An `Engine` that transformers runs."""

    model: Any
    tokenizer: Any
    batch_size: int = 64
    max_answer: int = 1024
    form: Format | str | None = None  # None: found from the model's chat template
    workers: Workers | None = None  # processes that hold the same model

    @classmethod
    def load(
        cls,
        path: str | Path,
        batch_size: int = 64,
        max_answer: int = 1024,
        form: Format | str | None = None,
        share: bool = False,
    ) -> Self:
        """Load the model in this folder, or of this hub name.

        With `share` a tiny model's batches are shared among as many processes as there are cores,
        until the engine is closed. Raises what `load` raises.
        """
        model, tokenizer = load(path, form)
        others = processes() - 1 if share and is_tiny(model) else 0
        workers = Workers(others, (model, tokenizer)) if others else None
        return cls(model, tokenizer, batch_size, max_answer, form, workers)

    def think(
        self,
        questions: Iterable[str],
        budget: Budget,
        progress: ProgressCallback | None = None,
        sampling: Sampling = GREEDY,
    ) -> list[Trace]:
        """Think about each question under the budget, and answer it."""
        return think(
            self.model,
            self.tokenizer,
            questions,
            budget,
            self.batch_size,
            progress,
            sampling,
            self.form,
            self.workers,
        )

    def answer_from_prefix(
        self, traces: list[Trace], limit: int | None = None, waits: int | None = None
    ) -> list[Trace]:
        """Write the answers that these greedy traces lead to under a smaller budget."""
        return answer_from_prefix(
            self.model,
            self.tokenizer,
            traces,
            limit,
            waits,
            max_answer=self.max_answer,
            form=self.form,
            workers=self.workers,
        )

    def answer_directly(
        self, questions: Iterable[str], progress: ProgressCallback | None = None
    ) -> list[Trace]:
        """Answer without any thinking, in the model's ordinary chat format."""
        return answer_directly(
            self.model,
            self.tokenizer,
            questions,
            self.batch_size,
            progress,
            self.max_answer,
            self.form,
            self.workers,
        )

    def close(self) -> None:
        """End the processes that share the work. The memory of the model is freed with the last
        reference to it."""
        if self.workers:
            self.workers.close()
