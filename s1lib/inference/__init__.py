"""Budget forcing, and the engines that run a model under a budget."""

from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.budget import Format
from s1lib.inference.engine import Engine


def check_format(model: str | Path, form: Format | str | None = None) -> Format:
    """Return the format that a model will be run in, from its tokenizer alone.

    Raises CourseError if the format does not fit, or the tokenizer cannot be loaded.
    """
    from transformers import AutoTokenizer

    from s1lib.inference.formats import choose_format

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    except Exception as error:  # OSError, ValueError: all mean the same to a reader
        raise CourseError(
            f"cannot load the tokenizer of {model}: check the name and the network "
            f"({type(error).__name__})."
        ) from None
    return choose_format(tokenizer, form)


def open_engine(
    model: str | Path,
    batch_size: int = 64,
    max_answer: int = 1024,
    vllm: dict[str, Any] | None = None,
    form: Format | str | None = None,
    share: bool = False,
) -> Engine:
    """Load a model, from a folder or by its hub name, into the engine that the settings ask for.

    `batch_size` is questions decoded together and `max_answer` tokens of answer. With `vllm`,
    the arguments of `vllm.LLM`, vLLM runs the model; without, transformers does. `form` is how the
    model marks its thinking: a name of `s1lib.inference.formats.FORMATS`, or None for the one that
    its chat template shows. With `share` a tiny model on a CPU takes a process for each core until
    the engine is closed; its answers are the same.
    Raises CourseError if the model cannot be loaded, its template fits no format, or vLLM is
    missing or cannot start.
    """
    if vllm is not None:
        from s1lib.inference.vllm import VLLMEngine

        return VLLMEngine.load(model, max_answer, vllm, form)
    from s1lib.inference.hf import HFEngine  # torch and transformers are slow to import

    return HFEngine.load(model, batch_size, max_answer, form, share)
