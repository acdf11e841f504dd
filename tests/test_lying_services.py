"""A service that lies costs its own rows and nothing else."""

import asyncio
import resource
import sys
import time
import traceback
from dataclasses import replace

import pytest
from lying_service import ENDS, FAULTS, lying_service

from s1lib.config import TeacherConfig
from s1lib.distillation import limits
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.run import distill
from s1lib.errors import CourseError

SECRET = "sk-planted-5f1c9a77d2"
SLOW = (
    "silent",
    "dripping",
    "continue",
    "gzip bomb",
    "long",
    "without an end",
    "error that is long",
)
FAST = [kind for kind in FAULTS if not kind.startswith(SLOW)]


@pytest.fixture(params=["openai", "gemini"])
def protocol(request):
    return request.param


@pytest.fixture
def teacher(monkeypatch, protocol):
    monkeypatch.setattr(limits, "MAX_GAP", 0.1)  # many rows here are refused for their rate
    monkeypatch.setenv("S1_TEST_KEY", SECRET)
    return TeacherConfig(
        protocol, "", "m", key="S1_TEST_KEY", tries=2, first_wait=0.01, timeout=3.0,
        max_output_tokens=8192, thinking_kind="raw", price_in=1.0, price_out=1.0,
    )  # fmt: skip


def megabytes() -> float:
    """The most memory that this process has had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


def check(tmp_path, capfd, teacher, kinds) -> None:
    """Ask one question for each kind of fault, with a good one after each."""
    questions = [q for kind in kinds for q in (f"{kind} § it", f"fine § after {kind}")]
    before, begin = megabytes(), time.monotonic()
    with lying_service(SECRET, teacher.kind) as (url, leaked):
        service = replace(teacher, url=f"{url}/v1" if teacher.kind == "openai" else url)
        with AnswerStore(tmp_path / "answers.db") as store:
            records, state = asyncio.run(distill(service, questions, store, print))
            assert len(store) == len(questions)
        with AnswerStore(tmp_path / "answers.db") as store:  # the next run can read what is there
            assert store.get(r.id for r in records.values()) == {r.id: r for r in records.values()}
    grown, seconds = megabytes() - before, time.monotonic() - begin

    answered = {q for q, r in records.items() if r.failure is None}
    failed = {q for q, r in records.items() if r.failure}
    assert list(records) == questions and len(answered) + len(failed) == len(questions)
    assert (state.done, state.failed) == (len(questions), len(failed))
    assert not [q for q in questions if q.startswith("fine") and q in failed]
    of_kind = {kind: records[f"{kind} § it"] for kind in kinds}
    expected = {kind: FAULTS[kind][0] for kind in kinds}
    assert {k: r.failure for k, r in of_kind.items() if (r.failure is None) != expected[k]} == {}
    assert leaked == []  # no request to another host, so no key either
    written = "".join(capfd.readouterr())
    stored = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert SECRET not in written + repr(records) and SECRET.encode() not in stored
    for record in records.values():
        assert (record.failure or "").isprintable() and (record.finish_reason or "").isprintable()
        assert len(record.failure or "") < 500
        for count in (record.prompt_tokens, record.thinking_tokens, record.answer_tokens):
            assert isinstance(count, int) and 0 <= count < 2**31
    assert written.replace("\n", "").isprintable()
    assert grown < 250 and seconds < 120, (grown, seconds)


def test_each_kind_costs_its_own_row(tmp_path, capfd, teacher):
    assert len(FAULTS) >= 150
    check(tmp_path, capfd, teacher, FAST)


@pytest.mark.slow
def test_kinds_that_take_time_or_memory_cost_their_own_row(tmp_path, capfd, teacher):
    check(tmp_path, capfd, teacher, [kind for kind in FAULTS if kind.startswith(SLOW)])


@pytest.mark.parametrize("kind", ENDS)
def test_a_refusal_of_all_requests_ends_the_run_at_once(tmp_path, capfd, teacher, kind):
    questions = [f"{kind} § {n}" for n in range(40)]
    with lying_service(SECRET, teacher.kind) as (url, _):
        service = replace(teacher, url=f"{url}/v1" if teacher.kind == "openai" else url)
        with AnswerStore(tmp_path / "answers.db") as store:
            with pytest.raises(CourseError, match=ENDS[kind][1]) as caught:
                asyncio.run(distill(service, questions, store))
            assert len(store) == 0  # nothing is stored as failed that was never the row's fault
    text = str(caught.value)
    assert text.isprintable() and len(text) < 500
    shown = "".join(traceback.format_exception(caught.value)) + "".join(capfd.readouterr())
    assert SECRET not in shown
