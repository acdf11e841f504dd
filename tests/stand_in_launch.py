"""`accelerate launch` as the documents tell it, on two CPU processes that stand in for GPUs.

As a script, `python stand_in_launch.py CARDS MODULE ...` is what each process runs: a module of
the course on a machine with so many H100s, as the course is made to believe.
"""

import os
import runpy
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def on_two_processes(words: list[str], folder: Path, cards: int, port: int) -> list[str]:
    """Take over a command line of `accelerate launch` with all its options.

    The configuration that it names is kept but for the device and the number of processes; files
    for this go to `folder`.
    """
    at = words.index("-m")
    options, module = words[2:at], words[at + 1 :]
    place = options.index("--config_file") + 1
    settings = yaml.safe_load((ROOT / options[place]).read_text(encoding="utf-8"))
    path = folder / f"on_cpu-{os.getpid()}.yaml"
    path.write_text(yaml.safe_dump(settings | {"use_cpu": True, "num_processes": 2}))
    options[place] = str(path)
    for name, value in (("--num_processes", "2"), ("--main_process_port", str(port))):
        if name in options:
            options[options.index(name) + 1] = value
        else:
            options += [name, value]
    launch = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch"]
    return [*launch, *options, __file__, str(cards), *module]


def main() -> None:
    """Run the module; see the top."""
    import cpu_fsdp  # noqa: F401 - lets accelerate shard on CPUs
    import pytest
    import torch
    from stand_in import use_cards

    torch.set_num_threads(1)
    cards, module, *arguments = sys.argv[1:]
    use_cards(pytest.MonkeyPatch(), int(cards))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
