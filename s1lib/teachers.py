"""Teachers: who is asked, through which client, and what can go wrong.

Three kinds of service: Gemini, through the real `google-genai` client, any OpenAI-compatible
server, and the replay of a released set, which needs neither key nor money. The embedded teacher
is a Gemini service at an address on this machine, so that the code a laptop runs is the code that
meets the real one.
"""

import importlib
import importlib.util
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from getpass import getpass

import openai
from google import genai
from google.genai import errors, types

from s1lib.profile import EMBEDDED, Service
from s1lib.released import load_released
from s1lib.store import CourseError
from s1lib.world.server import Faults, serve_teacher

KINDS = ("gemini", "openai", "replay")
AGAIN = (408, 429)  # worth another try, as is everything from 500 on
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


CUT = _transport_errors()


@dataclass(frozen=True)
class Reply:
    """What a service returned: an answer, or a failure that asking again would not mend."""

    thinking: str | None
    thinking_kind: str | None
    attempt: str | None
    failure: str | None
    finish_reason: str | None
    prompt_tokens: int
    thinking_tokens: int
    answer_tokens: int


class TryAgain(Exception):
    """A failure that may pass. `billed`: the service may have done, and charged, the work."""

    def __init__(self, reason: str, billed: bool) -> None:
        super().__init__(reason)
        self.billed = billed


class Refused(Exception):
    """A request that would fail every time."""


Ask = Callable[[str], Awaitable[Reply]]


def api_key(service: Service) -> str:
    """The key: from the environment, else a Colab secret, else a hidden prompt.

    Raises CourseError if none is given, or what is given can be no key.
    """
    if service.key is None:
        return "none-needed"
    key = os.environ.get(service.key)
    if not key:
        try:
            from google.colab import userdata  # only there in Colab

            key = userdata.get(service.key)
        except Exception:  # no Colab, no such secret, or no access to it
            key = getpass(f"{service.key} (hidden): ")
    key = (key or "").strip()
    if not key:
        raise CourseError(f"there is no key: set the environment variable {service.key}.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CourseError(f"{service.key} holds no key: it has spaces, line breaks or odd signs.")
    return key


@asynccontextmanager
async def connect(service: Service, faults: Faults | None = None) -> AsyncIterator[Ask]:
    """A function that asks this service one question; `faults` befall the embedded teacher.

    It returns a Reply and raises TryAgain, or CourseError if the key is refused. No text of
    either holds the key. Raises CourseError for an unknown kind of service.
    """
    if service.kind not in KINDS:
        raise CourseError(f"the teacher's kind is {service.kind!r}: choose {', '.join(KINDS)}.")
    if service.kind == "replay":
        yield ask_released(service)
        return
    key = api_key(service)
    with _address(service, faults) as address:
        if service.kind == "gemini":
            client = gemini_client(service, address, key)
            ask = ask_gemini(client, service)
            close = client.aio.aclose
        else:
            client = openai.AsyncOpenAI(
                base_url=address, api_key=key, timeout=service.timeout, max_retries=0
            )
            ask = ask_openai(client, service)
            close = client.close

        async def guarded(question: str) -> Reply:
            with _told(key):
                return await ask(question)

        try:
            yield guarded
        finally:
            await close()


def _address(service: Service, faults: Faults | None = None):
    """A context with the service's address; the embedded teacher runs as long as it lasts."""
    embedded = service.url == EMBEDDED
    return serve_teacher(faults=faults) if embedded else nullcontext(service.url)


@contextmanager
def _told(key: str) -> Iterator[None]:
    """Whatever a client raises becomes TryAgain, Refused or CourseError, without the key."""
    try:
        yield
    except (errors.APIError, openai.APIStatusError) as error:
        raise _judged(error, key) from None
    except (openai.APIConnectionError, *CUT) as error:
        raise TryAgain(type(error).__name__, billed=True) from None
    except (ValueError, TypeError, AttributeError, LookupError, openai.OpenAIError) as error:
        # a reply that is not what it should be
        raise TryAgain(f"unreadable: {type(error).__name__}", billed=True) from None


def _judged(error, key: str) -> Exception:
    """What an HTTP error means: try again, give up, or stop because the key is refused."""
    code = error.code if isinstance(error, errors.APIError) else error.status_code
    words = " ".join(str(getattr(error, "message", "") or "").split()).replace(key, "…")[:200]
    if code in (401, 403) or "API key not valid" in words:
        return CourseError(f"the teacher refuses the key ({code}): {words}")
    if code in AGAIN or code >= 500:
        return TryAgain(f"HTTP {code}", billed=code not in (429, 503))
    return Refused(f"HTTP {code}: {words}")


def gemini_client(service: Service, address: str, key: str) -> genai.Client:
    """The real client; its own retries stay off, since ours are counted and stored."""
    options = types.HttpOptions(
        base_url=address,
        timeout=int(1000 * service.timeout),
        retry_options=types.HttpRetryOptions(attempts=1),  # else it may send a cut request again
    )
    return genai.Client(api_key=key, http_options=options, vertexai=False)


def gemini_config(service: Service) -> types.GenerateContentConfig:
    """The settings of a request: thoughts are wanted, and there is an end to the output."""
    return types.GenerateContentConfig(
        max_output_tokens=service.max_output_tokens,
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )


def ask_gemini(client: genai.Client, service: Service) -> Ask:
    """Asks as s1 did: one user turn that holds only the question, and no system prompt."""

    async def ask(question: str) -> Reply:
        response = await client.aio.models.generate_content(
            model=service.model, contents=question, config=gemini_config(service)
        )
        return read_gemini(response, service)

    return ask


def read_gemini(response: types.GenerateContentResponse, service: Service) -> Reply:
    """What is kept of a response. A blocked or cut one raises nothing: it must be looked at."""
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    feedback, usage = response.prompt_feedback, response.usage_metadata
    reason = None
    if candidate and candidate.finish_reason:
        reason = candidate.finish_reason.value
    elif feedback and feedback.block_reason:
        reason = f"BLOCKED {feedback.block_reason.value}"
    return _reply(
        "".join(p.text for p in parts if p.thought and p.text),
        "raw" if service.url == EMBEDDED else "summary",
        "".join(p.text for p in parts if not p.thought and p.text),
        reason,
        (usage.prompt_token_count or 0) if usage else 0,
        (usage.thoughts_token_count or 0) if usage else 0,
        (usage.candidates_token_count or 0) if usage else 0,
    )


def ask_openai(client: openai.AsyncOpenAI, service: Service) -> Ask:
    """The same of an OpenAI-compatible server; vLLM gives the thinking in a field of its own."""

    async def ask(question: str) -> Reply:
        response = await client.chat.completions.create(
            model=service.model,
            messages=[{"role": "user", "content": question}],
            max_tokens=service.max_output_tokens,
        )
        if not response.choices:
            return _reply("", "raw", "", "BLOCKED", 0, 0, 0)  # no usage: counts as the most
        choice, usage = response.choices[0], response.usage
        extra = choice.message.model_extra or {}
        thinking = extra.get("reasoning_content") or extra.get("reasoning") or ""
        details = usage.completion_tokens_details if usage else None
        thought = (details.reasoning_tokens or 0) if details else 0
        return _reply(
            thinking,
            "raw",
            choice.message.content or "",
            choice.finish_reason,
            usage.prompt_tokens if usage else 0,
            thought,
            usage.completion_tokens - thought if usage else 0,
        )

    return ask


def ask_released(service: Service) -> Ask:
    """Answers with the traces of a released set; `service.model` is its name on the hub."""
    told = {row["question"]: row for row in load_released(service.model)}

    async def ask(question: str) -> Reply:
        if question not in told:
            raise Refused(f"{service.model} has no such question")
        row = told[question]
        thinking = (row["thinking_trajectories"] or [""])[0] or ""
        return _reply(thinking, "raw", row["attempt"] or "", "stop", 0, 0, 0)

    return ask


def _reply(thinking: str, kind: str, attempt: str, reason: str | None, *tokens: int) -> Reply:
    failure = None
    if reason not in FINISHED:
        failure = reason or "no reason given"
    elif not thinking.strip():
        failure = "no thinking"
    elif not attempt.strip():
        failure = "no answer"
    thinking, attempt = (
        text.encode(errors="replace").decode() or None for text in (thinking, attempt)
    )
    return Reply(thinking, kind, attempt, failure, reason, *tokens)


async def read_live(service: Service, question: str) -> AsyncIterator[tuple[bool, str]]:
    """One answer as it is written: (is it a thought?, text), from the streamed Gemini call.

    Raises CourseError, without the key, if the service does not answer.
    """
    with _address(service) as address:
        key = api_key(service)
        client = gemini_client(service, address, key)
        try:
            with _told(key):
                stream = await client.aio.models.generate_content_stream(
                    model=service.model, contents=question, config=gemini_config(service)
                )
                async for response in stream:
                    for candidate in response.candidates or []:
                        for part in (candidate.content.parts if candidate.content else None) or []:
                            yield bool(part.thought), part.text or ""
        except (TryAgain, Refused) as error:
            raise CourseError(f"the teacher did not answer: {error}") from None
        finally:
            await client.aio.aclose()
