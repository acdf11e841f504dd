"""What all commands share: the `--profile` option."""

import argparse
import os

from s1lib.config import AUTO, Profile, load_profile, profile_names


def add_profile(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the option `--profile`; without it S1_PROFILE chooses, else `laptop`."""
    names = ", ".join(profile_names())
    parser.add_argument(
        "--profile", default=default, help=f"{names}, or {AUTO}: the largest that fits this machine"
    )


def resolve_auto(name: str | None) -> str | None:
    """Return a profile's name as it is, but for `auto`: the largest that this machine can train."""
    if name != AUTO:
        return name
    from s1lib.planning.hardware import best_profile  # torch is slow to import

    return best_profile()


def profile_from(args: argparse.Namespace) -> Profile:
    """Load the profile that `--profile` or S1_PROFILE names. Raises what `load_profile` raises."""
    return load_profile(resolve_auto(args.profile or os.environ.get("S1_PROFILE")))
