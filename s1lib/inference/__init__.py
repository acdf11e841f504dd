"""Budget forcing, and the engines that run a model under a budget."""

from pathlib import Path
from typing import Any

from s1lib.inference.engine import Engine


def open_engine(
    model: str | Path,
    batch_size: int = 64,
    max_answer: int = 1024,
    vllm: dict[str, Any] | None = None,
) -> Engine:
    """Load a model, from a folder or by its hub name, into the engine that the settings ask for.

    `batch_size` is questions decoded together and `max_answer` tokens of answer. With `vllm`,
    the arguments of `vllm.LLM`, vLLM runs the model; without, transformers does.
    Raises CourseError if the model cannot be loaded, or vLLM is missing or cannot start.
    """
    if vllm is not None:
        from s1lib.inference.vllm import VLLMEngine

        return VLLMEngine.load(model, max_answer, vllm)
    from s1lib.inference.hf import HFEngine  # torch and transformers are slow to import

    return HFEngine.load(model, batch_size, max_answer)
