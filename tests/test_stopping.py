"""Ctrl-C at any moment, twice, SIGTERM: one line, no traceback, no child left, and it goes on."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from s1lib.io import DATA, ROOT, read_rows, write_rows

LINE = "\nstopped: what was finished is kept, the same command goes on.\n"


def begin(command: list[str], **environment: str) -> subprocess.Popen:
    """Start a command as the leader of a group, as a shell does; wait until it can be stopped."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not catches(process.pid, signal.SIGTERM):
        time.sleep(0.01)
    return process


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal: Python itself has none for SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1)


def group(leader: int) -> list[int]:
    """The processes of a group that have not ended."""
    return [
        process.pid
        for process in psutil.process_iter(["status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and session_of(process.pid) == leader
    ]


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def stop(process: subprocess.Popen, *signals: int, between: float = 0.0) -> tuple[int, str]:
    """Send signals to the whole group, as a terminal does; its exit status and what it said."""
    for number in signals:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break  # it has ended
        time.sleep(between)
    _, said = process.communicate(timeout=60)
    for _ in range(100):
        if not group(process.pid):
            break
        time.sleep(0.05)
    assert group(process.pid) == [], "a child is left"
    return process.returncode, said


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the tests read /proc, which only Linux has"
)

SLEEPER = """
import subprocess, sys, threading, time
from s1lib.errors import run_command

def main():
    if {children}:
        subprocess.Popen(["sh", "-c", "trap '' INT TERM HUP; sleep 60; sleep 60"])
    {work}

run_command(main)
"""
WORK = {
    "sleeps": "time.sleep(60)",
    "computes": "while True: pass",
    "waits for a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "hides every error": "\n".join(
        ["", "    while True:", "        try: time.sleep(60)", "        except BaseException: pass"]
    ),
    "waits for the network": "import asyncio; asyncio.run(asyncio.sleep(60))",
    "waits for threads": "threading.Thread(target=time.sleep, args=(60,)).start()",
    "shares work": "from s1lib.workers import Workers\n"
    "    list(Workers(2).run([(time.sleep, 60)] * 3))",
}


@pytest.mark.parametrize("signals", [(2,), (2, 2), (15,), (15, 2), (1,)], ids=str)
@pytest.mark.parametrize("work", ["sleeps", "hides every error"])
def test_a_signal_ends_a_command_with_one_line(work, signals):
    code = SLEEPER.format(work=WORK[work], children=len(signals) == 1)
    process = begin(["-c", code])
    status, said = stop(process, *signals)
    assert said == LINE and status - 128 in signals


@pytest.mark.parametrize(
    "work", [work for work in WORK if work not in ("sleeps", "hides every error")]
)
def test_whatever_it_does(work):
    process = begin(["-c", SLEEPER.format(work=WORK[work], children=True)])
    time.sleep(0.2)
    assert stop(process, signal.SIGINT, signal.SIGINT) == (130, LINE)


def test_a_reader_that_has_gone_is_no_error():
    code = (
        "from s1lib.errors import run_command\n"
        "run_command(lambda: [print('x' * 1000) for _ in range(10_000)])"
    )
    process = begin(["-c", code])
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(60)
    process.stderr.close()


def test_nohup_is_kept():
    code = SLEEPER.format(work="print('ready', flush=True); time.sleep(60)", children=False)
    process = begin(["-c", "import signal; signal.signal(1, signal.SIG_IGN)\n" + code])
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGHUP)
    assert stop(process, signal.SIGINT) == (130, LINE)


# Ctrl-C while a command begins: it imports for seconds where a computer is slow.


INTERRUPTS = """
import os, signal, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
"""


@pytest.fixture
def interrupted(tmp_path):
    """Run a command that gets Ctrl-C when it imports a module; its exit status and its words."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS)

    def run(module: str, *command: str) -> tuple[int, str]:
        path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
        env = os.environ | {"PYTHONPATH": path, "INTERRUPTED_AT": module}
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True
        )
        return done.returncode, done.stderr

    return run


def entries() -> list[str]:
    """Every module of s1lib that is a command, as `python -m` takes it."""
    paths = [p for p in (ROOT / "s1lib").rglob("*.py") if p.name != "errors.py"]
    called = [p for p in paths if re.search(r"run_(command|module)\(", p.read_text("utf-8"))]
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in called]
    return sorted(name.removesuffix(".__main__") for name in names)


def test_every_module_with_a_main_is_a_command():
    assert len(entries()) >= 11
    for path in (ROOT / "s1lib").rglob("*.py"):
        text = path.read_text("utf-8")
        if "def main(" in text and '__name__ == "__main__"' in text:
            assert re.search(r"run_(command|module)\(", text), path


@pytest.mark.parametrize("module", entries())
def test_a_command_is_stoppable_before_it_imports_anything(interrupted, module):
    assert interrupted("s1lib.threads", "-m", module) == (130, LINE)


SCRIPTS = ["bundle", "check", "make_data", "run_course", "run_tests", "run_vllm_tests"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_stoppable_before_it_imports_anything(interrupted, script):
    assert f'"{script}.py"' in (ROOT / "scripts" / "commands.py").read_text("utf-8")
    assert interrupted("pkgutil", "scripts/start.py", f"{script}.py") == (130, LINE)


@pytest.mark.parametrize("module", ["subprocess", "commands", "install"])
def test_the_entry_ends_without_a_word_while_it_imports(interrupted, module):
    assert interrupted(module, "course.py", "check") == (-signal.SIGINT, "")


def test_ctrl_c_before_a_script_is_ready_is_not_lost():
    """The entry hands over with it held back; it comes when the script's own handler may."""
    code = (
        "import os, signal, sys\n"
        "sys.path[:0] = ['scripts', '.']\n"
        "import commands\n"
        "execute = os.execvpe\n"
        "def late(*how):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    execute(*how)\n"
        "os.execvpe = late\n"
        "commands.start([sys.executable], 'check.py')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, LINE)


@pytest.mark.parametrize("way", ["course.hand_on", "environment.call"])
def test_a_command_that_is_waited_for_says_itself_what_ctrl_c_left(way):
    child = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit('3 of 4 tests passed'))\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    code = (
        "import sys; sys.path[:0] = ['scripts', '.']; import course, environment\n"
        f"sys.exit({way}([sys.executable, '-c', {child!r}]) + 6)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    assert stop(process, signal.SIGINT) == (7, "3 of 4 tests passed\n")


# Real commands, at random moments: the next one goes on.


def traces(build: Path) -> list:
    """What a distillation made, without its times."""
    rows = read_rows(build / "traces.jsonl")
    return [[row["question"], row["thinking_trajectories"], row["attempt"]] for row in rows]


def weights(build: Path) -> bytes:
    return (build / "sft" / "model.safetensors").read_bytes()


def sets(build: Path) -> list:
    return [read_rows(build / "curated.jsonl"), json.loads((build / "funnel.json").read_text())]


def results(build: Path) -> dict:
    return json.loads((build / "results.json").read_text())


COMMANDS: dict[str, tuple[list[str], Callable[[Path], object]]] = {
    "distill": (["distill"], traces),
    "curate": (["curate", "--labels", "rows"], sets),
    "sft": (["sft"], weights),
    "evaluate": (["evaluate"], results),
    "plan": (["plan", "--profile", "h100x16"], lambda build: None),
}
WAYS = [(2,), (2, 2), (15,), (9,)]


def prepared(build: Path, name: str) -> Path:
    """A folder in which the command has something to do."""
    build.mkdir()
    if name == "curate":
        write_rows(build / "traces.jsonl", read_rows(DATA / "traces.jsonl")[:600])
    return build


def run(name: str, build: Path) -> tuple[float, str]:
    """Run a command to its end; the seconds that it took after it could be stopped."""
    process = begin(["-m", "s1lib", *COMMANDS[name][0]], S1_BUILD=str(build), S1_PROFILE="smoke")
    began = time.monotonic()
    said, wrong = process.communicate(timeout=600)
    assert process.returncode == 0, wrong[-2000:]
    return time.monotonic() - began, said


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_stopped_goes_on(tmp_path, name):
    look = COMMANDS[name][1]
    whole = prepared(tmp_path / "whole", name)
    seconds, _ = run(name, whole)
    build, moments = prepared(tmp_path / "stopped", name), random.Random(name)
    for signals in WAYS:
        process = begin(
            ["-m", "s1lib", *COMMANDS[name][0]], S1_BUILD=str(build), S1_PROFILE="smoke"
        )
        time.sleep(moments.uniform(0, seconds))
        ended = process.poll() is not None
        status, said = stop(process, *signals, between=moments.uniform(0, 0.01))
        if ended or status == 0 or "finished model" in said:
            continue  # it was faster than before
        assert "Traceback" not in said and "Exception" not in said
        assert said.count("stopped:") <= 1
        if status > 0:  # else it was killed, or Python was at its end and had let go of signals
            assert status == 128 + signals[0] and said.endswith(LINE)
    if name != "sft" or not (build / "sft" / "loss.json").exists():
        run(name, build)
    assert look(build) == look(whole)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 4.0, 12.0])
def test_the_workers_of_a_result_end_with_it(tmp_path, seconds):
    """Ctrl-C reaches them too, also while they import torch: none of them shows a traceback."""
    command = ["-m", "s1lib", "results", "lora", "--seeds", "1"]
    quiet = {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}  # of the trainings that have begun by then
    process = begin(command, S1_BUILD=str(tmp_path), S1_PROFILE="smoke", **quiet)
    while process.poll() is None and len(group(process.pid)) < 2:  # itself, and a worker
        time.sleep(0.05)
    time.sleep(seconds)
    status, said = stop(process, signal.SIGINT, signal.SIGINT, between=0.01)
    assert status == 130 and said.endswith(LINE)  # before it stands what the workers printed
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
