"""Budget forcing with vLLM in process: stop and continue over token ids.

vLLM's own `thinking_token_budget` only caps, can pass its limit by a token or two, and knows no
"Wait". Its prefix cache makes the rounds cheap: what was read before is not read again.
"""

from collections.abc import Iterable

from s1lib.budget import S1, Budget, Delimiters, Format, delimiters
from s1lib.engines.common import GREEDY, Sampling, Trace, seed_at, seeds_for, suppressed_ids
from s1lib.engines.rounds import Generate, Request, think_in_rounds, up_to_stop


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
) -> list[Trace]:
    """Thinking and answer for each question under the budget; `llm` is a `vllm.LLM`.

    Raises what `s1lib.engines.common.prepare` raises, before any work.
    """
    questions = list(questions)
    seeds = seeds_for(sampling, len(questions))
    generate = generate_with(llm, tokenizer, delimiters(tokenizer, form), sampling, seeds)
    context = llm.llm_engine.model_config.max_model_len
    return think_in_rounds(generate, tokenizer, questions, budget, context, form)
