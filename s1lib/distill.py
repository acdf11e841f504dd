"""Distillation: ask a teacher every question of the pool and keep its thinking.

`python -m s1lib.distill --profile laptop`; `--dry-run` says what it would cost. Every answer and
every failure is stored as it comes in (`s1lib.answers`): asked = answered + failed, and a restart
goes on where it stopped.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiolimiter import AsyncLimiter

from s1lib.answers import Answers, Record, request_id
from s1lib.profile import EMBEDDED, Profile, Service, load_profile
from s1lib.released import load_released
from s1lib.store import CourseError, command, is_broken, locate, output, read_rows, write_rows
from s1lib.teachers import Ask, Refused, Reply, TryAgain, connect
from s1lib.world.server import Faults

LONGEST = 100_000  # characters of a question; the longest of the paper's pool has fewer
MOST_WAIT = 60.0  # seconds between two tries


@dataclass
class Progress:
    """How far a run has come. `dollars` is None where the price is not known."""

    total: int
    done: int = 0
    failed: int = 0
    asked_now: int = 0
    began: float = 0.0
    dollars: float | None = None
    stopped: str | None = None  # why questions were left unasked

    @property
    def seconds_left(self) -> float:
        """At the pace so far."""
        if not self.asked_now:
            return float("inf")
        return (time.monotonic() - self.began) / self.asked_now * (self.total - self.done)

    def __str__(self) -> str:
        left = f", {self.seconds_left:.0f} s left" if self.asked_now else ""
        money = "" if self.dollars is None else f", ${self.dollars:.2f} spent"
        return f"{self.done:,} of {self.total:,} questions, {self.failed:,} failed{left}{money}"


class Purse:
    """A spending cap that is never passed: each try reserves its largest possible price.

    `spent` counts what was used, and the whole reservation where a failed try may have been
    charged.
    """

    def __init__(self, service: Service, cap: float | None) -> None:
        """Raises CourseError for a cap without prices."""
        self.known = service.price_in is not None and service.price_out is not None
        if cap is not None and not self.known:
            raise CourseError(
                "a spending cap needs the price: put price_in and price_out, in dollars per "
                "million tokens, into the profile's [teacher]."
            )
        self.service, self.cap, self.spent, self.reserved = service, cap, 0.0, 0.0

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """Dollars."""
        if not self.known:
            return 0.0
        return (tokens_in * self.service.price_in + tokens_out * self.service.price_out) / 1e6

    def reserve(self, question: str) -> float | None:
        """Set the largest possible price of a try aside; None if the cap does not allow it."""
        # A token is a byte at least; the service adds a few of its own.
        most = self.price(len(question.encode()) + 64, self.service.max_output_tokens)
        if self.cap is not None and not self.spent + self.reserved + most <= self.cap:
            return None
        self.reserved += most
        return most

    def settle(self, reserved: float, spent: float) -> None:
        """A try is over and cost this."""
        self.reserved -= reserved
        self.spent += spent


@dataclass(frozen=True)
class Pace:
    """Requests and tokens per minute that a service allows."""

    requests: AsyncLimiter | None
    tokens: AsyncLimiter | None
    expected: int

    async def wait(self, question: str) -> None:
        """Until another request may be sent."""
        if self.requests:
            await self.requests.acquire()
        if self.tokens:
            tokens = len(question) // 4 + self.expected
            while tokens > 0:
                part = min(tokens, self.tokens.max_rate)
                await self.tokens.acquire(part)
                tokens -= part


def limiter(per_minute: int | None) -> AsyncLimiter | None:
    """Never more than `per_minute` in any minute: a tenth may come at once, the rest drips."""
    if not per_minute:
        return None
    at_once = max(1, per_minute // 10)
    dripping = max(per_minute - at_once, 1)
    return AsyncLimiter(at_once, 60 * at_once / dripping)


def pace_of(service: Service) -> Pace:
    """The pace of this service."""
    limits = limiter(service.requests_per_minute), limiter(service.tokens_per_minute)
    return Pace(*limits, service.expected_tokens)


def text_of(question: object) -> str:
    """What stands for a question in the store: itself, or a mark of what is no text."""
    return question if isinstance(question, str) else f"<{type(question).__name__} {question!r}>"


def unusable(question: object) -> str | None:
    """Why a question cannot be asked; None if it can."""
    if not isinstance(question, str):
        return f"the question is no text but {type(question).__name__}"
    if not question.strip():
        return "the question is empty"
    if len(question) > LONGEST:
        return f"the question has {len(question):,} characters, at most {LONGEST:,} are asked"
    return "the question holds broken unicode" if is_broken(question) else None


class CapReached(Exception):
    """The cap leaves no room for another try."""


async def persist(
    ask: Ask, question: str, service: Service, pace: Pace, purse: Purse
) -> tuple[Reply | str, int]:
    """Ask until there is a reply, or a reason why there is none; and the number of tries.

    The waits between tries grow twofold from `first_wait`, each by a random part, so that
    requests that failed together do not come back together.
    Raises CapReached before a try that could pass the cap.
    """
    reason = ""
    for tries in range(1, service.tries + 1):
        await pace.wait(question)
        reserved = purse.reserve(question)
        if reserved is None:
            raise CapReached
        cost = reserved  # of a try that is cut off here
        try:
            reply = await ask(question)
            written = reply.thinking_tokens + reply.answer_tokens
            if reply.prompt_tokens or written:  # a reply that does not tell counts as the most
                cost = purse.price(reply.prompt_tokens, written)
            return reply, tries
        except Refused as error:
            cost = 0.0
            return str(error), tries
        except TryAgain as error:
            reason = str(error)
            cost = reserved if error.billed else 0.0
        finally:
            purse.settle(reserved, cost)
        if tries < service.tries:
            wait = min(MOST_WAIT, service.first_wait * 2 ** (tries - 1))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
    return f"{reason}, {service.tries} times", service.tries


def record_of(service: Service, question: object, outcome: Reply | str, tries: int = 0) -> Record:
    """What is stored of an outcome."""
    text = text_of(question)
    reply = outcome if isinstance(outcome, Reply) else Reply(*[None] * 3, outcome, None, 0, 0, 0)
    return Record(
        id=request_id(service.model, text, service.parameters),
        question=text.encode(errors="replace").decode()[:LONGEST],
        teacher=service.model,
        asked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        parameters=json.dumps(service.parameters, sort_keys=True),
        thinking=reply.thinking,
        thinking_kind=reply.thinking_kind if reply.thinking else None,
        attempt=reply.attempt,
        failure=reply.failure,
        finish_reason=reply.finish_reason,
        prompt_tokens=reply.prompt_tokens,
        thinking_tokens=reply.thinking_tokens,
        answer_tokens=reply.answer_tokens,
        tries=tries,
    )


async def distill(
    service: Service,
    questions: Iterable[str],
    store: Answers,
    report: Callable[[Progress], None] | None = None,
    cap: float | None = None,
    retry_failed: bool = False,
    faults: Faults | None = None,
) -> tuple[dict[str, Record], Progress]:
    """Ask every question that the store does not hold yet, each once.

    `report` is told of every question that is done, `cap` is a spending limit in dollars for
    this run, `retry_failed` asks those again that failed before, `faults` befall the embedded
    teacher. Returns the records by question, and how far the run came: all questions, unless
    the cap stopped it. Raises CourseError if the key is refused (what is stored stays), or
    before any work for a question that is a list or the like.
    """
    questions = list(questions)
    for number, question in enumerate(questions):
        if not isinstance(question, Hashable):
            raise CourseError(f"question {number} is no text but {type(question).__name__}.")
    ids = {q: request_id(service.model, text_of(q), service.parameters) for q in questions}
    known = store.get(ids.values())
    done = {q: known[i] for q, i in ids.items() if i in known}
    todo = [q for q in ids if q not in done or (retry_failed and done[q].failure)]
    asking = set(todo)
    purse, pace = Purse(service, cap), pace_of(service)
    state = Progress(len(ids), len(ids) - len(todo), began=time.monotonic())
    state.failed = sum(bool(done[q].failure) for q in ids if q not in asking)
    state.dollars = 0.0 if purse.known else None
    waiting = iter(todo)

    def finish(question: str, record: Record) -> None:
        store.add(record)
        done[question] = record
        state.done, state.asked_now = state.done + 1, state.asked_now + 1
        state.failed += record.failure is not None
        if purse.known:
            state.dollars = purse.spent
        if report:
            report(state)

    async def work(ask: Ask) -> None:
        for question in waiting:  # one iterator for all workers
            if reason := unusable(question):
                finish(question, record_of(service, question, reason))
                continue
            try:
                outcome, tries = await persist(ask, question, service, pace, purse)
            except CapReached:
                state.stopped = f"the cap of ${cap:.2f} leaves no room for another request"
                state.dollars = purse.spent
                return
            finish(question, record_of(service, question, outcome, tries))

    if todo:
        async with connect(service, faults) as ask:
            try:
                async with asyncio.TaskGroup() as workers:
                    for _ in range(min(service.concurrency, len(todo))):
                        workers.create_task(work(ask))
            except* CourseError as group:
                raise group.exceptions[0] from None
    return {q: done[q] for q in ids if q in done}, state


def dry_run(service: Service, questions: Iterable[str]) -> dict:
    """What asking all questions would take, before anything is asked.

    Requests, expected tokens, minutes at the service's pace, and dollars (None where the price is
    not known): as expected, and if each first try wrote as much as it may.
    """
    questions = list(dict.fromkeys(q for q in questions if not unusable(q)))
    tokens_in = sum(len(q) for q in questions) // 4
    tokens_out = len(questions) * service.expected_tokens
    minutes = [0.0]
    if service.requests_per_minute:
        minutes.append(len(questions) / service.requests_per_minute)
    if service.tokens_per_minute:
        minutes.append((tokens_in + tokens_out) / service.tokens_per_minute)
    purse = Purse(service, None)
    most = sum(purse.reserve(q) or 0.0 for q in questions)
    return {
        "requests": len(questions),
        "tokens in": tokens_in,
        "tokens out": tokens_out,
        "minutes at least": round(max(minutes), 1),
        "dollars expected": round(purse.price(tokens_in, tokens_out), 2) if purse.known else None,
        "dollars at most, one try each": round(most, 2) if purse.known else None,
    }


def join(pool: list[dict], records: dict[str, Record]) -> list[dict]:
    """The pool with the teacher's words: s1's columns `thinking_trajectories` and `attempt`."""
    rows = []
    for row in pool:
        record = records.get(row.get("question"))
        thinking = record.thinking if record and not record.failure else None
        attempt = record.attempt if record and not record.failure else None
        told = {"thinking_trajectories": [thinking] if thinking else None, "attempt": attempt}
        rows.append(row | told)
    return rows


def load_pool(profile: Profile) -> list[dict]:
    """The pool, or the first questions of it if the profile asks for fewer.

    A released set lends its questions only: the answers are the teacher's.
    """
    if profile.pool == EMBEDDED:
        rows = read_rows(locate("pool.jsonl"))
    else:
        untold = {"thinking_trajectories": None, "attempt": None}
        rows = [row | untold for row in load_released(profile.pool)]
    return rows[: profile.pool_questions or None]


def main() -> None:
    """Distil the pool."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    parser.add_argument("--dry-run", action="store_true", help="only say what it would take")
    parser.add_argument("--cap", type=float, help="spend at most so many dollars")
    parser.add_argument("--retry-failed", action="store_true", help="ask those again that failed")
    args = parser.parse_args()
    profile = load_profile(args.profile)
    pool = load_pool(profile)
    questions = [row.get("question") for row in pool]
    if args.dry_run:
        for name, value in dry_run(profile.teacher, questions).items():
            print(f"{name:30} {'the profile has no price' if value is None else f'{value:,}'}")
        return
    last = 0.0

    def report(state: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > 1 or state.done == state.total:
            last = time.monotonic()
            print(state, flush=True)

    with Answers(output("answers.db")) as store:
        records, state = asyncio.run(
            distill(profile.teacher, questions, store, report, args.cap, args.retry_failed)
        )
    failed = sum(r.failure is not None for r in records.values())
    print(f"asked {len(records):,} = answered {len(records) - failed:,} + failed {failed:,}")
    write_rows(output("traces.jsonl"), join(pool, records))
    if state.stopped:
        left = len(set(questions)) - len(records)
        raise CourseError(f"{state.stopped}: {left:,} questions are left; run again to go on.")


if __name__ == "__main__":
    command(main)
