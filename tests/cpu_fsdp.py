"""Fine-tune as `s1lib.finetuning` does, for the tests: the smoke profile, one process or several.

`accelerate` considers FSDP for GPUs only and quietly falls back to DDP on a CPU. So that FSDP2
itself is tested, accelerate's state is told otherwise before anything else runs. Never imported
by the course.
"""

import functools
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType

_init = AcceleratorState.__init__


@functools.wraps(_init)
def _with_fsdp(self, *args, **kwargs):
    first = not AcceleratorState._shared_state.get("_cpu_fsdp")
    _init(self, *args, **kwargs)
    wanted = os.environ.get("ACCELERATE_USE_FSDP") == "true" and kwargs.get("fsdp_plugin")
    if first and wanted and self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, kwargs["fsdp_plugin"]
        PartialState._shared_state["distributed_type"] = DistributedType.FSDP
        AcceleratorState._shared_state["_cpu_fsdp"] = True


AcceleratorState.__init__ = _with_fsdp


def main() -> None:
    """Arguments: the output folder, and JSON with `method`, `loss_weight`, `accumulate` and
    `pause` (seconds per step)."""
    import torch

    torch.set_num_threads(1)
    from s1lib.config import load_profile
    from s1lib.finetuning import run as sft
    from s1lib.io import DATA, read_rows

    out, how = Path(sys.argv[1]), json.loads(sys.argv[2])
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    smoke = load_profile("smoke")
    profile = replace(
        smoke,
        method=how.get("method", "full"),
        loss_weight=how.get("loss_weight", "token"),
        sft=smoke.sft
        | {
            "num_train_epochs": 2,
            "per_device_train_batch_size": 16 // processes // how.get("accumulate", 1),
            "gradient_accumulation_steps": how.get("accumulate", 1),
            "accelerator_config": {"gradient_accumulation_kwargs": {"sync_each_batch": True}},
            "save_strategy": "steps",
            "save_steps": 2,
        },
    )
    saved = sft.save_model

    def spy(trainer, *rest) -> None:
        parameter = next(iter(trainer.model.parameters()))
        about = {
            "wrapper": type(trainer.model).__name__,
            "parameter": type(parameter.data).__name__,
            "distributed": str(trainer.accelerator.distributed_type),
            "processes": trainer.args.world_size,
        }
        saved(trainer, *rest)
        if trainer.is_world_process_zero():
            (out / "about.json").write_text(json.dumps(about))

    sft.save_model = spy
    sft._Progress.on_step_end = lambda *args, **kwargs: time.sleep(how.get("pause", 0))
    rows = read_rows(DATA / "curated.jsonl")[:48]
    sft.finetune(rows, profile, out, DATA / "base", seed=0, data_name="rows of curated.jsonl")


if __name__ == "__main__":
    main()
