"""Budget forcing with any OpenAI-compatible server that speaks token ids, such as vLLM's.

Stop and continue over `/v1/completions`: the prompt is a list of token ids, and
`return_token_ids` asks for those of the answer, so that no text is tokenized twice. What comes
back is checked in one place, `read_ids`: no budget is kept by trusting a server.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio.from_thread import start_blocking_portal

from s1lib.errors import CourseError, printable
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget, Delimiters, Format
from s1lib.inference.engine import GREEDY, Sampling, Trace, seeds_for, suppressed_ids, unused_ids
from s1lib.inference.formats import delimiters_of
from s1lib.inference.stop_and_continue import Generate, Request, up_to_stop
from s1lib.inference.vllm import sampling_params
from s1lib.services.client import Client, shown
from s1lib.services.failures import ServiceError

T = TypeVar("T")
TRIES = 3
MAX_WAIT = 60.0  # seconds between two tries
MOST_BYTES = 8 << 20  # of a reply: it may repeat a prompt of 131,072 token ids


@dataclass(frozen=True)
class Server:
    """An OpenAI-compatible server: its address (it ends in /v1), key, and seconds per request."""

    url: str
    key: str | None = None
    timeout: float = 600
    concurrency: int = 64

    def ask(
        self, path: str, bodies: list[dict[str, Any] | None], read: Callable[[int, dict], T]
    ) -> list[T]:
        """Send these bodies (None: GET), many in flight at once, and `read` each numbered reply.

        Works in a notebook too, where an event loop runs already: it has one of its own.
        Raises CourseError, in one sentence, for the first request that does not get a usable reply.
        """
        try:
            with start_blocking_portal() as portal:
                return portal.call(self._ask_all, path, bodies, read)
        except ServiceError as error:
            raise self.explained(error) from None

    async def _ask_all(
        self, path: str, bodies: list[dict[str, Any] | None], read: Callable[[int, dict], T]
    ) -> list[T]:
        gate = asyncio.Semaphore(self.concurrency)
        async with Client(self.url, self.key, self.timeout, MOST_BYTES) as client:

            async def one(number: int, body: dict[str, Any] | None) -> T:
                async with gate:
                    return read(number, await _ask_with_retries(client, path, body))

            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(*pair)) for pair in enumerate(bodies)]
            except* (ServiceError, CourseError) as failed:
                raise failed.exceptions[0] from None
        return [task.result() for task in tasks]

    def explained(self, error: ServiceError) -> CourseError:
        """Say what a failure means for a server of one's own."""
        where, words = shown(self.url), str(error)
        if error.kind == "unreachable":
            return CourseError(
                f"no server answers at {where}: start one with `vllm serve`, or fix the address "
                f"({words})."
            )
        if words.startswith("HTTP "):
            return CourseError(f"the server at {where} refused: {words.removeprefix('HTTP ')}")
        nonsense = words.removeprefix("unreadable: ")
        if nonsense != words:
            return CourseError(f"the server at {where} answered nonsense: {nonsense}.")
        return CourseError(f"the server at {where} gave no usable answer: {words}.")


async def _ask_with_retries(client: Client, path: str, body: dict[str, Any] | None) -> dict:
    """Ask up to three times, where another try may help."""
    for tries in range(1, TRIES + 1):
        try:
            return await client.ask(path, body)
        except ServiceError as error:
            wait = error.wait or 0.5 * 2 ** (tries - 1)
            worth_it = error.kind in ("unreachable", "busy", "passing") and wait <= MAX_WAIT
            if tries == TRIES or not worth_it:
                raise
        await asyncio.sleep(wait)
    raise AssertionError("the loop returns or raises")


def connect(
    url: str, model: str | None = None, key: str | None = None, timeout: float = 600
) -> tuple[Server, str, int | None]:
    """Connect to the server at `url` (it ends in /v1): the server, the model's name, its context.

    `model` may be left out if the server serves one. Raises CourseError if no server answers
    or it does not serve the model.
    """
    server = Server(url, key, timeout)
    [models] = server.ask("models", [None], lambda _, reply: read_models(reply))
    if model is None and len(models) == 1:
        [model] = models
    if model is None or model not in models:
        names = ", ".join(printable(name, 80) for name in list(models)[:10])
        raise CourseError(f"the server at {shown(url)} serves {names}: name one of these.")
    return server, model, models[model]


def read_models(reply: dict) -> dict[str, int | None]:
    """Read the names of the models that a server serves, each with its context in tokens.

    Raises ServiceError if the list is none.
    """
    rows = reply.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServiceError("unreadable: no list of models", "row")
    models = {}
    for row in rows:
        name, context = row.get("id"), row.get("max_model_len")
        if not isinstance(name, str):
            raise ServiceError("unreadable: a model without a name", "row")
        models[name] = context if type(context) is int and context > 0 else None
    if not models:
        raise ServiceError("unreadable: an empty list of models", "row")
    return models


def read_ids(
    reply: dict, request: Request, marks: Delimiters, vocab_size: int, barred: frozenset[int]
) -> list[int]:
    """Read the token ids of a completion, up to and including a stop.

    Raises ServiceError unless they are what was asked for: whole numbers within the vocabulary, at
    most `request.most`, none of the `barred` ones, no stop right after a Wait.
    """
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    choice = choice if isinstance(choice, dict) else {}
    ids = choice.get("token_ids")
    if ids is None or (ids == [] and choice.get("finish_reason") not in ("stop", "length")):
        raise ServiceError(
            "it returned no token ids: use a server that knows `return_token_ids`, such as vLLM "
            "from 0.10.2 on",
            "row",
        )
    if not isinstance(ids, list) or not all(type(token) is int for token in ids):
        raise ServiceError("unreadable: the token ids are no whole numbers", "row")
    if len(ids) > request.most:
        raise ServiceError(
            f"unreadable: {len(ids):,} tokens came, and {request.most:,} at most were asked for",
            "row",
        )
    if odd := [token for token in ids if not 0 <= token < vocab_size]:
        raise ServiceError(
            f"unreadable: the token id {_short(odd[0])} is not in the model's vocabulary of "
            f"{vocab_size:,}; does it serve another model?",
            "row",
        )
    ids = up_to_stop(ids, marks)
    if found := [token for token in ids if token in barred]:
        raise ServiceError(f"unreadable: the token id {found[0]} was barred and came", "row")
    if request.after_wait and ids and ids[0] in marks.stop:
        raise ServiceError("unreadable: it stopped right after a Wait, against `min_tokens`", "row")
    return ids


def _short(number: int) -> str:
    return str(number) if abs(number) < 10**12 else "of more than 12 digits"


def generate_with(
    server: Server,
    model: str,
    tokenizer: Any,
    marks: Delimiters,
    sampling: Sampling,
    seeds: list[int] | None,
    vocab_size: int | None = None,
) -> Generate:
    """Return a `Generate` that calls a completions API, with many requests in flight at once.

    `vocab_size` is the number of embeddings, where the model has more than the tokenizer.
    """
    unused = unused_ids(tokenizer, vocab_size or 0)
    suppressed = suppressed_ids(tokenizer, sampling, marks)
    size = max(1 + max(tokenizer.get_vocab().values()), vocab_size or 0)

    def body(request: Request) -> dict[str, Any]:
        fields = sampling_params(request, marks, unused, sampling, seeds, suppressed)
        fields["logit_bias"] = {str(k): v for k, v in fields["logit_bias"].items()}
        return fields | {"model": model, "prompt": request.text, "return_token_ids": True}

    def generate(requests: list[Request]) -> list[list[int]]:
        def read(number: int, reply: dict) -> list[int]:
            request = requests[number]
            barred = {*marks.control, *unused, *(suppressed if request.thinking else ())}
            return read_ids(reply, request, marks, size, frozenset(barred))

        return server.ask("completions", [body(request) for request in requests], read)

    return generate


def think(
    url: str,
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    model: str | None = None,
    sampling: Sampling = GREEDY,
    form: Format | str | None = None,
    key: str | None = None,
    context: int | None = None,
    vocab_size: int | None = None,
) -> list[Trace]:
    """Write thinking and answer for each question under the budget, by the server at `url`.

    `context` is the model's length in tokens, where the server does not state it.
    Raises CourseError if the server is down, refuses a request or returns what was not asked for,
    and what `s1lib.inference.engine.prepare` raises, before any work.
    """
    questions = list(questions)
    seeds = seeds_for(sampling, len(questions))
    marks = delimiters_of(tokenizer, form)
    server, model, served_context = connect(url, model, key)
    context = context or served_context
    if context is None:
        raise CourseError(f"the server at {shown(url)} does not state its context: pass `context`.")
    generate = generate_with(server, model, tokenizer, marks, sampling, seeds, vocab_size)
    return stop_and_continue.think(generate, tokenizer, questions, budget, context, form)
