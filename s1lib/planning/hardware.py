"""What hardware is here, and which settings fit it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil
import torch

from s1lib.config import Profile, load_profile, profile_names
from s1lib.errors import CourseError
from s1lib.planning.planner import GIB, first_change, memory, setup_of

BEST_FIRST = ("h100x16", "h100x8", "gpu", "laptop")


@dataclass(frozen=True)
class Hardware:
    """The GPUs that the processes of this run have, one each. GiB per card."""

    gpus: int
    name: str = ""
    free: float = 0.0
    bf16: bool = False
    idle: int = 0  # further cards here that no process uses


def detect_hardware() -> Hardware:
    """Look at this machine, as this process sees it."""
    if not torch.cuda.is_available():
        return Hardware(0)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    card = int(os.environ.get("LOCAL_RANK", "0"))
    mine = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return Hardware(
        processes,
        torch.cuda.get_device_name(card),
        torch.cuda.mem_get_info(card)[0] / GIB,
        torch.cuda.is_bf16_supported(including_emulation=False),
        torch.cuda.device_count() - mine,
    )


def merge_memory(profile: Profile, parameters: int) -> float:
    """Return the GiB of the computer's memory that merging an adapter takes: the base model, whole,
    and a tenth for writing it."""
    return 1.1 * parameters * (4 if profile.weights_dtype == "float32" else 2) / GIB


def check_merge(profile: Profile, parameters: int) -> None:
    """Check that the adapter can be merged on this computer when the training is over.

    Raises CourseError if not: the run would be done and its model lost to a killed process.
    """
    need, free = merge_memory(profile, parameters), psutil.virtual_memory().available / GIB
    if profile.method != "full" and need > free:
        raise CourseError(
            f"merging the adapter into {profile.model} takes {need:.0f} GiB of the computer's "
            f"memory and {free:.0f} GiB are free: close other programs, or take a smaller model."
        )


def launch_command(profile: Profile) -> str:
    """Return the command that starts this profile with a process on each GPU."""
    precision = "" if profile.sft.get("bf16") else " --mixed_precision no"
    return (
        f"accelerate launch --config_file scripts/fsdp2.yaml --num_processes {profile.gpus}"
        f"{precision} -m s1lib.finetuning --profile {profile.name}"
    )


def why_unfit(profile: Profile, hardware: Hardware) -> str | None:
    """Say why this profile cannot be trained on this hardware, with the fix; None if it can."""
    if profile.gpus == 0:
        return None
    if hardware.gpus == 0:
        return "there is no GPU here: use `--profile laptop`, or a machine with one."
    if hardware.gpus != profile.gpus:  # another number would change the batch
        other = (
            f"start it with `{launch_command(profile)}`" if profile.gpus > 1 else "start it without"
        )
        return f"it takes {profile.gpus} GPUs with a process each and has {hardware.gpus}: {other}."
    if profile.sft.get("bf16") and not hardware.bf16:
        return (
            f"{hardware.name} does not compute in bfloat16: set bf16 = false, fp16 = true and "
            f'weights_dtype = "float16" in s1lib/profiles/{profile.name}.toml, or use a newer '
            "card."
        )
    setup = setup_of(profile)
    need = sum(memory(setup).values())
    if need > 0.95 * hardware.free:
        return (
            f"{profile.model} ({profile.method}, {setup.longest:,} tokens) takes {need:.0f} GiB "
            f"on each card and {hardware.free:.0f} GiB are free: "
            f"{first_change(setup, hardware.free)}."
        )
    return None


def check_launch(profile: Profile) -> None:
    """Check that the processes were started so that the model is sharded and kept as planned.

    Raises CourseError with the right command: without FSDP each card would hold the whole model,
    and with mixed precision accelerate keeps float32 weights whatever the profile says.
    """
    if profile.gpus < 2:
        return
    sharded = os.environ.get("ACCELERATE_USE_FSDP") == "true"
    precision = "bf16" if profile.sft.get("bf16") else "no"
    if not sharded or os.environ.get("ACCELERATE_MIXED_PRECISION", "no") != precision:
        raise CourseError(
            f"the profile {profile.name} is started with `{launch_command(profile)}`."
        )


def select_config(
    profile: Profile, hardware: Hardware, report: Callable[[str], object] = print
) -> Profile:
    """Return the profile with the first of its choices that fits this hardware; report which.

    Raises CourseError if none does, before anything is loaded.
    """
    reasons = []
    for choice in profile.choices or [{}]:
        sizes = {k: choice[k] for k in ("model", "method") if k in choice}
        lora = profile.lora | {k: choice[k] for k in ("r",) if k in choice}
        sft = profile.sft | {k: choice[k] for k in ("max_length",) if k in choice}
        candidate = replace(profile, **sizes, lora=lora, sft=sft)
        reason = why_unfit(candidate, hardware)
        if reason is None:
            if choice and hardware.gpus:
                need = sum(memory(setup_of(candidate)).values())
                report(
                    f"{candidate.model} with {candidate.method}, rank {lora['r']}, up to "
                    f"{sft['max_length']:,} tokens: {need:.0f} of {hardware.free:.0f} GiB"
                )
            return candidate
        reasons.append(reason)
    raise CourseError(f"the profile {profile.name} does not fit: {reasons[-1]}")


def best_profile(hardware: Hardware | None = None, report: Callable[[str], object] = print) -> str:
    """Return the first of BEST_FIRST that this hardware can train; report why."""
    hardware = hardware or detect_hardware()
    for name in BEST_FIRST:
        if name not in profile_names():
            continue
        try:
            select_config(load_profile(name), hardware, report=lambda text: None)
        except CourseError:
            continue
        here = f"{hardware.gpus} x {hardware.name}" if hardware.gpus else "no GPU"
        report(f"auto: {here}, so the profile {name}")
        if hardware.idle:
            report(f"auto: {hardware.idle} more GPUs here are not used by a single process")
        return name
    raise CourseError("no profile fits this machine.")
