"""A model's folder, looked through before it is loaded: each damaged or missing file by its name.

transformers fills tensors that a file lacks with random numbers and only warns; here that is an
error. No code that lies beside a model is run (`trust_remote_code=False`).
"""

import json
import zipfile
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.checksums import why_changed

SETTINGS = ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")  # older models on the hub
RESTORE = (
    "Restore a shipped model with `git checkout -- data/`; train one of your own again with "
    "--overwrite (`s1 sft`); download one of the hub again; delete the folder of one from a "
    "package."
)
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def why_damaged(folder: Path) -> str | None:
    """Say what is wrong with the files of a model's folder; None if they can be loaded.

    Of weights without a checksum (see `s1lib.inference.checksums`) only the headers are read.
    """
    for name in SETTINGS:
        if (folder / name).exists() and (reason := why_no_json(folder / name)):
            return reason
    if not (folder / "config.json").exists():
        return "config.json is missing"
    if not any((folder / name).exists() for name in TOKENIZERS):
        return "tokenizer.json is missing"
    return why_no_weights(folder) or why_changed(folder)


def why_no_json(path: Path) -> str | None:
    """Say why a file holds no JSON object; None if it does."""
    try:
        whole = isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        whole = False
    return None if whole else f"{path.name} is empty or damaged"


def why_no_zip(path: Path) -> str | None:
    """Say why a file that torch saved is not whole; None if it is.

    It is a zip file with a checksum of each part, which torch itself does not compare.
    """
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, EOFError):
        damaged = path.name
    return f"{path.name} is cut short or damaged" if damaged else None


def why_no_weights(folder: Path, name: str = WEIGHTS) -> str | None:
    """Say why the weights of a folder, in one file or in several, are not whole; None if they are.

    A single file is looked for under `name`.
    """
    if (folder / name).exists():
        return _why_cut(folder / name)
    if not (folder / INDEX).exists():
        return None if any((folder / p).exists() for p in PICKLES) else f"{name} is missing"
    if reason := why_no_json(folder / INDEX):
        return reason
    shards = json.loads((folder / INDEX).read_bytes()).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        return f"{INDEX} names no weights"
    for shard in sorted(set(map(str, shards.values()))):
        if "/" in shard or not (folder / shard).exists():
            return f"{shard} is missing"
        if reason := _why_cut(folder / shard):
            return reason
    missing = sorted(set(shards) - tensor_names(folder))
    return f"the tensor {missing[0]} is missing from {shards[missing[0]]}" if missing else None


def tensor_names(folder: Path) -> set[str]:
    """Read the names of all tensors in the files `*.safetensors` of a folder."""
    from safetensors import safe_open

    names: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "numpy") as file:
            names.update(file.keys())
    return names


def _why_cut(path: Path) -> str | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:  # compares the header with the size of the file
            return None if file.keys() else f"{path.name} holds no tensors"
    except (SafetensorError, OSError, ValueError):
        return f"{path.name} is cut short or damaged"


def check_folder(model: str | Path) -> None:
    """Check the files of a model on this computer; a name on the hub is left to transformers.

    Raises CourseError that names the file and the fix.
    """
    folder = Path(model)
    if folder.is_dir() and (reason := why_damaged(folder)):
        raise CourseError(
            f"cannot load a model from {model}: it is missing or damaged ({reason}). {RESTORE}"
        )


def load_weights(model: str | Path, **settings: Any) -> Any:
    """Load a model with transformers; `settings` are those of `from_pretrained`.

    Raises CourseError if tensors are missing, of another shape, or of no use to the model: what
    transformers would fill with random numbers or leave out. Raises what transformers raises.
    """
    from transformers import AutoModelForCausalLM

    loaded, found = AutoModelForCausalLM.from_pretrained(
        model, output_loading_info=True, trust_remote_code=False, **settings
    )
    for what, key in (
        ("lacks", "missing_keys"),
        ("has another shape for", "mismatched_keys"),
        ("has, beside those of the model,", "unexpected_keys"),
    ):
        if names := sorted(map(str, found[key])):
            raise CourseError(
                f"cannot load a model from {model}: its file of weights {what} {len(names)} "
                f"tensors, {names[0]} among them, and would not be the model that was saved. "
                f"{RESTORE}"
            )
    return loaded
