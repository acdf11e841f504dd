"""Distillation: ask a teacher every question of the pool and keep its thinking.

`python -m s1lib.distillation --profile laptop`; `--dry-run` says what it would cost. Every answer
and every failure is stored as it comes in (`s1lib.distillation.answer_store`): asked = answered +
failed, and a restart continues where the last run stopped.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from s1lib.commands import add_profile, profile_from
from s1lib.config import Profile, TeacherConfig
from s1lib.control_tokens import why_refused
from s1lib.distillation.answer_store import AnswerStore, TeacherResponse, request_id
from s1lib.distillation.clients import Ask, connect
from s1lib.distillation.hub_datasets import load_released
from s1lib.distillation.limits import (
    CapReached,
    CostCap,
    Pace,
    RateLimiter,
    ask_with_retries,
    rate_limiter_for,
)
from s1lib.distillation.replies import Reply
from s1lib.errors import CourseError
from s1lib.io import is_broken, is_course_file, locate, output, read_rows, write_rows
from s1lib.services.failures import MAY_PASS

MAX_QUESTION_CHARS = 100_000  # the longest question of the paper's pool has fewer
GRACE = 30.0  # seconds in which answers may still come in when an error ends a run


@dataclass
class Progress:
    """How far a run has come. `dollars` is None where the price is not known."""

    total: int
    done: int = 0
    failed: int = 0
    asked_now: int = 0
    began: float = 0.0
    dollars: float | None = None
    stopped: str | None = None  # why questions were left unasked, or no request was answered
    pace: Pace = field(default_factory=Pace)

    @property
    def seconds_left(self) -> float:
        """Seconds left at the pace so far."""
        if not self.asked_now:
            return float("inf")
        return (time.monotonic() - self.began) / self.asked_now * (self.total - self.done)

    def __str__(self) -> str:
        left = f", {self.seconds_left:.0f} s left" if self.asked_now else ""
        money = "" if self.dollars is None else f", ${self.dollars:.2f} spent"
        slow = ""
        if self.pace.seconds >= 0.5:
            slow = f", waiting {self.pace.seconds:.0f} s: the service limits the rate"
        elif self.pace.gap:
            slow = f", slowed to {60 / self.pace.gap:,.0f} requests a minute by the service"
        count = f"{self.done:,} of {self.total:,} questions, {self.failed:,} failed"
        return f"{count}{left}{money}{slow}"


def stored_text(question: object) -> str:
    """Return what stands for a question in the store: itself, or a mark of what is no text."""
    return question if isinstance(question, str) else f"<{type(question).__name__} {question!r}>"


def why_unaskable(question: object) -> str | None:
    """Say why a question cannot be asked; None if it can."""
    if not isinstance(question, str):
        return f"the question is no text but {type(question).__name__}"
    if not question.strip():
        return "the question is empty"
    if len(question) > MAX_QUESTION_CHARS:
        return (
            f"the question has {len(question):,} characters, "
            f"at most {MAX_QUESTION_CHARS:,} are asked"
        )
    if is_broken(question):
        return "the question holds broken unicode"
    reason = why_refused(question)  # it would be a training row
    return f"the question {reason}" if reason else None


def response_from(
    teacher: TeacherConfig, question: object, reply: Reply, tries: int = 0
) -> TeacherResponse:
    """Make the record to store of a reply."""
    text = stored_text(question)
    return TeacherResponse(
        id=request_id(teacher.model, text, teacher.parameters),
        question=text.encode(errors="replace").decode()[:MAX_QUESTION_CHARS],
        teacher=teacher.model,
        asked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        parameters=json.dumps(teacher.parameters, sort_keys=True),
        thinking=reply.thinking,
        thinking_kind=reply.thinking_kind if reply.thinking else None,
        attempt=reply.attempt,
        failure=reply.failure,
        finish_reason=reply.finish_reason,
        prompt_tokens=reply.prompt_tokens or 0,
        thinking_tokens=reply.thinking_tokens or 0,
        answer_tokens=reply.answer_tokens or 0,
        tries=tries,
        may_pass=int(reply.failure_kind in MAY_PASS),
    )


async def distill(
    teacher: TeacherConfig,
    questions: Iterable[str],
    store: AnswerStore,
    report: Callable[[Progress], None] | None = None,
    cap: float | None = None,
    retry_failed: bool = False,
) -> tuple[dict[str, TeacherResponse], Progress]:
    """Ask every question that the store does not hold yet, each once.

    A question that failed for a reason that may pass, such as a connection that broke, is asked
    again; one that the teacher refused is not, unless `retry_failed` is set.

    `report` is called after every question and when the service slows the pace, `cap` is a
    spending limit in dollars for this run. Returns the responses by question, and how far the run
    came; its `stopped` says why questions were left, or that no request was answered.
    Raises CourseError if the key or a setting is refused (what is stored stays), or before any
    work for a question that is a list or the like.
    """
    questions = list(questions)
    for number, question in enumerate(questions):
        if not isinstance(question, Hashable):
            raise CourseError(f"question {number} is no text but {type(question).__name__}.")

    # What the store holds already is not asked again.
    ids = {q: request_id(teacher.model, stored_text(q), teacher.parameters) for q in questions}
    stored = store.get(ids.values())
    done = {q: stored[i] for q, i in ids.items() if i in stored}
    todo = [
        q for q in ids if q not in done or (done[q].failure and (retry_failed or done[q].may_pass))
    ]

    cost = CostCap(teacher, cap)
    progress = Progress(len(ids), len(ids) - len(todo), began=time.monotonic())
    progress.failed = sum(bool(done[q].failure) for q in ids.keys() - set(todo))
    progress.dollars = 0.0 if cost.prices else None
    if todo:
        limiter = rate_limiter_for(teacher)
        progress.pace = limiter.pace
        run = _Run(teacher, store, done, cost, limiter, progress, report)
        await run.ask_all(todo)
    return {q: done[q] for q in ids if q in done}, progress


@dataclass
class _Run:
    """The questions of one run that are being asked, by several workers at once."""

    teacher: TeacherConfig
    store: AnswerStore
    done: dict[str, TeacherResponse]
    cap: CostCap
    limiter: RateLimiter
    progress: Progress
    report: Callable[[Progress], None] | None

    outcomes: Counter[str] = field(default_factory=Counter)  # of the requests: kinds of failure
    reasons: Counter[str] = field(default_factory=Counter)
    hopeless: int = 0  # requests in a row that met no service, or one that is closed for long
    over: bool = False

    async def ask_all(self, questions: list[str]) -> None:
        """Ask these questions; raise the CourseError of a worker, after the others have ended."""
        if (report := self.report) is not None:
            self.limiter.pace.report = lambda: report(self.progress)
        queue = iter(questions)  # one iterator for all workers: each question is taken once
        async with connect(self.teacher) as ask:
            workers = [
                asyncio.create_task(self.work(ask, queue))
                for _ in range(min(self.teacher.concurrency, len(questions)))
            ]
            try:
                _, going = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
                self.over = True
                if going:  # one has failed: what the others are being answered is paid for
                    await asyncio.wait(going, timeout=GRACE)
            finally:
                for worker in workers:
                    worker.cancel()
                ends = await asyncio.gather(*workers, return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):
                raise error
        self.progress.stopped = self.progress.stopped or self.why_unanswered()

    async def work(self, ask: Ask, queue: Iterator[str]) -> None:
        """Take questions from the queue until it is empty or the run is over."""
        for question in queue:
            if reason := why_unaskable(question):
                await self.finish(question, Reply.failed(reason))
                continue
            try:
                reply, tries = await ask_with_retries(
                    ask, question, self.teacher, self.limiter, self.cap
                )
            except CapReached:
                self.progress.stopped = (
                    f"the cap of ${self.cap.cap:.2f} leaves no room for another request"
                )
                self.progress.dollars = self.cap.spent
                return
            self.count(reply)
            await self.finish(question, reply, tries)
            if self.over or self.progress.stopped:
                return

    def count(self, reply: Reply) -> None:
        """Count a request's end; stop the run where no other can end better."""
        kind = reply.failure_kind
        self.outcomes[kind or "answered"] += 1
        if reply.failure:
            self.reasons[reply.failure] += 1
        self.hopeless = self.hopeless + 1 if kind in ("unreachable", "busy") else 0
        if self.hopeless >= self.teacher.concurrency:
            self.progress.stopped = self.why_hopeless(reply)

    def why_hopeless(self, reply: Reply) -> str:
        """Say why asking on is of no use."""
        if reply.failure_kind == "busy":
            return f"the teacher's rate limit does not pass ({reply.failure})"
        return f"the teacher cannot be reached ({reply.failure})"

    def why_unanswered(self) -> str | None:
        """Say what went wrong with a run as a whole; None if it did its work."""
        asked = self.outcomes.total()
        passing = sum(self.outcomes[kind] for kind in MAY_PASS)
        if not asked or not self.reasons:
            return None
        often = self.reasons.most_common(1)[0][0]
        if not self.outcomes["answered"]:
            return f"none of {asked:,} requests was answered; the reason most often: {often}"
        if self.hopeless:
            return f"the teacher was lost: the last of {asked:,} requests failed ({often})"
        if 2 * passing > asked:
            return f"{passing:,} of {asked:,} requests failed; the reason most often: {often}"
        return None

    async def finish(self, question: str, reply: Reply, tries: int = 0) -> None:
        """Store a response at once, and report it."""
        response = response_from(self.teacher, question, reply, tries)
        await asyncio.to_thread(self.store.add, response)  # it may wait for a lock
        self.done[question] = response
        self.progress.done += 1
        self.progress.asked_now += 1
        self.progress.failed += response.failure is not None
        if self.cap.prices:
            self.progress.dollars = self.cap.spent
        if self.report:
            self.report(self.progress)


def dry_run(teacher: TeacherConfig, questions: Iterable[str]) -> dict[str, float | None]:
    """Estimate what asking all questions would take, before anything is asked.

    Requests, expected tokens, minutes at the service's pace, and dollars (None where the price is
    not known): as expected, and if each first try wrote as much as it may.
    """
    questions = list(dict.fromkeys(q for q in questions if not why_unaskable(q)))
    tokens_in = sum(len(q) for q in questions) // 4
    tokens_out = len(questions) * teacher.expected_tokens
    minutes = [0.0]
    if teacher.requests_per_minute:
        minutes.append(len(questions) / teacher.requests_per_minute)
    if teacher.tokens_per_minute:
        minutes.append((tokens_in + tokens_out) / teacher.tokens_per_minute)
    cap = CostCap(teacher, None)
    most = sum(map(cap.most, questions))
    return {
        "requests": len(questions),
        "tokens in": tokens_in,
        "tokens out": tokens_out,
        "minutes at least": round(max(minutes), 1),
        "dollars expected": round(cap.price(tokens_in, tokens_out), 2) if cap.prices else None,
        "dollars at most, one try each": round(most, 2) if cap.prices else None,
    }


def provenance(response: TeacherResponse) -> dict[str, Any]:
    """Return where a trace comes from: teacher, request, time and tokens."""
    return {
        "teacher": response.teacher,
        "request": response.id,
        "asked_at": response.asked_at,
        "thinking_kind": response.thinking_kind,
        "thinking_tokens": response.thinking_tokens,
        "answer_tokens": response.answer_tokens,
    }


def join(pool: list[dict], responses: dict[str, TeacherResponse]) -> list[dict]:
    """Add the teacher's words to the pool: s1's columns `thinking_trajectories` and `attempt`.

    The column `provenance` says where they come from.
    """
    rows = []
    for row in pool:
        response = responses.get(row.get("question", ""))
        if response is None or response.failure:
            rows.append(row | {"thinking_trajectories": None, "attempt": None})
            continue
        rows.append(
            row
            | {
                "thinking_trajectories": [response.thinking] if response.thinking else None,
                "attempt": response.attempt,
                "provenance": provenance(response),
            }
        )
    return rows


def load_pool(profile: Profile) -> list[dict]:
    """Load the pool, or the first questions of it if the profile asks for fewer.

    Of a released set only the questions are taken: the answers are the teacher's.
    """
    if is_course_file(profile.pool):
        rows = read_rows(locate(profile.pool))
    else:
        rows = load_released(profile.pool, traces=False)
    return rows[: profile.pool_questions or None]


def main() -> None:
    """Ask a teacher every question of the pool and keep its thinking."""
    parser = argparse.ArgumentParser(prog="s1 distill", description=main.__doc__)
    add_profile(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what it would take")
    parser.add_argument("--cap", type=float, help="spend at most so many dollars")
    parser.add_argument(
        "--retry-failed", action="store_true", help="ask those again that were refused, too"
    )
    args = parser.parse_args()
    profile = profile_from(args)
    pool = load_pool(profile)
    questions = [row.get("question", "") for row in pool]
    if args.dry_run:
        for name, value in dry_run(profile.teacher, questions).items():
            print(f"{name:30} {'the profile has no price' if value is None else f'{value:,}'}")
        return
    last = 0.0

    def report(state: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > 1 or state.done == state.total or state.pace.seconds > 1:
            last = time.monotonic()
            print(state, flush=True)

    with AnswerStore(output("answers.db")) as store:
        responses, state = asyncio.run(
            distill(profile.teacher, questions, store, report, args.cap, args.retry_failed)
        )
    failed = sum(r.failure is not None for r in responses.values())
    print(f"asked {len(responses):,} = answered {len(responses) - failed:,} + failed {failed:,}")
    write_rows(output("traces.jsonl"), join(pool, responses))
    passing = sum(r.may_pass for r in responses.values())
    if state.stopped:
        left = len(set(questions)) - len(responses) + passing
        raise CourseError(f"{state.stopped}: {left:,} questions are left; run again to go on.")
    if passing:
        print(f"{passing:,} failed for reasons that may pass: run again to ask them once more")
