"""Make everything under data/ again, from nothing: `python course.py data`.

About four hours on two cores. Each step goes on where it was interrupted.
"""

import os
import shutil
import sys
from pathlib import Path

from environment import ROOT, call

BUILD = Path(os.environ["S1_BUILD"])  # course.py sets it
DATA = ROOT / "data"
RESULTS = ("main_result", "lora", "table2", "table3", "table4", "table8", "figure6", "figure7",
           "nowait", "batches", "loss_weight")  # fmt: skip


def step(*arguments: str) -> None:
    """Run a module of s1lib; the first that fails ends the work."""
    if code := call([sys.executable, "-m", *arguments], os.environ | {"S1_PROFILE": "laptop"}):
        raise SystemExit(code)


def main() -> None:
    """Run all stages in order; each result is copied to data/ as soon as it is there."""
    step("s1lib.toyworld.pool")
    for size in ("base", "small"):
        step("s1lib.toyworld.pretrain", "--size", size)
        shutil.copytree(BUILD / size, DATA / size, dirs_exist_ok=True)
    step("s1lib.distillation")
    shutil.copy(BUILD / "traces.jsonl", DATA)
    step("s1lib.curation")
    for name in ("curated.jsonl", "funnel.json"):
        shutil.copy(BUILD / name, DATA)
    for name in RESULTS:
        step("s1lib.results", name)
    shutil.rmtree(DATA / "sft", ignore_errors=True)
    shutil.copytree(BUILD / "results_cache/sft-0", DATA / "sft")


if __name__ == "__main__":
    main()
