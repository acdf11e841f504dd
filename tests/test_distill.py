"""Distillation: nothing is lost, whatever the service does."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from types import ModuleType, SimpleNamespace

import pytest

from s1lib.config import TeacherConfig, load_profile
from s1lib.curation.labels import label_questions
from s1lib.distillation import clients as teachers
from s1lib.distillation import limits
from s1lib.distillation import run as stage
from s1lib.distillation.answer_store import AnswerStore, request_id
from s1lib.distillation.clients import api_key
from s1lib.distillation.limits import CapReached, CostCap, per_minute
from s1lib.distillation.replies import Reply
from s1lib.distillation.run import distill, dry_run, join
from s1lib.errors import CourseError
from s1lib.io import DATA, ROOT, read_rows
from s1lib.prompts import LABEL_REQUEST
from s1lib.services.failures import ServiceError
from s1lib.toyworld import WORLD
from s1lib.toyworld.fake_gemini import FAULT_KINDS, Faults, serve_fake_gemini
from s1lib.toyworld.questions import subject

POOL = read_rows(DATA / "pool.jsonl")
ANSWERED = [
    row["question"] for row in read_rows(DATA / "traces.jsonl") if row["thinking_trajectories"]
]
QUESTIONS = list(dict.fromkeys(ANSWERED))[:60]
SERVICE = replace(load_profile("laptop").teacher, first_wait=0.01, timeout=1.0)
PERMANENT = {"blocked", "SAFETY", "RECITATION", "MAX_TOKENS", "no thoughts", "empty answer"}


@pytest.fixture
def store(tmp_path):
    with AnswerStore(tmp_path / "answers.db") as store:
        yield store


def run(store, questions=QUESTIONS, service=SERVICE, faults=None, **settings):
    """Ask the toy world's teacher; `faults` are what goes wrong at its server."""
    if faults is None:
        return asyncio.run(distill(service, questions, store, **settings))
    with serve_fake_gemini(faults=faults) as address:
        service = replace(service, url=address)
        return asyncio.run(distill(service, questions, store, **settings))


def test_every_question_is_asked_once_and_a_restart_asks_nothing(store, monkeypatch):
    reports = []
    records, state = run(store, report=lambda s: reports.append(str(s)))
    assert list(records) == QUESTIONS and len(store) == len(QUESTIONS) == len(reports)
    assert not any(r.failure for r in records.values()) and state.stopped is None
    assert reports[-1].startswith("60 of 60 questions, 0 failed, 0 s left, $0.00")
    monkeypatch.setattr(stage, "connect", lambda *_: pytest.fail("a stored question was asked"))
    assert run(store)[0] == records


def test_the_answers_are_those_of_the_shipped_traces(store):
    records, _ = run(store)
    rows = [row for row in POOL if row["question"] in records]
    shipped = [row for row in read_rows(DATA / "traces.jsonl") if row["question"] in records]
    traced = [{k: v for k, v in row.items() if k != "provenance"} for row in join(rows, records)]
    assert traced == shipped  # the shipped rows gain it when they are next made


def test_a_record_says_where_it_comes_from(store):
    record = run(store, QUESTIONS[:1])[0][QUESTIONS[0]]
    assert record.teacher == SERVICE.model and record.thinking_kind == "raw"
    assert record.asked_at.endswith("+00:00") and record.finish_reason == "STOP"
    assert json.loads(record.parameters) == SERVICE.parameters
    assert record.tries == 1 and record.thinking_tokens > 0 < record.answer_tokens


def test_the_teacher_of_another_world_has_another_name():
    """Else a new version of the course would go on with the answers that an old one stored."""
    assert SERVICE.model == f"embedded-teacher-{WORLD}"


def test_another_model_or_setting_asks_anew(store):
    run(store, QUESTIONS[:5])
    run(store, QUESTIONS[:5], replace(SERVICE, model="another"))
    run(store, QUESTIONS[:5], replace(SERVICE, max_output_tokens=99))
    assert len(store) == 15


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_each_fault_passes_or_is_recorded(store, kind):
    """Once: what may pass is tried again. Always: it ends as a failure with its reason."""
    first, second = QUESTIONS[:2]
    faults = Faults(script={first: [kind], second: [kind] * 5}, hang=2.0)
    service = replace(SERVICE, tries=3, timeout=0.5)
    records, _ = run(store, [first, second], service, faults=faults)
    once, always = records[first], records[second]
    if kind == "429":  # a rate limit is no failure: it is waited for
        assert (once.tries, always.tries) == (2, 6) and not once.failure and not always.failure
        return
    assert always.failure
    if kind in PERMANENT:
        assert (once.tries, always.tries) == (1, 1) and once.failure == always.failure
        expected = {"blocked": "BLOCKED PROHIBITED_CONTENT", "no thoughts": "no thinking",
                    "empty answer": "no answer"}.get(kind, kind)  # fmt: skip
        assert once.failure == expected
    else:
        assert once.failure is None and once.tries == 2
        assert always.tries == 3 and always.failure.endswith(", 3 times")
        assert always.failure.startswith(f"HTTP {kind}" if kind.isdigit() else "")


def test_with_faults_everywhere_asked_is_answered_plus_failed(store):
    faults = Faults(rate=0.4, hang=0.2)
    records, state = run(store, service=replace(SERVICE, timeout=0.1), faults=faults)
    failed = [r for r in records.values() if r.failure]
    answered = [r for r in records.values() if r.thinking and r.attempt and not r.failure]
    assert len(records) == len(QUESTIONS) == len(failed) + len(answered) == state.done
    assert failed and answered and state.failed == len(failed)
    assert max(r.tries for r in records.values()) > 1
    rows = join([{"question": q} for q in QUESTIONS], records)
    assert sum(bool(row["thinking_trajectories"]) for row in rows) == len(answered)


def test_failures_are_asked_again_only_on_request(store):
    faults = Faults(script={q: ["SAFETY"] for q in QUESTIONS[:3]})
    records, _ = run(store, QUESTIONS[:6], faults=faults)
    assert sum(bool(r.failure) for r in records.values()) == 3
    assert run(store, QUESTIONS[:6])[0] == records
    records, state = run(store, QUESTIONS[:6], retry_failed=True)
    assert not any(r.failure for r in records.values())
    assert (state.done, state.failed) == (6, 0) and len(store) == 6


def test_other_client_errors_are_recorded_at_once(store):
    faults = Faults(script={QUESTIONS[0]: ["400"]})
    record = run(store, QUESTIONS[:1], faults=faults)[0][QUESTIONS[0]]
    assert record.failure.startswith("HTTP 400") and record.tries == 1


def test_waits_grow(store, monkeypatch):
    waits, real = [], asyncio.sleep

    async def sleep(seconds, *rest):
        if seconds:
            waits.append(seconds)
        await real(0)

    monkeypatch.setattr(stage.asyncio, "sleep", sleep)
    faults = Faults(script={QUESTIONS[0]: ["503"] * 9})
    run(store, QUESTIONS[:1], replace(SERVICE, first_wait=8.0, tries=6), faults=faults)
    mine = [w for w in waits if w >= 4]
    assert len(mine) == 5
    for n, wait in enumerate(mine):
        top = min(60, 8 * 2**n)
        assert top / 2 <= wait <= top


KILLED = """
import asyncio, sys
from pathlib import Path
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.run import distill, load_pool
from s1lib.config import load_profile
profile = load_profile("laptop")
questions = [row["question"] for row in load_pool(profile)][:3000]
with AnswerStore(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    asyncio.run(distill(profile.teacher, questions, store))
"""


@pytest.mark.slow
def test_kill_9_costs_at_most_what_was_in_flight(tmp_path):
    path = tmp_path / "answers.db"
    questions = list(dict.fromkeys(row["question"] for row in POOL[:3000]))
    counts = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=ROOT
        )
        while process.stdout.readline() != b"ready\n":  # other lines come first
            assert process.poll() is None
        before = counts[-1] if counts else 0
        for _ in range(2400):  # two minutes, for a busy machine
            time.sleep(0.05)
            db = sqlite3.connect(path)
            stored = db.execute("SELECT count(*) FROM answers").fetchone()[0]
            db.close()
            if stored > before + 50:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        with AnswerStore(path) as store:
            counts.append(len(store))
    assert 0 < counts[0] < counts[1] < counts[2] < len(questions)  # it goes on, each time
    with AnswerStore(path) as store:
        records, _ = run(store, questions[:3000])
        assert list(records) == questions and len(store) == len(questions)


def test_a_damaged_store_is_named(tmp_path):
    path = tmp_path / "answers.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(CourseError, match=r"answers\.db is damaged"):
        AnswerStore(path)


def test_questions_that_cannot_be_asked_are_listed(store):
    bad = ["", "  \n", "x" * 100_001, "broken \ud800 text", None, float("nan"), 7]
    records, _ = run(store, [*bad, QUESTIONS[0]])
    assert [r.failure is None for r in records.values()] == [False] * 7 + [True]
    reasons = [r.failure for r in records.values()][:7]
    assert reasons[:2] == ["the question is empty"] * 2 and "at most 100,000" in reasons[2]
    assert "broken unicode" in reasons[3] and reasons[4:] == [
        "the question is no text but NoneType",
        "the question is no text but float",
        "the question is no text but int",
    ]
    assert len(store) == 8


def test_a_question_that_is_a_list_is_an_error(store):
    with pytest.raises(CourseError, match="question 1 is no text but list"):
        run(store, [QUESTIONS[0], ["x"]])
    assert len(store) == 0


# Pace and money

PRICED = replace(SERVICE, price_in=1.0, price_out=10.0, max_output_tokens=1000)


def test_the_cap_is_never_passed_and_nothing_is_lost(store):
    cap = 0.05  # dollars; a request may cost 1 cent
    most = []
    records, state = run(store, service=PRICED, cap=cap, report=lambda s: most.append(s.dollars))
    assert 0 < len(records) < len(QUESTIONS)
    assert max(most) <= cap and "the cap of $0.05 leaves no room" in state.stopped
    records, state = run(store, service=PRICED)
    assert len(records) == len(QUESTIONS) and state.stopped is None


def test_a_try_that_was_cut_counts_as_if_it_was_charged(store):
    faults = Faults(script={QUESTIONS[0]: ["cut", "429"]})
    _, state = run(store, QUESTIONS[:1], PRICED, faults=faults)
    question, cap = QUESTIONS[0], CostCap(PRICED, None)
    assert cap.most(question) <= state.dollars < 2 * cap.most(question)


def test_reservations_of_other_requests_are_waited_for(store, tmp_path):
    """A cap for what all questions cost and one reservation more lets all of them through, where
    it has no room for the reservations of sixteen at once."""
    service, questions = replace(PRICED, concurrency=16), QUESTIONS[:20]
    _, state = run(store, questions, service)
    most = max(map(CostCap(service, None).most, questions))
    cap = state.dollars + most
    assert cap < 16 * most
    with AnswerStore(tmp_path / "again.db") as again:
        records, capped = run(again, questions, service, cap=cap)
    assert len(records) == len(questions) and capped.stopped is None
    assert capped.dollars == pytest.approx(state.dollars)


def test_a_request_waits_while_what_others_reserved_may_come_back():
    question = QUESTIONS[0]

    async def reservations(spent: list[float]) -> list[str]:
        """Three requests at a cap for one and a half; each ends after the next was begun."""
        cost = CostCap(PRICED, 1.5 * CostCap(PRICED, None).most(question))
        told = []

        async def request(name: int) -> None:
            try:
                reserved = await cost.reserve(question)
            except CapReached:
                told.append(f"{name} not sent")
                return
            told.append(f"{name} sent")
            assert cost.spent + cost.reserved <= cost.cap
            await asyncio.sleep(0)
            told.append(f"{name} ended")
            await cost.settle(reserved, spent[name] * reserved)

        await asyncio.gather(*map(request, range(3)))
        assert cost.in_flight == 0 and cost.reserved == 0.0
        return told

    one_by_one = ["0 sent", "0 ended", "1 sent", "1 ended", "2 sent", "2 ended"]
    assert asyncio.run(reservations([0.1, 0.1, 0.1])) == one_by_one
    assert asyncio.run(reservations([0.1, 0.5, 0.1])) == [*one_by_one[:4], "2 not sent"]
    assert asyncio.run(reservations([1.0, 0.1, 0.1])) == [
        "0 sent",
        "0 ended",
        "1 not sent",
        "2 not sent",
    ]


def test_a_cap_needs_a_price(store):
    with pytest.raises(CourseError, match="needs the price: put price_in and price_out"):
        run(store, service=replace(SERVICE, price_in=None), cap=1.0)


def test_a_dry_run_asks_nothing_and_says_what_it_would_take():
    service = replace(PRICED, requests_per_minute=30, tokens_per_minute=1000, expected_tokens=50)
    plan = dry_run(service, ["a" * 400, "b" * 400, "b" * 400, ""])
    assert plan == {
        "requests": 2, "tokens in": 200, "tokens out": 100, "minutes at least": 0.3,
        "dollars expected": 0.0, "dollars at most, one try each": 0.02,
    }  # fmt: skip
    assert dry_run(replace(service, price_in=None), ["a"])["dollars expected"] is None


@pytest.mark.parametrize("allowed", [1, 7, 60, 500])
def test_never_more_than_allowed_in_any_minute(allowed):
    """A tenth at once and the rest spread out: the most that can come in 60 seconds."""
    limit = per_minute(allowed)
    spread = 60 * limit.max_rate / limit.time_period
    assert limit.max_rate + spread <= max(allowed, 2) and per_minute(None) is None


def test_requests_and_tokens_wait_for_their_pace(store, monkeypatch):
    taken = Counter()

    async def acquire(self, amount=1):
        assert amount <= self.max_rate
        taken[self.max_rate] += amount

    monkeypatch.setattr(limits.AsyncLimiter, "acquire", acquire)
    service = replace(SERVICE, requests_per_minute=70, tokens_per_minute=500, expected_tokens=100)
    run(store, QUESTIONS[:4], service)
    assert taken == {7: 4, 50: 400 + sum(len(q) // 4 for q in QUESTIONS[:4])}


class Clock:
    """A time that passes only where somebody waits for it."""

    def __init__(self) -> None:
        self.now, self.real = 1000.0, asyncio.sleep

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        await self.real(0)  # the others begin their waits
        self.now = max(self.now, end)


@pytest.fixture
def limited(monkeypatch):
    """A teacher that refuses the third request and asks to wait half a minute; also when each
    request came in, in seconds since the first."""
    clock, came = Clock(), []

    async def ask(question: str) -> Reply:
        came.append(clock.now - 1000.0)
        if len(came) == 3:
            raise ServiceError("HTTP 429 (slow down)", "busy", wait=30.0)
        return Reply("So.", "raw", "3", finish_reason="STOP")

    @asynccontextmanager
    async def connect(teacher):
        yield ask

    monkeypatch.setattr(stage, "connect", connect)
    monkeypatch.setattr(limits, "time", clock)
    monkeypatch.setattr(stage, "time", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return came


def test_the_wait_for_a_rate_limit_is_shown_and_kept_by_all_requests(store, limited):
    reports = []
    service = replace(SERVICE, concurrency=1, timeout=30.0)
    _, state = run(store, QUESTIONS[:6], service, report=lambda state: reports.append(str(state)))
    assert (state.done, state.failed, len(limited)) == (6, 0, 7)
    assert limited[2] == 0 and limited[3] >= 30
    done, waiting, *slowed = reports[1:]
    assert done.startswith("2 of 6 questions") and "rate" not in done
    assert waiting.startswith("2 of 6 questions")
    assert waiting.endswith(", waiting 30 s: the service limits the rate")
    assert slowed[0].endswith(", slowed to 1,500 requests a minute by the service")
    gaps = [later - sooner for sooner, later in pairwise(limited[3:])]
    assert all(0 < later < sooner for sooner, later in pairwise(gaps))  # it goes a little faster


def test_the_command_prints_the_wait_for_a_rate_limit(limited, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["s1 distill", "--profile", "smoke"])
    stage.main()
    assert ", waiting 30 s: the service limits the rate\n" in capsys.readouterr().out


# Keys

SECRET = "sk-planted-5f1c9a77"


def test_a_key_comes_from_the_environment_a_colab_secret_or_a_hidden_prompt(monkeypatch):
    service = replace(SERVICE, key="S1_TEST_KEY")
    monkeypatch.setenv("S1_TEST_KEY", SECRET)
    assert api_key(service) == SECRET
    monkeypatch.delenv("S1_TEST_KEY")
    secrets = ModuleType("google.colab")
    secrets.userdata = SimpleNamespace(get={"S1_TEST_KEY": "of-Colab"}.__getitem__)
    monkeypatch.setitem(sys.modules, "google.colab", secrets)
    assert api_key(service) == "of-Colab"
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.setattr(teachers, "getpass", lambda text: "typed" if "hidden" in text else "")
    assert api_key(service) == "typed"
    monkeypatch.setattr(teachers, "getpass", lambda text: "")
    with pytest.raises(CourseError, match="set the environment variable S1_TEST_KEY"):
        api_key(service)
    assert api_key(SERVICE) == "none-needed"


@pytest.mark.parametrize("error", [EOFError(), OSError(25, "no terminal"), NotImplementedError()])
def test_without_a_terminal_the_missing_key_is_named(monkeypatch, error):
    """A closed standard input, a batch job, a notebook that is executed without a reader."""

    def nobody(text: str) -> str:
        raise error

    monkeypatch.delenv("S1_TEST_KEY", raising=False)
    monkeypatch.setattr(teachers, "getpass", nobody)
    with pytest.raises(CourseError, match="S1_TEST_KEY is not set .* no terminal. Set"):
        api_key(replace(SERVICE, key="S1_TEST_KEY"))


@pytest.mark.parametrize("fault", ["401", "403", "400", "503", "cut", "not json", "blocked"])
def test_a_key_is_never_written(tmp_path, monkeypatch, capfd, fault):
    """Not even where the service itself repeats the key in its error message."""
    monkeypatch.setenv("S1_TEST_KEY", SECRET)
    faults = Faults(script={q: [fault] * 9 for q in QUESTIONS}, echo=True)
    service = replace(SERVICE, key="S1_TEST_KEY", tries=2)
    text = ""
    with AnswerStore(tmp_path / "answers.db") as store:
        try:
            records, _ = run(store, QUESTIONS[:4], service, faults=faults)
            text += repr(records)
            assert fault != "400" or "this teacher cannot answer now, …" in text
        except CourseError as error:
            assert fault in ("401", "403") and "refuses the key" in str(error)
            text += "".join(traceback.format_exception(error))
    text += "".join(capfd.readouterr())
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SECRET not in text and SECRET.encode() not in stored


@pytest.mark.parametrize("value", [f"{SECRET}\nsecond line", f"{SECRET} x", "\u00e4" + SECRET])
def test_what_can_be_no_key_is_refused_without_saying_it(store, monkeypatch, value):
    monkeypatch.setenv("S1_TEST_KEY", value)
    service = replace(SERVICE, key="S1_TEST_KEY")
    with pytest.raises(CourseError, match="S1_TEST_KEY holds no key") as caught:
        run(store, QUESTIONS[:1], service)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_refused_key_stops_the_run_and_keeps_what_there_is(store):
    faults = Faults(script={q: ["401"] for q in QUESTIONS[30:]})
    with pytest.raises(CourseError, match="refuses the key"):
        run(store, faults=faults)
    kept = len(store)
    assert kept <= 45
    assert len(run(store)[0]) == len(QUESTIONS) and len(store) == len(QUESTIONS) > kept


# Other services


@contextmanager
def chat_server(answer):
    """A loopback chat server; `answer(question)` is the body it sends, or the choice's message."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = answer(body["messages"][-1]["content"])
            content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def chat(message, **usage):
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return body | ({"usage": usage} if usage else {})


def test_an_openai_compatible_teacher(store):
    def answer(question):
        message = {"role": "assistant", "content": f"It is {len(question)}."}
        if question != "silent":
            message["reasoning_content"] = "Let me see."
        return chat(message, prompt_tokens=5, completion_tokens=9, total_tokens=14,
                    completion_tokens_details={"reasoning_tokens": 4})  # fmt: skip

    with chat_server(answer) as url:
        records, _ = run(store, ["two", "silent"], TeacherConfig("openai", url, "open-model"))
    two, silent = records.values()
    assert (two.thinking, two.thinking_kind, two.attempt) == ("Let me see.", "raw", "It is 3.")
    assert (two.prompt_tokens, two.thinking_tokens, two.answer_tokens) == (5, 4, 5)
    assert silent.failure == "no thinking"


ODD = {
    "no json": b"<html>",
    "a number": b"5",
    "no message": json.dumps(chat(None)).encode(),
    "parts": json.dumps(chat({"role": "assistant", "content": [{"text": "x"}]})).encode(),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_replies_are_failures_and_not_the_end_of_the_run(store, body):
    good = chat({"role": "assistant", "content": "3", "reasoning_content": "So."})
    with chat_server(lambda question: body if question == "odd" else good) as url:
        service = replace(SERVICE, kind="openai", url=url, tries=2)
        records, _ = run(store, ["odd", "even"], service)
    assert records["odd"].failure and records["even"].failure is None


def test_half_a_character_in_an_answer_is_replaced(store):
    torn = {"role": "assistant", "content": "3 \ud83d", "reasoning_content": "So \ud83d."}
    with chat_server(lambda question: chat(torn)) as url:
        records, _ = run(store, ["q"], replace(SERVICE, kind="openai", url=url))
    assert (records["q"].attempt, records["q"].thinking) == ("3 ?", "So ?.")


def test_a_reply_that_does_not_tell_its_tokens_counts_as_the_most(store):
    good = chat({"role": "assistant", "content": "3", "reasoning_content": "So."})
    with chat_server(lambda question: good) as url:
        service = replace(PRICED, kind="openai", url=url)
        records, state = run(store, QUESTIONS, service, cap=0.05)
    assert 0 < len(records) <= 4 and state.stopped and state.dollars <= 0.05


def test_a_cap_that_is_no_number_allows_nothing(store):
    records, state = run(store, service=PRICED, cap=float("nan"))
    assert not records and state.stopped


def test_an_unknown_kind_of_teacher(store):
    with pytest.raises(CourseError, match="choose gemini, openai, replay"):
        run(store, service=replace(SERVICE, kind="oracle"))


def test_a_service_that_is_down_is_recorded(store):
    service = replace(SERVICE, url="http://127.0.0.1:9", tries=2)
    records, _ = run(store, QUESTIONS[:2], service)
    assert all(r.failure.endswith(", 2 times") for r in records.values())


def test_the_own_teacher_is_asked_without_a_proxy(store, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    records, state = run(store, QUESTIONS[:5])
    assert not any(r.failure for r in records.values()) and state.stopped is None


def test_a_server_that_went_away_ends_the_run_and_is_asked_again(store):
    gone = replace(PRICED, url="http://127.0.0.1:9", tries=2, concurrency=4)
    records, state = run(store, QUESTIONS[:40], gone)
    assert len(records) < 12 and "cannot be reached (no connection to 127.0.0.1:9" in state.stopped
    assert state.dollars == 0  # nothing was done, so nothing is booked
    records, state = run(store, QUESTIONS[:40])  # by default, what may pass is asked again
    assert len(records) == 40 and not any(r.failure for r in records.values())


def test_labels_come_from_the_teacher(store):
    questions = [*QUESTIONS[:20], "Who was Ada Lovelace?"]
    labels = asyncio.run(label_questions(SERVICE, questions, store))
    assert labels == {q: subject(q) for q in questions}
    assert labels["Who was Ada Lovelace?"] == "other" and len(store) == 21


def test_a_failed_label_is_unknown(store):
    good, bad = QUESTIONS[:2]
    faults = Faults(script={LABEL_REQUEST + bad: ["SAFETY"]})
    with serve_fake_gemini(faults=faults) as url:
        labels = asyncio.run(label_questions(replace(SERVICE, url=url), [good, bad], store))
    assert labels == {good: subject(good), bad: "unknown"}


def test_labels_without_a_teacher_are_an_error(store):
    service = replace(SERVICE, url="http://127.0.0.1:9", tries=1)
    with pytest.raises(CourseError, match="none of 2 requests was answered.*no connection to 127"):
        asyncio.run(label_questions(service, QUESTIONS[:2], store))


def test_the_server_knows_no_other_method():
    import urllib.error
    import urllib.request

    with serve_fake_gemini() as address:
        request = urllib.request.Request(f"{address}/v1/models/x:countTokens", data=b"{}")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(request)


def test_the_command_says_what_it_would_take(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["s1 distill", "--dry-run", "--profile", "smoke"])
    stage.main()
    assert "dollars at most" in capsys.readouterr().out


def test_ids_differ_by_model_question_and_parameters():
    ids = {request_id(m, q, p) for m in "ab" for q in "xy" for p in ({}, {"n": 1})}
    assert len(ids) == 8
