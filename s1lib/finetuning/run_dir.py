"""The folder of a fine-tuning run: which run it is, where to resume, and what may be replaced."""

import hashlib
import json
import shutil
from pathlib import Path

from datasets import Dataset

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.finetuning.checkpoints import checkpoints, last_checkpoint
from s1lib.inference import checksums
from s1lib.inference.model_folder import why_no_json
from s1lib.io import read_json, refuse_link, write_json


def run_identity(
    data: Dataset, profile: Profile, base: str | Path, seed: int, processes: int = 1
) -> dict:
    """Collect what makes two runs the same: settings, seed, processes, hashes of data and base.

    `base_path`, where the base model was, is kept beside the hash of its weights and is not
    compared: a folder may move between two runs. A model on the hub has its name in both places.
    """
    rows = json.dumps([data["prompt"][:], data["completion"][:]]).encode()
    folder = Path(base)
    return {
        "data": hashlib.sha256(rows).hexdigest()[:16],
        "base": _hash_of_weights(folder) or str(base),
        "base_path": str(folder.resolve() if folder.is_dir() else base),
        "method": profile.method,
        "weights_dtype": profile.weights_dtype,
        "loss_weight": profile.loss_weight,
        "lora": profile.lora if profile.method != "full" else None,
        "sft": {k: v for k, v in profile.sft.items() if k not in ("logging_steps",)},
        "seed": seed,
        "processes": processes,
    }


def _hash_of_weights(folder: Path) -> str | None:
    """Hash the weights of a model, one file or several shards; None if there are none here."""
    whole = hashlib.sha256()
    shards = sorted(folder.glob("model*.safetensors"))
    for shard in shards:
        with shard.open("rb") as file:
            while part := file.read(2**24):
                whole.update(part)
    return whole.hexdigest()[:16] if shards else None


def check_folder(out: Path, run: dict, overwrite: bool) -> Path | None:
    """Find the whole checkpoint to resume from, if there is one. Changes nothing.

    Raises CourseError if `out` holds a finished model, checkpoints of another run, a link, or
    anything that is not of a run like this; or if its `run.json` is damaged, unless `overwrite`.
    """
    for place in (out, *out.rglob("*")):
        refuse_link(place)
    path, known = out / "run.json", None
    if path.exists() and not (overwrite and why_no_json(path)):
        fix = "it tells whose checkpoints these are. Start again with --overwrite."
        known = read_json(path, fix)
    processes = (known or run).get("processes", 1)
    checkpoint = last_checkpoint(out / "checkpoints", processes)
    foreign = not path.exists() and not (out / "loss.json").exists()
    if foreign and any(file.is_file() and file.suffix != ".tmp" for file in out.rglob("*")):
        raise CourseError(f"{out} is not empty and holds no run: choose another folder with --out.")
    changed = [k for k in run if k != "base_path" and (known or {}).get(k) != run[k]]
    if known and not changed and checkpoint and not (out / "loss.json").exists():
        return checkpoint
    if overwrite:
        return None
    if (out / "loss.json").exists():
        raise CourseError(
            f"{out.name}/ holds a finished model: train with --overwrite to replace it, or move "
            "it away."
        )
    if checkpoint:
        raise CourseError(
            f"{out.name}/checkpoints is of a run with another {', '.join(changed)}: restore these "
            "settings to go on, or start again with --overwrite."
        )
    return None


def note_base(out: Path, run: dict) -> bool:
    """Note in `run.json` where the base model is now; tell whether it was somewhere else before."""
    path = out / "run.json"
    known = read_json(path)
    moved = known.get("base_path") != run["base_path"]
    if moved:
        write_json(path, known | {"base_path": run["base_path"]})
    return moved


def check_disk(out: Path, profile: Profile, parameters: int) -> None:
    """Check that model and checkpoints have room: a full disk at the end would lose the run.

    Raises CourseError if not.
    """
    width = 4 if profile.weights_dtype == "float32" else 2
    need = width * parameters
    if profile.sft["save_strategy"] != "no" and profile.method == "full":
        need += 2 * 4 * width * parameters  # two at a time: the model twice, and two moments
    there = next(p for p in (out, *out.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if need > 0.95 * free:
        raise CourseError(
            f"model and checkpoints take {need / 1e9:,.0f} GB of disk and {free / 1e9:,.0f} GB are "
            f"free in {there.name or there}: choose another place with --out or S1_BUILD."
        )


def clear_folder(out: Path, run: dict) -> None:
    """Make `out` ready for a new run: what an earlier one left there is deleted.

    Damaged checkpoints of a run that begins again are kept until it ends.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in (*checkpoints(out / "checkpoints"), out / "adapter"):
        shutil.rmtree(old, ignore_errors=True)
    # an old model.safetensors beside new shards would be the one that is loaded
    for old in (out / "loss.json", out / checksums.FILE, *out.glob("model*.safetensors*")):
        old.unlink(missing_ok=True)
    write_json(out / "run.json", run)
