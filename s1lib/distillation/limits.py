"""What a run may cost and how fast it may ask: a spending cap, a rate limit, and retries."""

import asyncio
import random
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from s1lib.config import TeacherConfig
from s1lib.distillation.clients import Ask, PermanentError, Reply, RetryableError
from s1lib.errors import CourseError

MAX_WAIT = 60.0  # seconds between two tries


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

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """Return the price of so many tokens; 0 where no prices are known."""
        if self.prices is None:
            return 0.0
        return (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6

    def reserve(self, question: str) -> float | None:
        """Set the largest possible price of a try aside; None if the cap does not allow it."""
        # A token is a byte at least; the service adds a few of its own.
        most = self.price(len(question.encode()) + 64, self.teacher.max_output_tokens)
        if self.cap is not None and not self.spent + self.reserved + most <= self.cap:
            return None
        self.reserved += most
        return most

    def settle(self, reserved: float, spent: float) -> None:
        """Replace a try's reservation by what it cost."""
        self.reserved -= reserved
        self.spent += spent


@dataclass(frozen=True)
class RateLimiter:
    """Requests and tokens per minute that a service allows; None: no limit."""

    requests: AsyncLimiter | None
    tokens: AsyncLimiter | None
    expected: int  # tokens of output per request

    async def wait(self, question: str) -> None:
        """Wait until another request may be sent."""
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
) -> tuple[Reply | str, int]:
    """Ask until there is a reply, or a reason why there is none; also return the tries it took.

    The waits between tries double from `first_wait`, each shortened by a random part, so that
    requests that failed together do not come back together.
    Raises CapReached before a try that could pass the cap.
    """
    reason = ""
    for tries in range(1, teacher.tries + 1):
        await limiter.wait(question)
        reserved = cap.reserve(question)
        if reserved is None:
            raise CapReached
        cost = reserved  # of a try that is cut off here
        try:
            reply = await ask(question)
            written = reply.thinking_tokens + reply.answer_tokens
            if reply.prompt_tokens or written:  # a reply without counts is booked at the most
                cost = cap.price(reply.prompt_tokens, written)
            return reply, tries
        except PermanentError as error:
            cost = 0.0
            return str(error), tries
        except RetryableError as error:
            reason = str(error)
            cost = reserved if error.billed else 0.0
        finally:
            cap.settle(reserved, cost)
        if tries < teacher.tries:
            wait = min(MAX_WAIT, teacher.first_wait * 2 ** (tries - 1))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
    return f"{reason}, {teacher.tries} times", teacher.tries
