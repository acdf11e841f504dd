"""Budget forcing with vLLM in process: stop and continue over token ids.

vLLM's own `thinking_token_budget` only caps, can pass its limit by a token or two, and knows no
"Wait". Its prefix cache makes the rounds cheap: what was read before is not read again.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from s1lib.budget import S1, Budget, Delimiters, Format, delimiters
from s1lib.engines.common import (
    GREEDY,
    Engine,
    Sampling,
    Trace,
    seed_at,
    seeds_for,
    suppressed_ids,
)
from s1lib.engines.rounds import (
    Generate,
    Request,
    answer_in_rounds,
    rescore_in_rounds,
    think_in_rounds,
    up_to_stop,
)
from s1lib.store import CourseError


def settings(
    request: Request,
    marks: Delimiters,
    unused: range,
    sampling: Sampling,
    seeds: list[int] | None,
    suppressed: tuple[int, ...],
) -> dict:
    """The arguments of vLLM's `SamplingParams`, and the fields of its completions API."""
    never = (*marks.control, *unused, *(suppressed if request.thinking else ()))
    return {
        "max_tokens": request.most,
        "min_tokens": int(request.after_wait),
        "stop_token_ids": sorted(marks.stop),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        # Said outright: a server fills what is missing from the model's own generation settings.
        "top_k": 0,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "logit_bias": dict.fromkeys(never, -100.0),
        "seed": None if seeds is None else seed_at(seeds[request.row], len(request.text)),
        "skip_special_tokens": False,
    }


def generate_with(
    llm, tokenizer, marks: Delimiters, sampling: Sampling, seeds: list[int] | None
) -> Generate:
    """`Generate` through `vllm.LLM.generate`."""
    from vllm import SamplingParams, TokensPrompt

    unused = range(len(tokenizer), llm.llm_engine.model_config.get_vocab_size())
    suppressed = suppressed_ids(tokenizer, sampling, marks)

    def generate(requests: list[Request]) -> list[list[int]]:
        if not requests:
            return []
        outputs = llm.generate(
            [TokensPrompt(prompt_token_ids=r.text) for r in requests],
            [
                SamplingParams(**settings(r, marks, unused, sampling, seeds, suppressed))
                for r in requests
            ],
            use_tqdm=False,
        )
        return [up_to_stop(list(o.outputs[0].token_ids), marks) for o in outputs]

    return generate


def think(
    llm,
    tokenizer,
    questions: Iterable[str],
    budget: Budget,
    sampling: Sampling = GREEDY,
    form: Format = S1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trace]:
    """Thinking and answer for each question under the budget; `llm` is a `vllm.LLM`.

    Raises what `s1lib.engines.common.prepare` raises, before any work.
    """
    questions = list(questions)
    seeds = seeds_for(sampling, len(questions))
    generate = generate_with(llm, tokenizer, delimiters(tokenizer, form), sampling, seeds)
    context = llm.llm_engine.model_config.max_model_len
    return think_in_rounds(generate, tokenizer, questions, budget, context, form, progress)


def engine(path: str | Path, max_answer: int, **settings) -> Engine:
    """The model in this folder, or of this hub name, run by vLLM; `settings` are those of
    `vllm.LLM`.

    Raises CourseError if vLLM is not installed or cannot start with this model.
    """
    try:
        from vllm import LLM
    except ImportError:
        raise CourseError('vLLM is not installed: pip install ".[gpu]".') from None
    try:
        llm = LLM(str(path), **settings)
    except Exception as error:  # no GPU, too little memory, no such model, the hub is away ...
        raise CourseError(
            f"vLLM cannot start with {path}: check the name, the network and the memory that is "
            f"free ({type(error).__name__}: {error!s:.300})"
        ) from None
    tokenizer, context = llm.get_tokenizer(), llm.llm_engine.model_config.max_model_len
    generate = generate_with(llm, tokenizer, delimiters(tokenizer), GREEDY, None)
    return Engine(
        think=partial(think, llm, tokenizer),
        rescore=partial(rescore_in_rounds, generate, tokenizer, max_answer=max_answer),
        direct=partial(
            answer_in_rounds, generate, tokenizer, context=context, max_answer=max_answer
        ),
        close=llm.llm_engine.engine_core.shutdown,
    )
