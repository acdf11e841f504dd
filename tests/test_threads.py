"""A tiny model decodes with one thread, threads spin little, and a container's limit is read."""

import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from s1lib.inference.budget import Budget, Thinker
from s1lib.inference.engine import prepare
from s1lib.inference.hf import load, stream, think
from s1lib.io import DATA
from s1lib.threads import (
    MOST_PROCESSES,
    TINY,
    _cores,
    available_cores,
    cpu_limit,
    is_tiny,
    one_thread,
    processes,
)

QUESTIONS = ["What is 3 plus 4?", "What is 12 minus 5, times 2?"]


@pytest.fixture(scope="module")
def loaded():
    return load(DATA / "base")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def used(loaded, monkeypatch):
    """The numbers of threads that the model's steps had."""
    seen = []
    hook = loaded[0].register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    yield seen
    hook.remove()


def test_a_tiny_model_decodes_with_one_thread(loaded, two_threads, used):
    think(*loaded, QUESTIONS, Budget(20, 1, max_answer=8))
    assert set(used) == {1} and torch.get_num_threads() == 2


def test_between_two_tokens_the_caller_has_its_threads(loaded, two_threads, used):
    model, tokenizer = loaded
    jobs, marks, string = prepare(tokenizer, QUESTIONS, Budget(30), 2048)
    thinkers = [Thinker(job.budget, marks, string) for job in jobs]
    steps = stream(model, tokenizer, [job.prompt for job in jobs], thinkers)
    for _ in range(12):
        next(steps)
        assert torch.get_num_threads() == 2
    steps.close()
    assert set(used) == {1} and torch.get_num_threads() == 2


def test_an_error_while_decoding_gives_the_threads_back(loaded, two_threads):
    def fail(*_):
        raise MemoryError

    hook = loaded[0].register_forward_pre_hook(fail)
    with pytest.raises(MemoryError):
        think(*loaded, QUESTIONS, Budget(20))
    hook.remove()
    assert torch.get_num_threads() == 2


def test_a_larger_model_keeps_its_threads(loaded, two_threads, used, monkeypatch):
    monkeypatch.setattr("s1lib.threads.TINY", 1)
    think(*loaded, QUESTIONS, Budget(5, max_answer=4))
    assert set(used) == {2}


@pytest.mark.parametrize(
    ("device", "weights", "tiny"),
    [("cpu", TINY - 1, True), ("cpu", TINY, False), ("cuda", 1, False), ("mps", 1, False)],
)
def test_what_is_tiny(device, weights, tiny):
    parameters = lambda: [torch.empty(weights, device="meta")]  # noqa: E731
    model = SimpleNamespace(device=torch.device(device), parameters=parameters)
    assert is_tiny(model) is tiny


def test_one_thread_in_one_thread(two_threads):
    with one_thread(), one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


SETTING = "import os; print(os.environ.get('GOMP_SPINCOUNT'), os.environ.get('OMP_NUM_THREADS'))"


@pytest.mark.parametrize(
    ("before", "given", "expected"),
    [
        ("", {}, "1000 None"),
        ("", {"GOMP_SPINCOUNT": "7"}, "7 None"),
        ("", {"OMP_WAIT_POLICY": "ACTIVE"}, "None None"),
        ("import sys; sys.modules['torch'] = sys\n", {}, "None None"),
    ],
)
def test_threads_spin_little_unless_the_user_says_so(before, given, expected):
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")
    env = {name: value for name, value in os.environ.items() if name not in names} | given
    code = f"{before}import pathlib\nimport s1lib\n{SETTING}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    threads = str(available_cores()) if _is_limited() and not before else "None"
    assert done.stdout.split() == [expected.split()[0], threads]


def _is_limited() -> bool:
    return cpu_limit() < _cores()


def group(tmp_path: Path, line: str, **files: str) -> float:
    """The limit in a tree of control groups; `__` in a file's name is a folder."""
    for name, text in files.items():
        path = tmp_path / "root" / name.replace("__", "/").replace("-", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "groups").write_text(line)
    return cpu_limit(tmp_path / "root", tmp_path / "groups")


@pytest.mark.parametrize(
    ("line", "files", "limit"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/\n", {}, math.inf),
        ("0::/\n", {"cpu.max": "what\n"}, math.inf),
        ("0::/\n", {"cpu.max": "100000 0\n"}, math.inf),
        ("0::/a/b\n", {"a__cpu.max": "300000 100000\n", "a__b__cpu.max": "max 100000\n"}, 3),
        ("0::/a/b\n", {"a__cpu.max": "300000 100000\n", "a__b__cpu.max": "100000 100000"}, 1),
        ("0::/../../a\n", {"cpu.max": "400000 100000\n"}, 4),
        (
            "5:memory:/x\n4:cpu,cpuacct:/docker/1\n0::/\n",
            {"cpu__cpu.cfs_quota_us": "150000\n", "cpu__cpu.cfs_period_us": "100000\n"},
            1.5,
        ),
        (
            "4:cpu,cpuacct:/\n",
            {"cpu__cpu.cfs_quota_us": "-1\n", "cpu__cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        ("", {"cpu.max": "200000 100000\n"}, math.inf),
    ],
)
def test_the_limit_of_a_container(tmp_path, line, files, limit):
    assert group(tmp_path, line, **files) == limit


@pytest.mark.parametrize(("limit", "cores"), [(0.5, 1), (1, 1), (2.5, 3), (math.inf, 8), (64, 8)])
def test_cores_are_never_more_than_the_limit_allows(monkeypatch, limit, cores):
    monkeypatch.setattr("s1lib.threads._cores", lambda: 8)
    monkeypatch.setattr("s1lib.threads.cpu_limit", lambda: limit)
    assert available_cores() == cores


@pytest.mark.parametrize(
    ("cores", "asked", "number"),
    [
        (2, None, 2),
        (1, None, 1),
        (64, None, MOST_PROCESSES),
        (2, "1", 1),
        (8, "3", 3),
        (8, "2,1", 2),
        (2, "8", 2),
        (2, "0", 2),
        (2, "many", 2),
    ],
)
def test_processes_are_no_more_than_cores_and_allowed_threads(monkeypatch, cores, asked, number):
    monkeypatch.setattr("s1lib.threads.available_cores", lambda: cores)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert processes() == number


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert cpu_limit(tmp_path, tmp_path / "missing") == math.inf
