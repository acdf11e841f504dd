"""Budget forcing with vLLM in process: stop and continue over token ids.

vLLM's own `thinking_token_budget` only caps, can pass its limit by a token or two, and knows no
"Wait". Its prefix cache makes the rounds cheap: what was read before is not read again.

vLLM 0.31 takes its second model runner on a CUDA card and its first on a CPU, where the tests run
it. If the second refuses a request, VLLM_USE_V2_MODEL_RUNNER=0 in the environment takes the first;
see docs/paper_run.md.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from s1lib.errors import CourseError
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget, Delimiters, Format
from s1lib.inference.engine import (
    GREEDY,
    ProgressCallback,
    Sampling,
    Trace,
    seed_at,
    seeds_for,
    suppressed_ids,
    unused_ids,
)
from s1lib.inference.formats import choose_format, delimiters_of
from s1lib.inference.model_folder import check_folder
from s1lib.inference.stop_and_continue import Generate, Request, up_to_stop


def sampling_params(
    request: Request,
    marks: Delimiters,
    unused: Iterable[int],
    sampling: Sampling,
    seeds: list[int] | None,
    suppressed: tuple[int, ...],
) -> dict[str, Any]:
    """Return the arguments of vLLM's `SamplingParams`, also fields of its completions API."""
    never = (*marks.control, *unused, *(suppressed if request.thinking else ()))
    return {
        "max_tokens": request.most,
        "min_tokens": int(request.after_wait),
        "stop_token_ids": sorted(marks.stop),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        # Stated in full: a server fills what is missing from the model's own generation settings.
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
    llm: Any, tokenizer: Any, marks: Delimiters, sampling: Sampling, seeds: list[int] | None
) -> Generate:
    """Return a `Generate` that calls `vllm.LLM.generate`."""
    from vllm import SamplingParams, TokensPrompt

    unused = unused_ids(tokenizer, llm.llm_engine.model_config.get_vocab_size())
    suppressed = suppressed_ids(tokenizer, sampling, marks)

    def generate(requests: list[Request]) -> list[list[int]]:
        if not requests:
            return []
        outputs = llm.generate(
            [TokensPrompt(prompt_token_ids=r.text) for r in requests],
            [
                SamplingParams(**sampling_params(r, marks, unused, sampling, seeds, suppressed))
                for r in requests
            ],
            use_tqdm=False,
        )
        return [up_to_stop(list(o.outputs[0].token_ids), marks) for o in outputs]

    return generate


def think(
    llm: Any,
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    sampling: Sampling = GREEDY,
    form: Format | str | None = None,
    progress: ProgressCallback | None = None,
) -> list[Trace]:
    """Write thinking and answer for each question under the budget; `llm` is a `vllm.LLM`.

    Raises what `s1lib.inference.engine.prepare` raises, before any work.
    """
    questions = list(questions)
    seeds = seeds_for(sampling, len(questions))
    generate = generate_with(llm, tokenizer, delimiters_of(tokenizer, form), sampling, seeds)
    context = llm.llm_engine.model_config.max_model_len
    return stop_and_continue.think(generate, tokenizer, questions, budget, context, form, progress)


class VLLMEngine:
    """An `Engine` that vLLM runs in this process."""

    def __init__(self, llm: Any, max_answer: int = 1024, form: Format | str | None = None) -> None:
        self.llm, self.tokenizer, self.max_answer = llm, llm.get_tokenizer(), max_answer
        self.form = choose_format(self.tokenizer, form)
        self.context: int = llm.llm_engine.model_config.max_model_len
        marks = delimiters_of(self.tokenizer, self.form)
        self._greedy = generate_with(llm, self.tokenizer, marks, GREEDY, None)

    @classmethod
    def load(
        cls,
        path: str | Path,
        max_answer: int,
        settings: dict[str, Any],
        form: Format | str | None = None,
    ) -> Self:
        """Start vLLM with the model in this folder, or of this hub name.

        `settings` are the arguments of `vllm.LLM`.
        Raises CourseError if vLLM is not installed or cannot start with this model, or if the
        format does not fit it, which is checked first.
        """
        try:
            from transformers import AutoTokenizer
            from vllm import LLM
        except ImportError:
            raise CourseError('vLLM is not installed: pip install ".[gpu]".') from None
        check_folder(path)
        try:
            choose_format(AutoTokenizer.from_pretrained(path, trust_remote_code=False), form)
            llm = LLM(str(path), **{"trust_remote_code": False} | settings)
        except CourseError:
            raise
        except Exception as error:  # no GPU, too little memory, no such model, no network ...
            raise CourseError(
                f"vLLM cannot start with {path}: check the name, the network and the memory that "
                f"is free ({type(error).__name__}: {error!s:.300})"
            ) from None
        return cls(llm, max_answer, form)

    def think(
        self,
        questions: Iterable[str],
        budget: Budget,
        progress: ProgressCallback | None = None,
        sampling: Sampling = GREEDY,
    ) -> list[Trace]:
        """Think about each question under the budget, and answer it."""
        return think(
            self.llm, self.tokenizer, questions, budget, sampling, self.form, progress=progress
        )

    def answer_from_prefix(
        self, traces: list[Trace], limit: int | None = None, waits: int | None = None
    ) -> list[Trace]:
        """Write the answers that these greedy traces lead to under a smaller budget."""
        return stop_and_continue.answer_from_prefix(
            self._greedy, self.tokenizer, traces, limit, waits, self.max_answer, self.form
        )

    def answer_directly(
        self, questions: Iterable[str], progress: ProgressCallback | None = None
    ) -> list[Trace]:
        """Answer without any thinking, in the model's ordinary chat format."""
        return stop_and_continue.answer_directly(
            self._greedy,
            self.tokenizer,
            questions,
            self.context,
            self.max_answer,
            self.form,
            progress,
        )

    def close(self) -> None:
        """Stop vLLM's engine and free its memory."""
        self.llm.llm_engine.engine_core.shutdown()
