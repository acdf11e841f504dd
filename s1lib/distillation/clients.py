"""Teachers: who is asked, through which client, and what can go wrong.

Three kinds of service: Gemini, through the real `google-genai` client, any OpenAI-compatible
server, and the replay of a released set, which needs neither key nor money. The toy world's
teacher is a Gemini service at an address on this machine, so that a laptop runs the same code that
talks to the real one.
"""

import importlib
import importlib.util
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from getpass import getpass
from typing import Any, Self

import openai
from google import genai
from google.genai import errors, types

from s1lib.chat import thinking_text
from s1lib.config import TeacherConfig
from s1lib.distillation.hub_datasets import load_released
from s1lib.errors import CourseError
from s1lib.toyworld.fake_gemini import serve_fake_gemini

TOYWORLD = "toyworld"  # the address that stands for the toy world's teacher
SERVICE_KINDS = ("gemini", "openai", "replay")
RETRYABLE_STATUS = (408, 429)  # worth another try, as is everything from 500 on
FINISHED = ("STOP", "stop")


def _transport_errors() -> tuple[type[Exception], ...]:
    """What a cut connection raises: it depends on which HTTP library the client found."""
    found: list[type[Exception]] = [TimeoutError, OSError, json.JSONDecodeError]
    for module, name in (
        ("httpx2", "HTTPError"),
        ("httpx", "HTTPError"),
        ("aiohttp", "ClientError"),
    ):
        if importlib.util.find_spec(module):
            found.append(getattr(importlib.import_module(module), name))
    return tuple(found)


CONNECTION_ERRORS: tuple[type[Exception], ...] = (
    openai.APIConnectionError,
    *_transport_errors(),
)


@dataclass(frozen=True)
class Reply:
    """What a service returned: an answer, or a failure that asking again would not fix."""

    thinking: str | None
    thinking_kind: str | None
    attempt: str | None
    failure: str | None
    finish_reason: str | None
    prompt_tokens: int
    thinking_tokens: int
    answer_tokens: int

    @classmethod
    def failed(cls, reason: str) -> Self:
        """Make a reply that holds only the reason why there is no answer."""
        return cls(None, None, None, reason, None, 0, 0, 0)


class RetryableError(Exception):
    """A failure that may pass. `billed`: the service may have done, and charged, the work."""

    def __init__(self, reason: str, billed: bool) -> None:
        super().__init__(reason)
        self.billed = billed


class PermanentError(Exception):
    """A request that would fail every time."""


Ask = Callable[[str], Awaitable[Reply]]


def api_key(teacher: TeacherConfig) -> str:
    """Get the key: from the environment, else a Colab secret, else a hidden prompt.

    Raises CourseError if none is given, or what is given can be no key.
    """
    if teacher.key is None:
        return "none-needed"
    key = os.environ.get(teacher.key)
    if not key:
        try:
            from google.colab import userdata  # only there in Colab

            key = userdata.get(teacher.key)
        except Exception:  # no Colab, no such secret, or no access to it
            key = getpass(f"{teacher.key} (hidden): ")
    key = (key or "").strip()
    if not key:
        raise CourseError(f"there is no key: set the environment variable {teacher.key}.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CourseError(f"{teacher.key} holds no key: it has spaces, line breaks or odd signs.")
    return key


@asynccontextmanager
async def connect(teacher: TeacherConfig) -> AsyncIterator[Ask]:
    """Yield a function that asks this teacher one question.

    It returns a Reply and raises RetryableError or PermanentError, or CourseError if the key is
    refused. None of their texts holds the key.
    Raises CourseError for an unknown kind of teacher.
    """
    if teacher.kind not in SERVICE_KINDS:
        raise CourseError(
            f"the teacher's kind is {teacher.kind!r}: choose {', '.join(SERVICE_KINDS)}."
        )
    if teacher.kind == "replay":
        yield replay_asker(teacher)
        return
    key = api_key(teacher)
    with _address(teacher) as address:
        if teacher.kind == "gemini":
            client = gemini_client(teacher, address, key)
            ask = gemini_asker(client, teacher)
            close = client.aio.aclose
        else:
            client = openai.AsyncOpenAI(
                base_url=address, api_key=key, timeout=teacher.timeout, max_retries=0
            )
            ask = openai_asker(client, teacher)
            close = client.close

        async def guarded(question: str) -> Reply:
            with _translated_errors(key):
                return await ask(question)

        try:
            yield guarded
        finally:
            await close()


def _address(teacher: TeacherConfig) -> AbstractContextManager[str]:
    """Return a context with the teacher's address; the toy world's serves as long as it lasts."""
    return serve_fake_gemini() if teacher.url == TOYWORLD else nullcontext(teacher.url)


@contextmanager
def _translated_errors(key: str) -> Iterator[None]:
    """Turn what a client raises into one of our errors, whose text does not hold the key."""
    try:
        yield
    except (errors.APIError, openai.APIStatusError) as error:
        raise _error_from_status(error, key) from None
    except CONNECTION_ERRORS as error:
        raise RetryableError(type(error).__name__, billed=True) from None
    except (ValueError, TypeError, AttributeError, LookupError, openai.OpenAIError) as error:
        # a reply that is not what it should be
        raise RetryableError(f"unreadable: {type(error).__name__}", billed=True) from None


def _error_from_status(error: Any, key: str) -> Exception:
    """Decide what an HTTP error means: try again, give up, or stop because the key is refused."""
    code = error.code if isinstance(error, errors.APIError) else error.status_code
    words = " ".join(str(getattr(error, "message", "") or "").split()).replace(key, "…")[:200]
    if code in (401, 403) or "API key not valid" in words:
        return CourseError(f"the teacher refuses the key ({code}): {words}")
    if code in RETRYABLE_STATUS or code >= 500:
        return RetryableError(f"HTTP {code}", billed=code not in (429, 503))
    return PermanentError(f"HTTP {code}: {words}")


def gemini_client(teacher: TeacherConfig, address: str, key: str) -> genai.Client:
    """Make the real client; its own retries stay off, since ours are counted and stored."""
    options = types.HttpOptions(
        base_url=address,
        timeout=int(1000 * teacher.timeout),
        retry_options=types.HttpRetryOptions(attempts=1),  # else it may send a cut request again
    )
    return genai.Client(api_key=key, http_options=options, vertexai=False)


def gemini_config(teacher: TeacherConfig) -> types.GenerateContentConfig:
    """Return the settings of a request: thoughts are wanted, and the output has a limit."""
    return types.GenerateContentConfig(
        max_output_tokens=teacher.max_output_tokens,
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )


def gemini_asker(client: genai.Client, teacher: TeacherConfig) -> Ask:
    """Return a function that asks as s1 did: one user turn with the question, no system prompt."""

    async def ask(question: str) -> Reply:
        response = await client.aio.models.generate_content(
            model=teacher.model, contents=question, config=gemini_config(teacher)
        )
        return parse_gemini(response, teacher)

    return ask


def parse_gemini(response: types.GenerateContentResponse, teacher: TeacherConfig) -> Reply:
    """Read a response. A blocked or cut one raises nothing: it has to be looked at."""
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    feedback, usage = response.prompt_feedback, response.usage_metadata
    reason = None
    if candidate and candidate.finish_reason:
        reason = candidate.finish_reason.value
    elif feedback and feedback.block_reason:
        reason = f"BLOCKED {feedback.block_reason.value}"
    return _make_reply(
        "".join(p.text for p in parts if p.thought and p.text),
        teacher.thinking_kind,
        "".join(p.text for p in parts if not p.thought and p.text),
        reason,
        (usage.prompt_token_count or 0) if usage else 0,
        (usage.thoughts_token_count or 0) if usage else 0,
        (usage.candidates_token_count or 0) if usage else 0,
    )


def openai_asker(client: openai.AsyncOpenAI, teacher: TeacherConfig) -> Ask:
    """Return the same for an OpenAI-compatible server; vLLM has a field of its own for thinking."""

    async def ask(question: str) -> Reply:
        response = await client.chat.completions.create(
            model=teacher.model,
            messages=[{"role": "user", "content": question}],
            max_tokens=teacher.max_output_tokens,
        )
        if not response.choices:
            return _make_reply("", "raw", "", "BLOCKED", 0, 0, 0)  # no usage: counts as the most
        choice, usage = response.choices[0], response.usage
        extra = choice.message.model_extra or {}
        thinking = extra.get("reasoning_content") or extra.get("reasoning") or ""
        details = usage.completion_tokens_details if usage else None
        thought = (details.reasoning_tokens or 0) if details else 0
        return _make_reply(
            thinking,
            "raw",
            choice.message.content or "",
            choice.finish_reason,
            usage.prompt_tokens if usage else 0,
            thought,
            usage.completion_tokens - thought if usage else 0,
        )

    return ask


def replay_asker(teacher: TeacherConfig) -> Ask:
    """Return a function that answers with the traces of the released set `teacher.model`."""
    rows = {row["question"]: row for row in load_released(teacher.model)}

    async def ask(question: str) -> Reply:
        if question not in rows:
            raise PermanentError(f"{teacher.model} has no such question")
        row = rows[question]
        thinking = thinking_text(row["thinking_trajectories"])
        return _make_reply(thinking, "raw", row["attempt"] or "", "stop", 0, 0, 0)

    return ask


def _make_reply(thinking: str, kind: str, attempt: str, reason: str | None, *tokens: int) -> Reply:
    failure = None
    if reason not in FINISHED:
        failure = reason or "no reason given"
    elif not thinking.strip():
        failure = "no thinking"
    elif not attempt.strip():
        failure = "no answer"

    def stored(text: str) -> str | None:  # half a character cannot be written to a file
        return text.encode(errors="replace").decode() or None

    return Reply(stored(thinking), kind, stored(attempt), failure, reason, *tokens)


async def stream_answer(teacher: TeacherConfig, question: str) -> AsyncIterator[tuple[bool, str]]:
    """Yield one answer as it is written, as (is it a thought?, text), from Gemini's stream.

    Raises CourseError, without the key, if the service does not answer.
    """
    with _address(teacher) as address:
        key = api_key(teacher)
        client = gemini_client(teacher, address, key)
        try:
            with _translated_errors(key):
                stream = await client.aio.models.generate_content_stream(
                    model=teacher.model, contents=question, config=gemini_config(teacher)
                )
                async for response in stream:
                    for candidate in response.candidates or []:
                        for part in (candidate.content.parts if candidate.content else None) or []:
                            yield bool(part.thought), part.text or ""
        except (RetryableError, PermanentError) as error:
            raise CourseError(f"the teacher did not answer: {error}") from None
        finally:
            await client.aio.aclose()
