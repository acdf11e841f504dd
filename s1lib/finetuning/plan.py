"""Say what a profile's fine-tuning takes, before anything is rented.

`s1 plan --profile h100x16`, or `python -m s1lib.finetuning.plan`. See `s1lib.planning.planner`.
"""

import argparse
from dataclasses import replace

from s1lib.commands import add_profile, profile_from
from s1lib.errors import CourseError, run_command
from s1lib.planning.hardware import Hardware, detect_hardware, merge_memory, select_config
from s1lib.planning.model_shapes import CARDS, card_named
from s1lib.planning.planner import Plan, plan, setup_of


def describe(p: Plan) -> str:
    """Describe a plan in words and numbers."""
    lines = [f"{name:12} {part:6.1f} GiB" for name, part in p.parts.items()]
    verdict = "fits" if p.fits else f"does not fit: {p.change}"
    lines.append(f"{'in all':12} {p.total:6.1f} GiB of {p.free:.0f} on each {p.card}: {verdict}")
    money = "" if p.dollars is None else f", ${p.dollars:,.0f}"
    lines.append(
        f"{p.tokens_per_second:,.0f} tokens per second and card: {60 * p.hours:,.0f} minutes, "
        f"{p.gpu_hours:,.1f} GPU-hours{money} (estimated, within a quarter)"
    )
    if p.setup.gpus > 8:
        lines.append("between machines: a network of 400 Gb/s for each card is assumed")
    if p.setup.mean is None:
        lines.append("every sequence is assumed to be the longest: give --mean for yours")
    return "\n".join(lines)


def hardware_of(card: str | None, gpus: int) -> Hardware:
    """Return so many cards of this name; without a name those of this machine, else H100s."""
    here = detect_hardware()
    if card is None and here.gpus:
        return replace(here, gpus=gpus)  # as if each had its process
    name = card or "H100"
    return Hardware(gpus, name, CARDS[name].memory, CARDS[name].bf16)


def main() -> None:
    """Plan a profile's fine-tuning."""
    parser = argparse.ArgumentParser(prog="s1 plan", description=main.__doc__)
    add_profile(parser, default="h100x16")
    parser.add_argument("--card", choices=CARDS, help="default: this machine's, else H100")
    parser.add_argument("--price", type=float, help="dollars per GPU-hour")
    parser.add_argument("--longest", type=int, help="tokens of the longest sequence")
    parser.add_argument("--mean", type=float, help="tokens of a sequence (s1K: 5658)")
    parser.add_argument("--balance", type=float, help="mean over longest of a step")
    args = parser.parse_args()
    profile = profile_from(args)
    if not profile.gpus:
        raise CourseError(f"the profile {profile.name} needs no GPU: there is nothing to plan.")
    hardware = hardware_of(args.card, profile.gpus)
    if profile.choices:  # as `s1 sft` takes the first that fits
        profile = select_config(profile, hardware)
    setup = setup_of(profile)
    mean = args.mean or (5658 if profile.dataset == "simplescaling/s1K" else None)
    longest, balance = args.longest or setup.longest, args.balance or setup.balance
    setup = replace(setup, longest=longest, mean=mean, balance=balance)
    print(f"{profile.model}, {profile.method}, {setup.gpus} GPUs, up to {setup.longest:,} tokens")
    card = args.card or card_named(hardware.name)
    print(describe(plan(setup, card, profile.curated, price=args.price, free=hardware.free)))
    if profile.method != "full":
        need = merge_memory(profile, setup.shape.parameters)
        print(f"merging the adapter at the end takes {need:.0f} GiB of the computer's memory")


if __name__ == "__main__":
    run_command(main)
