"""Teachers: who is asked, and through which client.

Three kinds of service: Gemini, through the real `google-genai` client, any OpenAI-compatible
server, and the replay of a released set, which needs neither key nor money. The toy world's
teacher is a Gemini service at an address on this machine, so that a laptop runs the same code that
talks to the real one. What can go wrong on the way is handled in `s1lib.services`, what a reply
says in `s1lib.distillation.replies`.
"""

import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from getpass import getpass
from typing import Any

import httpx2
from google import genai
from google.genai import types

from s1lib.chat import thinking_text
from s1lib.config import TeacherConfig
from s1lib.distillation.hub_datasets import load_released
from s1lib.distillation.replies import Reply, make_reply, parse_chat, parse_gemini, tidy_gemini
from s1lib.errors import CourseError
from s1lib.services.client import Client
from s1lib.services.failures import ServiceError
from s1lib.toyworld.fake_gemini import serve_fake_gemini

TOYWORLD = "toyworld"  # the address that stands for the toy world's teacher
SERVICE_KINDS = ("gemini", "openai", "replay")
NO_KEY = "none-needed"

# Google's client would print a finish reason that it does not know, as it comes.
warnings.filterwarnings("ignore", message="(?s).* is not a valid", module="google.genai")

Ask = Callable[[str], Awaitable[Reply]]


def api_key(teacher: TeacherConfig) -> str:
    """Get the key: from the environment, else a Colab secret, else a hidden prompt.

    Raises CourseError if none is given, or what is given can be no key.
    """
    if teacher.key is None:
        return NO_KEY
    key = os.environ.get(teacher.key)
    if not key:
        try:
            from google.colab import userdata  # only there in Colab

            key = userdata.get(teacher.key)
        except Exception:  # no Colab, no such secret, or no access to it
            key = _ask_for(teacher.key)
    key = (key or "").strip()
    if not key:
        raise CourseError(f"there is no key: set the environment variable {teacher.key}.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise CourseError(f"{teacher.key} holds no key: it has spaces, line breaks or odd signs.")
    return key


def _ask_for(name: str) -> str:
    """Ask for a key at a hidden prompt. Raises CourseError where nobody can answer one."""
    try:
        return getpass(f"{name} (hidden): ")
    except (EOFError, OSError, NotImplementedError):  # a batch job; a notebook that is executed
        raise CourseError(
            f"{name} is not set and nobody can be asked for the key: there is no terminal. Set the "
            "environment variable and start again."
        ) from None


@asynccontextmanager
async def connect(teacher: TeacherConfig) -> AsyncIterator[Ask]:
    """Yield a function that asks this teacher one question.

    It returns a Reply and raises ServiceError, or CourseError if the key or a setting is refused
    that every request has. None of their texts holds the key.
    Raises CourseError for an unknown kind of teacher, or an address that cannot be used.
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
        async with http_client(teacher, address, key) as http:
            if teacher.kind == "gemini":
                ask = gemini_asker(gemini_client(teacher, address, key, http), teacher, http.key)
            else:
                ask = openai_asker(http, teacher)
            answered = False  # then the settings are good, and a refusal is of a question

            async def guarded(question: str) -> Reply:
                nonlocal answered
                with _readable_or_error(answered):
                    reply = await ask(question)
                answered = answered or reply.failure is None
                return reply

            yield guarded


def http_client(teacher: TeacherConfig, address: str, key: str) -> Client:
    """Make the HTTP client that stands below both services' own."""
    return Client(
        address,
        None if key == NO_KEY else key,
        teacher.timeout,
        most=(1 << 20) + 32 * teacher.max_output_tokens,
        tidy=tidy_gemini if teacher.kind == "gemini" else None,
    )


def _address(teacher: TeacherConfig) -> AbstractContextManager[str]:
    """Return a context with the teacher's address; the toy world's serves as long as it lasts."""
    return serve_fake_gemini() if teacher.url == TOYWORLD else nullcontext(teacher.url)


@contextmanager
def _readable_or_error(answered: bool) -> Iterator[None]:
    """Turn what goes wrong with a reply into a ServiceError, or a CourseError that ends the run.

    `answered`: a request with the same settings was answered before.
    """
    try:
        yield
    except ServiceError as error:
        if error.kind == "key":
            raise CourseError(f"the teacher refuses the key: {error}") from None
        if error.kind == "account":
            raise CourseError(f"the teacher's account is used up: {error}") from None
        if error.kind == "settings" and not answered:
            raise CourseError(f"the teacher refuses a setting of the profile: {error}") from None
        raise
    except CourseError:
        raise
    except Exception as error:  # what a library makes of a reply that is not what it should be
        reason = f"unreadable: {type(error).__name__}"
        raise ServiceError(reason, "passing", billed=True) from None


def gemini_client(
    teacher: TeacherConfig, address: str, key: str, http: Client | None = None
) -> genai.Client:
    """Make the real client; its own retries stay off, since ours are counted and stored.

    `http` replaces its own HTTP client.
    """
    options = types.HttpOptions(
        base_url=address,
        timeout=int(1000 * teacher.timeout),
        retry_options=types.HttpRetryOptions(attempts=1),  # else it may send a cut request again
        httpx_async_client=http,
        # It would also make one for calls that wait, with the environment's proxies.
        httpx_client=http and httpx2.Client(trust_env=False, verify=False),
    )
    return genai.Client(api_key=key, http_options=options, vertexai=False)


def thinking_settings(teacher: TeacherConfig) -> list[dict[str, Any]]:
    """List the ways to say how much Gemini shall think, the newest first; one that says nothing if
    the profile does not.

    Models from version 3 on take a level, those before a budget in tokens.
    Raises CourseError for a level that Google's client does not know.
    """
    levels = [level.name for level in types.ThinkingLevel if "UNSPECIFIED" not in level.name]
    level = teacher.thinking_level
    if level is not None and level.upper() not in levels:
        known = ", ".join(name.lower() for name in levels)
        raise CourseError(f"there is no thinking_level {level!r}: choose one of {known}.")
    ways: list[dict[str, Any]] = []
    if level is not None:
        ways.append({"thinking_level": types.ThinkingLevel[level.upper()]})
    if teacher.thinking_budget is not None:
        ways.append({"thinking_budget": teacher.thinking_budget})
    return ways or [{}]


def gemini_config(
    teacher: TeacherConfig, thinking: dict[str, Any] | None = None
) -> types.GenerateContentConfig:
    """Return the settings of a request: thoughts are wanted, and the output has a limit.

    `thinking` says how much of them, as one of `thinking_settings`; by default the first.
    """
    how = thinking_settings(teacher)[0] if thinking is None else thinking
    return types.GenerateContentConfig(
        max_output_tokens=teacher.max_output_tokens,
        thinking_config=types.ThinkingConfig(include_thoughts=True, **how),
    )


def gemini_asker(client: genai.Client, teacher: TeacherConfig, key: str | None = None) -> Ask:
    """Return a function that asks as s1 did: one user turn with the question, no system prompt.

    Where the profile gives both a thinking level and a budget, the service decides: if it refuses
    the one, all further requests take the other.
    """
    ways = thinking_settings(teacher)

    async def ask(question: str) -> Reply:
        while True:
            way = ways[0]
            try:
                response = await client.aio.models.generate_content(
                    model=teacher.model, contents=question, config=gemini_config(teacher, way)
                )
            except ServiceError as error:
                last = way is ways[-1]
                if error.kind != "settings" or last or "thinking" not in str(error).lower():
                    raise
                if way is ways[0]:  # no other request has noticed it before
                    ways.pop(0)
                continue
            return parse_gemini(response, teacher, key)

    return ask


def openai_asker(http: Client, teacher: TeacherConfig) -> Ask:
    """Return the same for an OpenAI-compatible server."""

    async def ask(question: str) -> Reply:
        body = {
            "model": teacher.model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": teacher.max_output_tokens,
        }
        return parse_chat(await http.ask("chat/completions", body), teacher, http.key)

    return ask


def replay_asker(teacher: TeacherConfig) -> Ask:
    """Return a function that answers with the traces of the released set `teacher.model`."""
    rows = {row["question"]: row for row in load_released(teacher.model)}

    async def ask(question: str) -> Reply:
        if question not in rows:
            raise ServiceError(f"{teacher.model} has no such question", "row")
        row = rows[question]
        thinking = thinking_text(row["thinking_trajectories"])
        return make_reply(thinking, row["attempt"] or "", "stop", (0, 0, 0), teacher)

    return ask
