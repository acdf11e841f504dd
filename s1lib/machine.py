"""What machine this is, and which settings fit it."""

import os
from dataclasses import dataclass, replace

import torch

from s1lib.planner import GIB, first_change, memory, setup_of
from s1lib.profile import FOLDER, Profile, load_profile
from s1lib.store import CourseError

BEST_FIRST = ("h100x16", "h100x8", "gpu", "laptop")


@dataclass(frozen=True)
class Machine:
    """The GPUs that the processes of this run have, one each. GiB per card."""

    gpus: int
    name: str = ""
    free: float = 0.0
    bf16: bool = False
    idle: int = 0  # further cards here that no process uses


def look() -> Machine:
    """This machine, as this process sees it."""
    if not torch.cuda.is_available():
        return Machine(0)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    card = int(os.environ.get("LOCAL_RANK", "0"))
    mine = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return Machine(
        processes,
        torch.cuda.get_device_name(card),
        torch.cuda.mem_get_info(card)[0] / GIB,
        torch.cuda.is_bf16_supported(including_emulation=False),
        torch.cuda.device_count() - mine,
    )


def launch(profile: Profile) -> str:
    """The command that starts this profile with a process on each GPU."""
    precision = "" if profile.sft.get("bf16") else " --mixed_precision no"
    return (
        f"accelerate launch --config_file scripts/fsdp2.yaml --num_processes {profile.gpus}"
        f"{precision} -m s1lib.sft --profile {profile.name}"
    )


def short_of(profile: Profile, machine: Machine) -> str | None:
    """Why this profile cannot be trained on this machine, with the mend; None if it can."""
    if profile.gpus == 0:
        return None
    if machine.gpus == 0:
        return "there is no GPU here: use `--profile laptop`, or a machine with one."
    if machine.gpus != profile.gpus:  # another number would change the batch
        other = f"start it with `{launch(profile)}`" if profile.gpus > 1 else "start it without"
        return f"it takes {profile.gpus} GPUs with a process each and has {machine.gpus}: {other}."
    if profile.sft.get("bf16") and not machine.bf16:
        return (
            f"{machine.name} does not compute in bfloat16: set bf16 = false, fp16 = true and "
            f'master = "float16" in s1lib/profiles/{profile.name}.toml, or take a newer card.'
        )
    setup = setup_of(profile)
    need = sum(memory(setup).values())
    if need > 0.95 * machine.free:
        return (
            f"{profile.model} ({profile.method}, {setup.longest:,} tokens) takes {need:.0f} GiB "
            f"on each card and {machine.free:.0f} GiB are free: "
            f"{first_change(setup, machine.free)}."
        )
    return None


def check_launch(profile: Profile) -> None:
    """Whether the processes were started so that the model is sharded and kept as planned.

    Raises CourseError with the right command: without FSDP each card would hold the whole model,
    and with mixed precision accelerate keeps float32 weights whatever the profile says.
    """
    if profile.gpus < 2:
        return
    sharded = os.environ.get("ACCELERATE_USE_FSDP") == "true"
    precision = "bf16" if profile.sft.get("bf16") else "no"
    if not sharded or os.environ.get("ACCELERATE_MIXED_PRECISION", "no") != precision:
        raise CourseError(f"the profile {profile.name} is started with `{launch(profile)}`.")


def fitted(profile: Profile, machine: Machine, report=print) -> Profile:
    """The profile with the first of its choices that fits this machine; says which and why.

    Raises CourseError if none does, before anything is loaded.
    """
    reasons = []
    for choice in profile.choices or [{}]:
        sizes = {k: choice[k] for k in ("model", "method") if k in choice}
        lora = profile.lora | {k: choice[k] for k in ("r",) if k in choice}
        sft = profile.sft | {k: choice[k] for k in ("max_length",) if k in choice}
        candidate = replace(profile, **sizes, lora=lora, sft=sft)
        reason = short_of(candidate, machine)
        if reason is None:
            if choice and machine.gpus:
                need = sum(memory(setup_of(candidate)).values())
                report(
                    f"{candidate.model} with {candidate.method}, rank {lora['r']}, up to "
                    f"{sft['max_length']:,} tokens: {need:.0f} of {machine.free:.0f} GiB"
                )
            return candidate
        reasons.append(reason)
    raise CourseError(f"the profile {profile.name} does not fit: {reasons[-1]}")


def best_profile(machine: Machine | None = None, report=print) -> str:
    """The name of the first of BEST_FIRST that this machine can train; says why."""
    machine = machine or look()
    for name in BEST_FIRST:
        if not (FOLDER / f"{name}.toml").exists():
            continue
        try:
            fitted(load_profile(name), machine, report=lambda text: None)
        except CourseError:
            continue
        here = f"{machine.gpus} x {machine.name}" if machine.gpus else "no GPU"
        report(f"auto: {here}, so the profile {name}")
        if machine.idle:
            report(f"auto: {machine.idle} more GPUs here are not used by a single process")
        return name
    raise CourseError("no profile fits this machine.")
