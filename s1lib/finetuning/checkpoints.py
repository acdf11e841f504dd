"""A trainer's checkpoints: which of them are whole, so that a run can go on from there."""

from collections.abc import Callable
from pathlib import Path

from s1lib.inference.checksums import why_changed
from s1lib.inference.model_folder import (
    INDEX,
    WEIGHTS,
    why_no_json,
    why_no_weights,
    why_no_zip,
)
from s1lib.io import set_aside

ADAPTER = "adapter_model.safetensors"
SHARDED = ("pytorch_model_fsdp.bin", "pytorch_model_fsdp_0")  # a file, or a folder of parts


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints in a folder, whole or not, the newest first."""
    found = {int(n): p for p in folder.glob("checkpoint-*") if (n := p.name[11:]).isdigit()}
    return [found[step] for step in sorted(found, reverse=True)]


def last_checkpoint(folder: Path, processes: int = 1) -> Path | None:
    """Find the newest whole checkpoint of a run with so many processes; see `why_not_whole`."""
    return next((p for p in checkpoints(folder) if not why_not_whole(p, processes)), None)


def why_not_whole(checkpoint: Path, processes: int = 1) -> str | None:
    """Say what a checkpoint lacks or which of its files is damaged; None if it is whole.

    The trainer would go on without what is missing, with a fresh optimizer or other random numbers.
    """
    state = checkpoint / "trainer_state.json"  # written last
    if not state.exists():
        return "it was not written to its end"
    if reason := why_no_json(state):
        return reason
    files = {path.name for path in checkpoint.iterdir()}
    if not files & {WEIGHTS, INDEX, ADAPTER, *SHARDED}:
        return f"{WEIGHTS} is missing"
    for name in {WEIGHTS, INDEX, ADAPTER} & files:
        if reason := why_no_weights(checkpoint, WEIGHTS if name == INDEX else name):
            return reason
    if not files & {"optimizer.pt", "optimizer.bin", "optimizer_0"}:
        return "optimizer.pt is missing"
    random_states = [name for name in files if name.startswith("rng_state")]
    if len(random_states) < processes:
        return "rng_state.pth is missing"
    if "scheduler.pt" not in files:
        return "scheduler.pt is missing"
    for name in sorted(files):  # what torch saved is a zip file, with a sum of each part
        if name.endswith((".pt", ".pth", ".bin")) and (reason := why_no_zip(checkpoint / name)):
            return reason
    return why_changed(checkpoint)


def set_damaged_aside(folder: Path, processes: int, report: Callable[[str], object]) -> None:
    """Rename the checkpoints that are not whole, and report each with its reason."""
    for path in checkpoints(folder):
        if reason := why_not_whole(path, processes):
            report(f"{path.name} is not used: {reason}; kept as {set_aside(path).name}")
