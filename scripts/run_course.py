"""Execute the notebooks of the course in order, and continue where an earlier run stopped.

The notebooks themselves stay as they are: executed copies go to build/notebooks/, pages to
build/html/. `--in-place` writes the outputs back into the notebooks instead (for authors).
"""

import argparse
import hashlib
import json
import logging
import os
import sys
import time
from pathlib import Path

import nbformat
from execute import NotebookFailed, execute, kernel_environment
from nbconvert import HTMLExporter
from outputs import drop_dead_views, machine_paths_left, strip_machine_paths

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_BUDGET = 600  # seconds, for a notebook that does not name its own


def source_hash(nb: nbformat.NotebookNode) -> str:
    """A hash of what is executed: the cells without their outputs."""
    cells = [[c.cell_type, c.source, sorted(c.metadata.get("tags", []))] for c in nb.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def version_hash(course: Path) -> str:
    """A hash of what all notebooks rest on: with other code or data, the course begins again."""
    files = [p for name in ("s1lib", "data") for p in sorted((course / name).rglob("*"))]
    told = hashlib.sha256()
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            told.update(f"{path.relative_to(course)}\n".encode())
            told.update(path.read_bytes())
    return told.hexdigest()


class Run:
    """One run over the notebooks of a folder."""

    def __init__(self, notebooks: Path, build: Path, profile: str):
        self.paths = sorted(notebooks.glob("[0-9A][0-9]*.ipynb"))
        self.profile = profile
        self.version = version_hash(notebooks.parent)
        self.build = build
        self.executed = build / "notebooks"
        self.html = build / "html"
        for folder in (self.executed, self.html):
            folder.mkdir(parents=True, exist_ok=True)
        self.state_path = self.executed / "state.json"
        self.state = self._read_state()

    def _read_state(self) -> dict:
        try:
            return json.loads(self.state_path.read_text(encoding="utf-8"))["notebooks"]
        except (OSError, ValueError, KeyError):
            return {}  # no run yet, or one that was cut off while writing: begin again

    def _write_state(self) -> None:
        _write(self.state_path, json.dumps({"notebooks": self.state}, indent=1) + "\n")

    def _from(self, source: str) -> dict:
        """What a result comes from: another of these, and it is made again."""
        return {"source": source, "profile": self.profile, "version": self.version}

    def finished(self, path: Path, source: str) -> bool:
        """Whether an earlier run executed exactly this notebook, in this profile, with this code
        and data."""
        known = self.state.get(path.stem, {})
        copies = (self.executed / path.name, self.html / f"{path.stem}.html")
        same = known.items() >= self._from(source).items()
        return same and all(copy.exists() for copy in copies)

    def forget_from(self, position: int) -> None:
        """A notebook runs again, so it and all later ones are no longer finished."""
        for path in self.paths[position:]:
            self.state.pop(path.stem, None)
        self._write_state()

    def one(self, path: Path, nb, patience: float) -> float:
        """Execute one notebook and save its copies; also when it fails, to look at."""
        budget = int(nb.metadata.get("s1", {}).get("budget_seconds", DEFAULT_BUDGET))
        line = Line(path.stem, budget)
        source = source_hash(nb)
        outcome = "stopped"
        try:
            seconds = execute(
                nb,
                path.parent,
                kernel_environment(self.profile, self.build),
                self.executed / f"{path.stem}.log",
                60 * patience,
                line.show,
            )
            outcome = "done"
        finally:
            line.end(outcome)
            drop_dead_views(nb)
            _write(self.executed / path.name, nbformat.writes(nb))
        logging.getLogger("traitlets").setLevel(logging.ERROR)  # nbconvert's advice on figures
        _write(self.html / f"{path.stem}.html", HTMLExporter().from_notebook_node(nb)[0])
        self.state[path.stem] = self._from(source) | {"seconds": seconds}
        self._write_state()
        return seconds


class Line:
    """The progress line of one notebook: rewritten on a terminal, else one line now and then."""

    def __init__(self, name: str, budget: int):
        self.name, self.budget = name, budget
        self.live = sys.stdout.isatty()
        self.said = -30.0
        self.warned = False
        self.last = ""

    def show(self, done: int, cells: int, seconds: float) -> None:
        text = f"{self.name:24} cell {min(done + 1, cells):2}/{cells:<2} {seconds:5.0f} s"
        text = f"{text} of {self.budget} s"
        self.last = text
        if seconds > self.budget and not self.warned:
            self.warned = True
            start = "\n" if self.live else ""
            why = "a slow or busy computer? It goes on."
            print(f"{start}  over its budget of {self.budget} s: {why}", flush=True)
        if self.live:
            print(f"\r{text}", end="", flush=True)
        elif seconds - self.said >= 30:
            self.said = seconds
            print(text, flush=True)

    def end(self, outcome: str) -> None:
        start = "\r" if self.live else ""
        print(f"{start}{self.last}  {outcome}", flush=True)


def _write(path: Path, text: str) -> None:
    """Write all or nothing, so that an interrupted run leaves no half file."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def save_in_place(path: Path, nb: nbformat.NotebookNode) -> None:
    """Write the outputs into the notebook itself, without paths of this computer."""
    strip_machine_paths(nb)
    if left := machine_paths_left(nb):
        raise NotebookFailed(f"its outputs hold a path of this computer: {', '.join(left)}")
    _write(path, nbformat.writes(nb) + "\n")


def run(args: argparse.Namespace) -> int:
    """All notebooks in order. Returns the exit code."""
    course = Run(args.notebooks.resolve(), args.build.resolve(), args.profile)
    if not course.paths:
        print(f"There are no notebooks in {args.notebooks}.", file=sys.stderr)
        return 1
    print(f"Profile {args.profile}. Stop with Ctrl-C: the same command continues.", flush=True)
    start, again = time.monotonic(), args.in_place
    for position, path in enumerate(course.paths):
        nb = nbformat.read(path, as_version=4)
        if not again and course.finished(path, source_hash(nb)):
            print(f"{path.stem:24} already done", flush=True)
            continue
        if not again or position == 0:
            course.forget_from(position)
        again = True  # what comes later was made from the older version of this one
        try:
            course.one(path, nb, args.patience)
            if args.in_place:
                save_in_place(path, nb)
        except NotebookFailed as failure:
            print(f"\n{path.name}: {failure}", file=sys.stderr)
            print(f"\nThe copy with its outputs: {_near(course.executed / path.name)}")
            return 1
    print(f"\nAll {len(course.paths)} notebooks are done ({time.monotonic() - start:.0f} s).\n")
    print(results_of(course.build / "results.json"))
    print(
        f"\nTo read: {_near(course.html)}/ (pages to open in a browser), the notebooks in "
        f"{_near(args.notebooks.resolve())}/\nto try things out (`make lab`), and README.md."
    )
    return 0


def results_of(path: Path) -> str:
    """Show the results that the course wrote as a table."""
    if not path.exists():
        return f"(no {path.name}: the notebook that writes it was not among these)"
    from s1lib.evaluation.report import results_table  # slow to import

    return results_table(json.loads(path.read_text(encoding="utf-8")))


def _near(path: Path) -> str:
    """`path` as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Execute the notebooks of the course in order.")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks")
    build = ROOT / (os.environ.get("S1_BUILD") or "build")
    parser.add_argument("--build", type=Path, default=build)
    parser.add_argument("--profile", default=os.environ.get("S1_PROFILE") or "laptop")
    text = "stop a cell that shows nothing for so long (default 20)"
    parser.add_argument("--patience", type=float, default=20, metavar="MINUTES", help=text)
    text = "write the outputs back into the notebooks"
    parser.add_argument("--in-place", action="store_true", help=text)
    args = parser.parse_args()
    if args.profile == "auto":  # resolved once, so that all notebooks have the same profile
        from s1lib.commands import resolve_auto

        args.profile = resolve_auto(args.profile)
    try:
        return run(args)
    except KeyboardInterrupt:
        print("\nStopped. `make run` continues with this notebook.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
