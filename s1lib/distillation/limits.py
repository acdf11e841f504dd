"""What a run may cost and how fast it may ask: a spending cap, a rate limit, and retries."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

from s1lib.config import TeacherConfig
from s1lib.distillation.clients import Ask
from s1lib.distillation.replies import Reply
from s1lib.errors import CourseError
from s1lib.services.failures import ServiceError

MAX_WAIT = 60.0  # seconds between two tries, where the service asks for no more
PATIENCE = 10  # a question waits so many of the teacher's timeouts for a rate limit to pass
FIRST_GAP, MAX_GAP = 0.05, 1.0  # seconds between two requests after a "too many requests"


class CostCap:
    """A spending cap that is never passed: each try reserves its largest possible price.

    `spent` counts what was used, and the whole reservation where a failed try may have been
    charged. All amounts are dollars.
    """

    def __init__(self, teacher: TeacherConfig, cap: float | None) -> None:
        """Start with nothing spent. Raises CourseError for a cap without prices."""
        self.prices = None
        if teacher.price_in is not None and teacher.price_out is not None:
            self.prices = teacher.price_in, teacher.price_out
        if cap is not None and self.prices is None:
            raise CourseError(
                "a spending cap needs the price: put price_in and price_out, in dollars per "
                "million tokens, into the profile's [teacher]."
            )
        self.teacher, self.cap = teacher, cap
        self.spent, self.reserved = 0.0, 0.0
        self.in_flight = 0
        self.settled = asyncio.Condition()

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """Return the price of so many tokens; 0 where no prices are known."""
        if self.prices is None:
            return 0.0
        return (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6

    def most(self, question: str) -> float:
        """Return the largest possible price of a try."""
        # A token is a byte at least; the service adds a few of its own.
        return self.price(len(question.encode()) + 64, self.teacher.max_output_tokens)

    async def reserve(self, question: str) -> float:
        """Set the largest possible price of a try aside.

        Where the reservations of requests in flight leave no room, wait until they are settled:
        most cost less. Raises CapReached if the cap does not allow the try.
        """
        most = self.most(question)
        async with self.settled:
            while self.cap is not None and not self.spent + self.reserved + most <= self.cap:
                if not self.in_flight:
                    raise CapReached
                await self.settled.wait()
            self.reserved += most
            self.in_flight += 1
        return most

    async def settle(self, reserved: float, spent: float) -> None:
        """Replace a try's reservation by what it cost, which is never more."""
        async with self.settled:
            self.in_flight -= 1
            self.reserved = self.reserved - reserved if self.in_flight else 0.0
            self.spent += min(max(spent, 0.0), reserved)
            self.settled.notify_all()


@dataclass
class Pace:
    """The pace that a service's refusals have taught, one for all requests.

    After "too many requests" none is sent before the time that the service asked for, and then one
    every `gap` seconds. The gap doubles with each refusal, and shrinks with each answer.
    """

    report: Callable[[], object] = lambda: None  # is called when the pace slows down
    free_at: float = 0.0  # by time.monotonic()
    gap: float = 0.0
    slowed_at: float = 0.0

    @property
    def seconds(self) -> float:
        """How long no request is sent."""
        return max(0.0, self.free_at - time.monotonic())

    async def wait(self) -> None:
        """Wait until another request may be sent."""
        while (seconds := self.seconds) > 0:
            await asyncio.sleep(seconds)
        self.free_at = time.monotonic() + self.gap

    def refused(self, sent_at: float, asked: float | None) -> None:
        """Slow down: the service refused a request of `sent_at`, and asked to wait so long."""
        now = time.monotonic()
        first = sent_at >= self.slowed_at  # requests that were refused together count once
        if first:
            self.gap = min(MAX_GAP, max(2 * self.gap, FIRST_GAP))
            self.slowed_at = now
        until = now + (self.gap if asked is None else asked)
        longer, self.free_at = until > self.free_at, max(until, self.free_at)
        if first or longer:
            self.report()

    def answered(self) -> None:
        """Go a little faster."""
        self.gap = 0.8 * self.gap if self.gap > FIRST_GAP / 10 else 0.0


@dataclass(frozen=True)
class RateLimiter:
    """Requests and tokens per minute that a service allows; None: no limit."""

    requests: AsyncLimiter | None
    tokens: AsyncLimiter | None
    expected: int  # tokens of output per request
    pace: Pace = field(default_factory=Pace)

    async def wait(self, question: str) -> None:
        """Wait until another request may be sent."""
        await self.pace.wait()
        if self.requests:
            await self.requests.acquire()
        if self.tokens:
            tokens: float = len(question) // 4 + self.expected
            while tokens > 0:  # more than a minute's worth is acquired in parts
                part = min(tokens, self.tokens.max_rate)
                await self.tokens.acquire(part)
                tokens -= part


def per_minute(limit: int | None) -> AsyncLimiter | None:
    """Return a limiter that never allows more than `limit` in any minute.

    A tenth may come at once; the rest is spread out evenly.
    """
    if not limit:
        return None
    at_once = max(1, limit // 10)
    spread = max(limit - at_once, 1)
    return AsyncLimiter(at_once, 60 * at_once / spread)


def rate_limiter_for(teacher: TeacherConfig) -> RateLimiter:
    """Return the limiter of this teacher's service."""
    limits = per_minute(teacher.requests_per_minute), per_minute(teacher.tokens_per_minute)
    return RateLimiter(*limits, teacher.expected_tokens)


class CapReached(Exception):
    """The cap leaves no room for another try."""


async def ask_with_retries(
    ask: Ask, question: str, teacher: TeacherConfig, limiter: RateLimiter, cap: CostCap
) -> tuple[Reply, int]:
    """Ask until there is an answer, or a failure with its reason; also return the tries it took.

    The waits between tries double from `first_wait`, each shortened by a random part, so that
    requests that failed together do not come back together. "Too many requests" is no failure: it
    slows all requests down, and the question waits its turn.
    Raises CapReached before a try that could pass the cap.
    """
    tries = failures = 0
    patience = None  # until when a rate limit is waited for
    while True:
        await limiter.wait(question)
        reserved = await cap.reserve(question)
        cost = reserved  # of a try that is cut off here
        tries, sent_at = tries + 1, time.monotonic()
        try:
            reply = await ask(question)
            if reply.prompt_tokens is not None and reply.written_tokens is not None:
                cost = cap.price(reply.prompt_tokens, reply.written_tokens)
            limiter.pace.answered()
            return reply, tries
        except ServiceError as error:
            failure = error
            cost = reserved if error.billed else 0.0
        finally:
            await cap.settle(reserved, cost)

        if failure.kind in ("row", "settings"):
            return Reply.failed(str(failure), "row"), tries
        wait = min(MAX_WAIT, teacher.first_wait * 2 ** min(tries - 1, 20))
        wait = max(wait * random.uniform(0.5, 1.0), failure.wait or 0.0)
        if failure.kind == "busy":
            patience = patience or sent_at + PATIENCE * teacher.timeout
            if time.monotonic() + wait > patience:
                asked = f", asked to wait {failure.wait:,.0f} s" if failure.wait else ""
                return Reply.failed(f"{failure}{asked}, {tries} times", "busy"), tries
            limiter.pace.refused(sent_at, failure.wait)
        else:
            failures += 1
            if failures >= teacher.tries:
                return Reply.failed(f"{failure}, {tries} times", failure.kind), tries
            wait = min(wait, MAX_WAIT)
        await asyncio.sleep(wait)
