"""Checkpoints as the trainer writes them, without a training."""

import shutil
from pathlib import Path

import torch

from s1lib.inference.checksums import write_checksums
from s1lib.io import DATA, write_json


def write_checkpoint(folder: Path, step: int) -> Path:
    """Write the files of one checkpoint into the folder of checkpoints."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    shutil.copy(DATA / "base" / "model.safetensors", checkpoint)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save({"state": torch.arange(1000)}, checkpoint / name)
    write_json(checkpoint / "trainer_state.json", {"global_step": step})
    write_checksums(checkpoint)
    return checkpoint
