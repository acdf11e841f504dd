"""How many threads are used: threads that wait for each other make a busy computer slow.

The threads of a parallel loop wait for the last of them by spinning, which takes the very core that
it needs where other programs run. So a tiny model decodes with one thread, which is about as fast
on an idle computer, and all other loops spin little. Nothing here imports torch: what OpenMP reads
from the environment must be there before.
"""

import contextlib
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TINY = 20_000_000  # weights; below, a step is too short to be shared among threads
MOST_PROCESSES = 4  # each takes the memory of Python, torch and the work: 0.3 GB and more
SPINS = "1000"  # rounds that GNU OpenMP waits in a loop before a thread sleeps
CGROUPS = Path("/sys/fs/cgroup")


def available_cores() -> int:
    """Count the cores that this process may use: by its affinity and a container's CPU limit."""
    cores, limit = _cores(), cpu_limit()
    return cores if limit >= cores else max(1, math.ceil(limit))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS, Windows


def processes() -> int:
    """Count the processes of one thread each that may share a piece of work.

    There are as many as cores, and never more than MOST_PROCESSES, or threads that the user allows
    with OMP_NUM_THREADS.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    allowed = int(asked) if asked.isdecimal() and int(asked) else MOST_PROCESSES
    return min(available_cores(), allowed, MOST_PROCESSES)


def cpu_limit(root: Path = CGROUPS, groups: Path = Path("/proc/self/cgroup")) -> float:
    """Read how many cores' time the control group of this process may take; without limit, inf.

    A limit may lie on the group or on any above it, in version 2 (`cpu.max`) or 1 (`cfs_quota_us`).
    """
    limits = [math.inf]
    with contextlib.suppress(OSError):
        for line in groups.read_text(encoding="utf-8").splitlines():
            _, kinds, group = line.split(":", 2)
            if kinds == "":
                limits += [_limit(folder) for folder in _upwards(root, group)]
            elif "cpu" in kinds.split(","):
                limits += [_limit(folder) for folder in _upwards(root / "cpu", group)]
    return min(limits)


def _upwards(root: Path, group: str) -> list[Path]:
    parts = [part for part in group.split("/") if part not in ("", "..")]
    return [root.joinpath(*parts[:n]) for n in range(len(parts) + 1)]


def _limit(folder: Path) -> float:
    """Read the limit of one group. No file, no limit, or one that we cannot read: inf."""
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="utf-8")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="utf-8")
        if quota != "max" and int(quota) > 0:
            return int(quota) / int(period)
    return math.inf


def prepare_openmp() -> None:
    """Let threads spin little, and be no more than the cores of a container.

    What the user has set stays. Where torch is loaded already it is too late, and nothing is set.
    """
    if "torch" in sys.modules:
        return
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    if available_cores() < _cores():  # OpenMP knows of the affinity, not of the limit
        os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))


def is_tiny(model: Any) -> bool:
    """Whether a model runs on a CPU and is so small that one thread is enough."""
    return model.device.type == "cpu" and sum(p.numel() for p in model.parameters()) < TINY


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread in this block, and as many as before behind it."""
    import torch

    before = torch.get_num_threads()
    if before > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before > 1:
            torch.set_num_threads(before)
