"""The command `s1`: `s1 distill`, `s1 curate`, `s1 sft`, `s1 evaluate` ...

Each is the same as `python -m s1lib.<chapter>`.
"""

import sys

from s1lib.errors import run_module

COMMANDS = {
    "distill": ("s1lib.distillation.run", "ask a teacher every question and keep its thinking"),
    "curate": ("s1lib.curation.run", "from the distilled pool to the 1,000 examples"),
    "sft": ("s1lib.finetuning.run", "fine-tune a model on the curated set"),
    "plan": ("s1lib.finetuning.plan", "what a fine-tuning run takes in memory, hours, dollars"),
    "evaluate": ("s1lib.evaluation.run", "measure models under many budgets"),
    "results": ("s1lib.results.run", "make a recorded result of the course again"),
}


def main() -> None:
    """Run the command that the first argument names; without one, list them."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print("usage: s1 COMMAND ...\n")
        for command, (_, purpose) in COMMANDS.items():
            print(f"  {command:9} {purpose}")
        print("\n`s1 COMMAND --help` lists its options.")
        return
    if name not in COMMANDS:
        raise SystemExit(f"error: there is no command {name!r}: choose {', '.join(COMMANDS)}.")
    del sys.argv[1]  # the command's own parser sees the rest
    run_module(COMMANDS[name][0])


if __name__ == "__main__":
    main()
