"""Look at this computer: `python course.py check`. Each line passed or failed, and what to do.

It takes about ten seconds. Without the course's packages, the lines that need them fail.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from environment import ROOT, build_dir

SETUP = "run `python course.py setup` (about 2 minutes and 2 GB)"
FREE_GB = 2  # of disk, for what a run makes
MEMORY_GB = 2
QUESTIONS = 8  # of which one "Wait" must change at least one answer
PORT = 8888  # JupyterLab's; if it is taken, it tries the next ones
PORTS = 50
PAGE = ROOT / "docs/try/index.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
BROWSER_SECONDS = 20


class Failed(Exception):
    """What is wrong, and the fix."""

    def __init__(self, what: str, fix: str):
        super().__init__(what)
        self.fix = fix


def python() -> str:
    """Look at the interpreter that runs the course."""
    return "{}.{}.{}, {}".format(*sys.version_info[:3], sys.executable)


def packages(missing: str | None) -> str:
    """Look at the installed packages; `missing` says why they are not all there."""
    if missing:
        raise Failed(f"not installed ({missing})", SETUP)
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "jupyterlab"))


def disk(free: float | None = None) -> str:
    """Look at the free space where a run writes, in GB."""
    folder = next(path for path in (build_dir(), *build_dir().parents) if path.exists())
    if not os.access(folder, os.W_OK):
        fix = "copy the course to a folder of your own, or name another in S1_BUILD"
        raise Failed(f"nothing can be written in {folder}", fix)
    free = shutil.disk_usage(folder).free / 1e9 if free is None else free
    if free < FREE_GB:
        fix = f"free {FREE_GB} GB, or name a folder on another disk in S1_BUILD"
        raise Failed(f"{free:.1f} GB free", fix)
    return f"{free:.0f} GB free"


def memory(free: float | None = None) -> str:
    """Look at the memory that is available, in GB; a container's limit counts."""
    free = available_memory() if free is None else free
    if free is None:
        return "not known on this system"
    if free < MEMORY_GB:
        fix = f"close other programs, until {MEMORY_GB} GB are available"
        raise Failed(f"{free:.1f} GB available", fix)
    return f"{free:.0f} GB available"


def available_memory() -> float | None:
    """Return the memory available to this process in GB; None: not known."""
    try:
        import psutil

        free = psutil.virtual_memory().available
    except ImportError:  # the packages are not installed
        try:
            free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        free = min(free, limit - used)
    except (OSError, ValueError):  # no container, or no limit
        pass
    return free / 1e9


def model(missing: str | None, answers: dict) -> str:
    """Load the fine-tuned model and let it answer, without and with a "Wait"."""
    if missing:
        raise Failed("not tried: the packages are missing", SETUP)
    os.environ["OMP_NUM_THREADS"] = "1"  # two threads wait for each other on a busy computer
    try:
        from s1lib.inference import open_engine
        from s1lib.inference.budget import Budget
        from s1lib.io import DATA, read_rows

        questions = [row["question"] for row in read_rows(DATA / "dev.jsonl")[:QUESTIONS]]
        engine = open_engine(DATA / "sft", max_answer=12)
        for waits in (0, 1):
            answers[waits] = engine.think(questions, Budget(512, waits, max_answer=12))
    except Exception as error:
        fix = "restore the shipped files with `git checkout -- data/ s1lib/`, or fetch the course"
        raise Failed(f"{type(error).__name__}: {str(error)[:200]}", f"{fix} again") from None
    first = answers[0][0]
    if not first.answer.strip():
        raise Failed("it loads, and answers nothing", "restore data/sft with `git checkout`")
    return f"it loads, thinks for {first.thinking_tokens} tokens and answers"


def wait_changes_it(answers: dict) -> str:
    """Compare the answers without and with a "Wait"."""
    if not answers:
        raise Failed("not tried: the model did not answer", "see the line above")
    pairs = list(zip(answers[0], answers[1], strict=True))
    longer = sum(b.thinking_tokens > a.thinking_tokens for a, b in pairs)
    changed = sum(b.answer != a.answer for a, b in pairs)
    what = f"{longer} of {len(pairs)} thoughts became longer, {changed} answers changed"
    if longer < len(pairs) or not changed:
        raise Failed(what, "restore data/sft with `git checkout -- data/sft`")
    return what


def find_browser() -> str | None:
    """Find a browser that can be asked without a window: Chromium, Chrome or Edge."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, BROWSERS), *PLACES]
    return next((path for path in named if path and Path(path).exists()), None)


def start_browser(browser: str, page: Path, profile: str) -> subprocess.Popen:
    """Let a browser open a page without a window and print what it then shows, as HTML."""
    flags = ["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--disable-dev-shm-usage",
             "--no-sandbox",  # it opens one page, ours; as root and in containers it must
             f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom"]  # fmt: skip
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    command = [browser, *flags, page.as_uri()]
    return subprocess.Popen(command, stdin=null, stdout=pipe, stderr=null)


def page_opens(process: subprocess.Popen | None, page: Path = PAGE) -> str:
    """Look at what the browser made of the widget's page."""
    if not page.exists():
        raise Failed(f"docs/try/{page.name} is missing", "restore it with `git checkout -- docs/`")
    by_hand = f"open {page} by hand; if that is empty too, try another browser"
    if process is None:
        try:
            name = webbrowser.get().name
        except webbrowser.Error:
            fix = "install Chrome, Edge or Firefox, or open the page on another computer"
            raise Failed("no browser was found", fix) from None
        return f"{name} is here (only Chromium, Chrome and Edge can be tried without a window)"
    try:
        shown = process.communicate(timeout=BROWSER_SECONDS)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failed(f"the browser did not answer in {BROWSER_SECONDS} s", by_hand) from None
    title = page_title(page.read_text(encoding="utf-8"))
    if process.returncode or not title or page_title(shown) != title:
        raise Failed("the browser did not show it", by_hand)
    return f"{Path(process.args[0]).name} shows it"


def page_title(html: str) -> str:
    """Return the title of a page; empty: it has none."""
    return html.partition("<title>")[2].partition("</title>")[0].strip()


def port(first: int = PORT) -> str:
    """Look for the port that JupyterLab will take."""
    for number in range(first, first + PORTS):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
        return f"{number} is free" + (f" ({first} is taken)" if number != first else "")
    what = f"none of {first} to {first + PORTS - 1} is free on 127.0.0.1"
    raise Failed(what, "close other servers, or try `python course.py lab --port 9999`")


def lines(missing: str | None) -> Iterator[tuple[str, Callable[[], str]]]:
    """Give the name of each line and the function that looks."""
    answers: dict = {}
    browser = find_browser() if PAGE.exists() else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # It starts while the model loads.
        process = start_browser(browser, PAGE, profile) if browser else None
        yield "Python", python
        yield "packages", lambda: packages(missing)
        yield "disk", disk
        yield "memory", memory
        yield "model", lambda: model(missing, answers)
        yield '"Wait"', lambda: wait_changes_it(answers)
        yield "widget's page", lambda: page_opens(process)
        yield "JupyterLab's port", port


def main(arguments: list[str]) -> int:
    """Print all lines; returns 1 if one failed."""
    missing = arguments[1] if arguments[:1] == ["--without-packages"] else None
    start, failed = time.monotonic(), 0
    for name, look in lines(missing):
        try:
            print(f"passed  {name}: {look()}", flush=True)
        except Failed as wrong:
            failed += 1
            print(f"FAILED  {name}: {wrong}\n        What to do: {wrong.fix}.", flush=True)
    seconds = time.monotonic() - start
    if failed:
        print(f"\n{failed} of the lines failed ({seconds:.0f} s).")
        return 1
    print(f"\nThis computer is ready for the course ({seconds:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
