"""Work shared among processes: any job in any of them, and none is left when it ends."""

import math
import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import psutil
import pytest

from s1lib.errors import CourseError
from s1lib.inference import hf
from s1lib.inference.budget import Budget
from s1lib.inference.engine import Sampling
from s1lib.inference.hf import HFEngine
from s1lib.io import DATA, ROOT
from s1lib.workers import Workers

SLEEP = (time.sleep, 60)


@pytest.fixture
def workers():
    with closing(Workers(2)) as some:
        yield some


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "s1lib.workers" in " ".join(p.cmdline())]


def wait_for(what: Callable[[], object]) -> None:
    """Wait until it is so: a minute at most, for a busy machine."""
    for _ in range(600):
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about in a minute")


@pytest.mark.parametrize("here", [True, False])
def test_every_job_is_done_once(workers, here):
    jobs = [(pow, 2, n) for n in range(50)]
    assert sorted(workers.run(jobs, here)) == [(n, 2**n) for n in range(50)]


def test_all_jobs_share_their_first_arguments():
    with closing(Workers(1, ([10, 20],))) as workers:
        assert sorted(workers.run([(operator.getitem, 0), (operator.getitem, 1)], here=False)) == [
            (0, 10),
            (1, 20),
        ]


def test_a_worker_is_another_process_of_one_thread_and_is_kept(workers):
    jobs = [(os.getpid,), (os.getenv, "OMP_NUM_THREADS")]
    first, again = (dict(workers.run(jobs, here=False)) for _ in range(2))
    assert first[1] == again[1] == "1"
    pids = {process.pid for process in children()}
    assert len(pids) == 2 and {first[0], again[0]} <= pids and os.getpid() not in pids


def test_no_process_is_started_for_work_that_one_can_do(workers):
    assert list(workers.run([(os.getpid,)])) == [(0, os.getpid())]
    assert list(workers.run([])) == []
    with closing(Workers(0)) as none:
        for here in (True, False):
            assert list(none.run([(os.getpid,)] * 2, here)) == [(0, os.getpid()), (1, os.getpid())]
    assert not workers.running and children() == []


def test_what_a_job_raises_is_raised_here_and_ends_the_others(workers):
    with pytest.raises(ValueError, match="math domain error") as caught:
        list(workers.run([(math.sqrt, -1.0), SLEEP], here=False))
    assert "In a process that shared the work" in caught.value.__notes__[0]
    assert children() == []
    assert list(workers.run([(abs, -1)], here=False)) == [(0, 1)]  # new ones are started


def test_an_error_that_cannot_be_sent_is_told(workers):
    job = (exec, "class Own(Exception): pass\nraise Own('mine')")
    with pytest.raises(RuntimeError, match="Own: mine"):
        list(workers.run([job], here=False))


@pytest.mark.parametrize(
    ("job", "how"),
    [((os._exit, 3), "status 3"), ((signal.raise_signal, signal.SIGTERM), "SIGTERM")],
)
def test_a_worker_that_dies_is_a_clear_error(workers, job, how):
    with pytest.raises(CourseError, match=rf"has died \({how}\).*OMP_NUM_THREADS=1"):
        list(workers.run([job, SLEEP], here=False))
    assert children() == []


def test_an_interrupt_leaves_no_process(workers):
    """As Ctrl-C in a notebook: it comes while this process does a job of its own."""
    here = f"import os, time\nif os.getpid() == {os.getpid()}: raise KeyboardInterrupt"
    with pytest.raises(KeyboardInterrupt):
        list(workers.run([(exec, f"{here}\ntime.sleep(60)")] * 3))
    assert not workers.running and children() == []


def test_who_does_not_go_on_leaves_no_process(workers):
    for number, _ in workers.run([(abs, -1), SLEEP], here=False):
        assert number == 0
        break
    wait_for(lambda: children() == [])


SCRIPT = """
import time
from s1lib.workers import Workers

workers = Workers(1)
print(sorted(workers.run([(abs, -1), (abs, -2)], here=False)), flush=True)
{more}
"""
RESULT = "[(0, 1), (1, 2)]\n"


def begin(path, more: str = "") -> subprocess.Popen:
    """Start a script without `if __name__ == "__main__"`, in a group of its own."""
    path.write_text(SCRIPT.format(more=more))
    return subprocess.Popen(
        [sys.executable, str(path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_plain_script_may_share_work(tmp_path):
    """What it prints is printed once: a worker does not run the script again."""
    assert begin(tmp_path / "script.py").communicate(timeout=60) == (RESULT, "")


def test_no_worker_outlives_a_process_that_was_killed(tmp_path):
    sleeps = "list(workers.run([(time.sleep, 300)], here=False))"
    with begin(tmp_path / "script.py", sleeps) as script:
        assert script.stdout.readline() == RESULT
        [worker] = psutil.Process(script.pid).children()
        script.kill()
    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
def test_a_notebook_may_share_work_and_interrupt_it():
    """In a kernel: nothing of its cells is needed by a worker, and nothing is left of it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(env=os.environ | {"PYTHONPATH": str(ROOT)})

    def finish(ident: str) -> dict:
        while (reply := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != ident:
            pass
        return reply["content"]

    try:
        define = SCRIPT.format(more="def mine():\n    pass")
        assert finish(client.execute(define))["status"] == "ok"
        kernel = psutil.Process(manager.provisioner.pid)
        [worker] = kernel.children()
        running = client.execute("list(workers.run([(time.sleep, 300)], here=False))")
        wait_for(lambda: client.get_iopub_msg(timeout=60)["msg_type"] == "execute_input")
        manager.interrupt_kernel()
        assert finish(running)["ename"] == "KeyboardInterrupt"
        assert not worker.is_running() and kernel.children() == []
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# Batches of a model


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr("s1lib.threads.available_cores", lambda: 2)
    with closing(HFEngine.load(DATA / "sft", batch_size=8, max_answer=12, share=True)) as some:
        yield some


def alone(engine: HFEngine) -> HFEngine:
    return HFEngine(engine.model, engine.tokenizer, engine.batch_size, engine.max_answer)


@pytest.mark.slow
def test_shared_work_equals_that_of_one_process(engine, questions, monkeypatch):
    some, budget = questions[:20], Budget(40, 2, max_answer=12)
    dice = Sampling(0.7, 0.9, seeds=range(20), suppress=("Then",))
    one = alone(engine)
    expected = one.think(some, budget)
    drawn = one.think(some, budget, sampling=dice)
    direct = one.answer_directly(some)
    cut = one.answer_from_prefix(expected, limit=20)

    run, told = Workers.run, []
    monkeypatch.setattr(Workers, "run", lambda self, jobs: run(self, jobs, here=False))
    monkeypatch.setattr(hf, "WORTH_SHARING", 0)
    progress = lambda done, total: told.append((done, total))  # noqa: E731
    assert engine.think(some, budget, progress) == expected
    assert told[-1] == (20, 20) and len(told) == 3 and told == sorted(told)
    [before] = children()
    assert engine.think(some, budget, sampling=dice) == drawn
    assert engine.answer_directly(some) == direct
    assert engine.answer_from_prefix(expected, limit=20) == cut
    assert children() == [before]
    monkeypatch.undo()
    assert engine.think(some, budget) == expected  # both take batches
    engine.close()
    assert children() == []


def test_little_work_is_not_shared(engine, questions):
    assert engine.answer_directly(questions[:30]) == alone(engine).answer_directly(questions[:30])
    assert not engine.workers.running


def test_what_is_worth_sharing(engine, questions, monkeypatch):
    """The rule counts forward passes: batches times the most tokens that each may take."""

    class Noted(Workers):
        def run(self, jobs, here=True):
            shared.append(self is engine.workers)
            return iter([(i, [stopped(t) for t in job[2]]) for i, job in enumerate(jobs)])

    def stopped(thinker):
        thinker.stops = ["end"]
        return thinker

    shared = []
    monkeypatch.setattr(hf, "Workers", Noted)
    engine.workers = Noted(1)
    for limit in (hf.WORTH_SHARING // 2 - 13, hf.WORTH_SHARING // 2 - 12):
        engine.think(questions[:16], Budget(limit, max_answer=12))
    assert shared == [False, True]


@pytest.mark.parametrize(("name", "value"), [("OMP_NUM_THREADS", "1"), ("TINY", 1)])
def test_one_thread_or_a_larger_model_means_one_process(monkeypatch, name, value):
    monkeypatch.setattr("s1lib.threads.available_cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    if name == "TINY":
        monkeypatch.setattr("s1lib.threads.TINY", value)
    else:
        monkeypatch.setenv(name, value)
    assert HFEngine.load(DATA / "sft", share=True).workers is None
