"""The commands that the documents tell, found in their text and parsed as they would be run.

A command is a code span, or a line of a block of shell, that begins with a program's name; a span
that begins with `--` is options of a command near it. Documents are the README, docs/, the prose of
the notebooks, the scripts for clusters, and the full-scale commands of appendix A3.
"""

import contextlib
import importlib.util
import io
import json
import re
import runpy
import shlex
import sys
import tomllib
import warnings
from argparse import ArgumentParser
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from s1lib import __main__ as s1
from s1lib import paper_numbers
from s1lib.config import AUTO, load_profile, profile_names
from s1lib.io import ROOT
from s1lib.results import run as results

PROGRAMS = {
    "python", "python3", "pip", "make", "s1", "accelerate", "sbatch", "source", "hf", "vllm",
}  # fmt: skip
GENERAL = {  # tell a form and no command
    "python -m ...", "python course.py python -m ...", "python -m s1lib.<folder>", "s1 COMMAND",
}  # fmt: skip
STANDS_FOR = {  # (the word before, what the documents write) -> what it stands for here
    ("--profile", "NAME"): "gpu",
    ("--without", "NAME"): "aime24",
    ("--against", "FILE"): "questions.jsonl",
    ("--size", "N"): "100",
    ("results", "X"): "table2",
    ("s1lib.results", "NAME"): "table2",
    ("--machine_rank", "RANK"): "0",
    ("--main_process_ip", "HOST"): "127.0.0.1",
    ("--price", "..."): "2.50",
}
SPAN = re.compile(r"```(?:bash|shell|sh)\n(.*?)```|```.*?```|`([^`]+)`", re.S)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True)
class Told:
    """A command, or options: where it stands, its text, and the commands of its paragraph."""

    where: str
    text: str
    near: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of the command line, its placeholders filled in."""
        words = shlex.split(self.text)
        before = ["", *words]
        return [STANDS_FOR.get(pair, pair[1]) for pair in zip(before, words, strict=False)]

    @property
    def is_options(self) -> bool:
        return self.text.startswith("--")

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def documents() -> dict[str, str]:
    """The text of each document, by its name."""
    found = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
    }
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        prose = ("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        found[str(path.relative_to(ROOT))] = "\n\n".join(prose)
    return found


def full_scale() -> list[str]:
    """The commands in the table that tells how to run each of the paper's tables."""
    texts = paper_numbers.FULL_SCALE.values()
    parts = [part.split(" with ")[0] for text in texts for part in text.split("; ")]
    return [part.format(set="aime24") for part in parts if is_command(part)]


def is_command(text: str) -> bool:
    words = [word for word in text.split() if not re.fullmatch(r"[A-Z0-9_]+=\S+", word)]
    return len(words) > 1 and words[0] in PROGRAMS and text not in GENERAL


def lines_of(block: str) -> list[str]:
    """The command lines of a block of shell, comments left out and broken lines joined."""
    lines = block.replace("\\\n", " ").splitlines()
    return [" ".join(shlex.split(line, comments=True)) for line in lines if line.strip()]


def commands_in(where: str, text: str) -> list[Told]:
    """All commands and options of a text, in its order."""
    paragraphs: dict[int, list[str]] = defaultdict(list)
    for match in SPAN.finditer(text):
        before = text[: match.start()]
        spans = paragraphs[before.count("\n\n") + before.count("\n|")]  # a table's row is one
        if match[1]:
            spans += lines_of(match[1])
        elif match[2]:
            spans += " ".join(match[2].split()).split(" && ")
    found = []
    for spans in paragraphs.values():
        near = tuple(span for span in spans if is_command(span))
        found += [Told(where, span, near) for span in spans if is_command(span) or span[:2] == "--"]
    return found


def commented(name: str) -> list[Told]:
    """The commands in the comments of a script."""
    text = (ROOT / name).read_text(encoding="utf-8")
    comments = [line[1:] for line in text.splitlines() if line.startswith("#")]
    spans = re.findall(r"`([^`]+)`", "\n".join(comments))
    joined = "\n".join(comments).replace("\\\n", " ")
    spans += [line.split(": ")[-1].strip() for line in joined.splitlines() if "  " in line[3:]]
    spans = [" ".join(span.split()) for span in spans]
    return [Told(name, span) for span in spans if is_command(span)]


def all_told() -> list[Told]:
    """Each command of all documents once, with the first place where it stands."""
    found = [told for name, text in documents().items() for told in commands_in(name, text)]
    found += commented("scripts/fsdp2.yaml") + commented("scripts/h100x16.slurm")
    found += [Told("paper_numbers.FULL_SCALE", text) for text in full_scale()]
    once = {(told.text, told.near if told.is_options else ()): told for told in reversed(found)}
    return list(reversed(once.values()))


# Parsing


class _Parser(Exception):
    """Carries the parser that a command has made, out of the command."""


@cache
def parser_of(command: str) -> ArgumentParser:
    """The parser of `python -m COMMAND`, a module or "s1lib" and a word; no more of it is run."""
    module, *word = command.split()
    assert importlib.util.find_spec(module), f"there is no module {module}"
    parse = ArgumentParser.parse_args

    def stop(self, args=None, namespace=None):
        raise _Parser(self)

    patch = pytest.MonkeyPatch()
    patch.setattr(ArgumentParser, "parse_args", stop)
    patch.setattr(sys, "argv", [module, *word])
    patch.setattr("s1lib.errors.end_on_signals", lambda: None)  # they are pytest's here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it was imported before
            runpy.run_module(module, run_name="__main__")
    except _Parser as found:
        return found.args[0]
    finally:
        patch.undo()
        assert ArgumentParser.parse_args is parse
    raise AssertionError(f"{command} reads no arguments")


def read(parser: ArgumentParser, arguments: list[str]):
    """Parse arguments; fails with what the command would say, and where an option is cut short."""
    said, parser.allow_abbrev = io.StringIO(), False
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            return parser.parse_args(arguments)
    except SystemExit as end:
        assert not end.code, f"{parser.prog} {shlex.join(arguments)}: {said.getvalue()[-300:]}"
    return None


def module_of(words: list[str]) -> tuple[str, list[str]] | None:
    """What `parser_of` takes for a command line, and its arguments; None if it runs no module."""
    if words[0] == "s1":
        assert words[1] in s1.COMMANDS, f"there is no command s1 {words[1]}"
        return f"s1lib {words[1]}", words[2:]
    if words[:2] == ["accelerate", "launch"]:
        launched = launch_of(words)
        return launched.training_script, launched.training_script_args
    if words[0].startswith("python") and words[1] == "-m":
        return words[2], words[3:]
    return None


def launch_of(words: list[str]):
    """What `accelerate launch` reads."""
    from accelerate.commands.launch import launch_command_parser

    launched = read(launch_command_parser(), words[2:])
    assert launched.module and (ROOT / launched.config_file).is_file()
    return launched


def check(words: list[str]) -> None:
    """Check a command line as far as that goes without running it."""
    while "=" in words[0]:
        name, value = words.pop(0).split("=")
        assert name.startswith("S1_")
        assert name != "S1_PROFILE" or value in (*profile_names(), AUTO)
    if run := module_of(words):
        chosen = read(parser_of(run[0]), run[1])
        profile = getattr(chosen, "profile", None)
        assert profile in (None, AUTO) or load_profile(profile)
    else:
        CHECKS[words[0].rstrip("3")](words[1:])


def check_python(arguments: list[str]) -> None:
    """`python FILE ...`: a script of ours, which is course.py, or one that reads no options."""
    if arguments[0] == "-c":
        compile(arguments[1], "the command", "exec")
        return
    assert (ROOT / arguments[0]).is_file(), f"there is no {arguments[0]}"
    if arguments[0] == "course.py":
        check_course(arguments[1:])
    else:
        assert len(arguments) == 1, "only its name is checked here"


def check_course(arguments: list[str]) -> None:
    """`python course.py COMMAND ...`."""
    import commands

    if not arguments:
        return
    name, *options = arguments
    assert name in commands.COMMANDS, f"course.py has no command {name}"
    assert f"\n  {name} " in commands.HELP or f"\n  {name}\n" in commands.HELP
    if name == "python":
        check(options)
    elif name == "results":
        read(parser_of("s1lib.results"), options)
    elif name in ("run", "bundle"):
        read(parser_of({"run": "run_course"}.get(name, name)), options)
    else:
        assert not options, "its options are not checked here"


def check_make(arguments: list[str]) -> None:
    """`make TARGET`."""
    [target] = arguments
    if target.startswith("results-"):
        assert target.removeprefix("results-") in results.NAMES
    else:
        targets = re.search(r"^COMMANDS := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1]
        assert target in targets.split(), f"the Makefile has no {target}"


def check_pip(arguments: list[str]) -> None:
    """`pip install ...`: files and extras that exist, and packages as an extra names them."""
    extras = PYPROJECT["optional-dependencies"]
    named = [Requirement(text) for group in extras.values() for text in group]
    assert arguments.pop(0) == "install"
    for before, word in zip(["", *arguments], arguments, strict=False):
        if before == "-c":
            assert (ROOT / word).is_file()
        elif word.startswith("."):
            assert set(re.findall(r"[\w-]+", word)) <= set(extras)
        elif not word.startswith("-"):
            wanted = Requirement(word)
            ours = [one.specifier for one in named if one.name == wanted.name]
            assert ours and wanted.specifier in (SpecifierSet(), *ours), f"no extra names {word}"


def check_model(arguments: list[str]) -> None:
    """`hf download NAME`, `vllm serve NAME`: a name on the hub."""
    assert arguments[0] in ("download", "serve")
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", arguments[1]) and len(arguments) == 2


def check_file(arguments: list[str]) -> None:
    """`sbatch FILE`."""
    assert (ROOT / arguments[0]).is_file(), f"there is no {arguments[0]}"


def check_source(arguments: list[str]) -> None:
    """`source .venv/bin/activate`: where `course.py setup` makes the environment."""
    import environment

    assert (ROOT / arguments[0]).is_relative_to(environment.ROOT / ".venv")


CHECKS = {
    "python": check_python, "make": check_make, "pip": check_pip, "hf": check_model,
    "vllm": check_model, "sbatch": check_file, "source": check_source,
}  # fmt: skip


def check_options(told: Told) -> None:
    """Check options that stand alone: one command of their paragraph, else of all, takes them."""
    near = [Told(told.where, text).words for text in told.near]
    known = [run[0] for run in map(module_of, near) if run]
    known += ["bundle" for words in near if words[1:3] == ["course.py", "bundle"]]
    known = known or [f"s1lib {name}" for name in s1.COMMANDS]
    taken = []
    for command in known:
        parser = parser_of(command)
        with contextlib.suppress(AssertionError):
            if len(told.words) > 1:
                read(parser, told.words)
            else:
                assert told.text in parser._option_string_actions
            taken.append(command)
    assert taken, f"none of {', '.join(known)} takes {told.text}"


def started_with() -> dict[str, str]:
    """The README's table of profiles: name -> what the profile is started with."""
    table = documents()["README.md"].split("## Profiles")[1].split("\n\n")[2]
    rows = [[c.strip(" `") for c in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: command for name, _, command in rows[2:]}
