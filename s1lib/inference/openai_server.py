"""Budget forcing with any OpenAI-compatible server that speaks token ids, such as vLLM's.

Stop and continue over `/v1/completions`: the prompt is a list of token ids, and
`return_token_ids` asks for those of the answer, so that no text is tokenized twice.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import openai

from s1lib.errors import CourseError
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget, Delimiters, Format
from s1lib.inference.engine import GREEDY, Sampling, Trace, seeds_for, suppressed_ids, unused_ids
from s1lib.inference.formats import delimiters_of
from s1lib.inference.stop_and_continue import Generate, Request, up_to_stop
from s1lib.inference.vllm import sampling_params

T = TypeVar("T")


def connect(
    url: str, model: str | None = None, key: str = "none", timeout: float = 600
) -> tuple[openai.OpenAI, str, int | None]:
    """Connect to the server at `url` (it ends in /v1): a client, the model's name and its context.

    `model` may be left out if the server serves one. Raises CourseError if no server answers
    or it does not serve the model.
    """
    client = openai.OpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=2)
    served = _call(url, lambda: list(client.models.list()))
    names = [m.id for m in served]
    if model is None and len(names) == 1:
        model = names[0]
    if model not in names:
        raise CourseError(f"the server at {url} serves {', '.join(names)}: name one of these.")
    context = (served[names.index(model)].model_extra or {}).get("max_model_len")
    return client, model, context


def generate_with(
    client: openai.OpenAI,
    model: str,
    tokenizer: Any,
    marks: Delimiters,
    sampling: Sampling,
    seeds: list[int] | None,
    vocab_size: int | None = None,
    concurrency: int = 64,
) -> Generate:
    """Return a `Generate` that calls a completions API, with many requests in flight at once.

    `vocab_size` is the number of embeddings, where the model has more than the tokenizer.
    """
    unused = unused_ids(tokenizer, vocab_size or 0)
    suppressed = suppressed_ids(tokenizer, sampling, marks)
    url = str(client.base_url)

    def one(request: Request) -> list[int]:
        fields = sampling_params(request, marks, unused, sampling, seeds, suppressed)
        fields["logit_bias"] = {str(k): v for k, v in fields["logit_bias"].items()}
        names = ["max_tokens", "temperature", "top_p", "seed", "logit_bias"]
        names += ["presence_penalty", "frequency_penalty"]
        standard = {name: fields.pop(name) for name in names}
        reply = _call(
            url,
            lambda: client.completions.create(
                model=model,
                prompt=request.text,
                **standard,
                extra_body=fields | {"return_token_ids": True},
            ),
        )
        ids = (reply.choices[0].model_extra or {}).get("token_ids") if reply.choices else None
        if not ids and (ids is None or reply.choices[0].finish_reason not in ("stop", "length")):
            raise CourseError(
                f"the server at {url} returned no token ids: use one that knows "
                "`return_token_ids`, such as vLLM from 0.10.2 on."
            )
        return up_to_stop(list(ids), marks)

    def generate(requests: list[Request]) -> list[list[int]]:
        with ThreadPoolExecutor(concurrency) as pool:
            return list(pool.map(one, requests))

    return generate


def think(
    url: str,
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    model: str | None = None,
    sampling: Sampling = GREEDY,
    form: Format | str | None = None,
    key: str = "none",
    context: int | None = None,
    vocab_size: int | None = None,
) -> list[Trace]:
    """Write thinking and answer for each question under the budget, by the server at `url`.

    `context` is the model's length in tokens, where the server does not state it.
    Raises CourseError if the server is down, refuses a request or returns no token ids, and
    what `s1lib.inference.engine.prepare` raises, before any work.
    """
    questions = list(questions)
    seeds = seeds_for(sampling, len(questions))
    marks = delimiters_of(tokenizer, form)
    client, model, served_context = connect(url, model, key)
    context = context or served_context
    if context is None:
        raise CourseError(f"the server at {url} does not state its context: pass `context`.")
    generate = generate_with(client, model, tokenizer, marks, sampling, seeds, vocab_size)
    return stop_and_continue.think(generate, tokenizer, questions, budget, context, form)


def _call(url: str, call: Callable[[], T]) -> T:
    """Call the server and turn what goes wrong into one sentence."""
    try:
        return call()
    except openai.APITimeoutError:
        raise CourseError(f"the server at {url} did not answer in time: try again.") from None
    except openai.APIConnectionError:
        raise CourseError(
            f"no server answers at {url}: start one with `vllm serve`, or fix the address."
        ) from None
    except openai.APIStatusError as error:
        raise CourseError(
            f"the server at {url} refused: {error.status_code} {error.message[:300]}"
        ) from None
    except (openai.OpenAIError, ValueError) as error:
        raise CourseError(f"the server at {url} answered nonsense: {error!s:.300}") from None
