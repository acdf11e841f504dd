"""The store of answers: nothing that was paid for is lost, whatever happens to the file."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import astuple, replace

import pytest

from s1lib.distillation import answer_store
from s1lib.distillation.answer_store import (
    RESPONSE_COLUMNS,
    AnswerStore,
    TeacherResponse,
    request_id,
)
from s1lib.errors import CourseError
from s1lib.io import ROOT

PAGE = 4096


def response(number: int, **changes) -> TeacherResponse:
    """An answer; every tenth is longer than a page, every fifth a failure."""
    question = f"Question {number}: é {'x' * (number % 7)}"
    values = TeacherResponse(
        id=request_id("m", question, {"n": 1}),
        question=question,
        teacher="m",
        asked_at="2026-01-01T00:00:00+00:00",
        parameters='{"n": 1}',
        thinking=None if number % 5 == 0 else "So. " * (3000 if number % 10 == 1 else 50),
        thinking_kind="raw",
        attempt=None if number % 5 == 0 else str(number),
        failure="HTTP 503, 5 times" if number % 5 == 0 else None,
        finish_reason="STOP",
        prompt_tokens=7,
        thinking_tokens=number,
        answer_tokens=1,
        tries=1 + number % 2,
        may_pass=int(number % 5 == 0),
    )
    return replace(values, **changes)


ROWS = {r.id: r for r in map(response, range(300))}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "answers.db"
    with AnswerStore(path) as store:
        for row in ROWS.values():
            store.add(row)
    return path


def content(path) -> dict[str, TeacherResponse]:
    with AnswerStore(path) as store:
        assert len(store) == len(store.get(ROWS))
        return store.get(ROWS)


def test_what_was_stored_comes_back(path):
    assert content(path) == ROWS
    assert [p.name for p in path.parent.iterdir() if "lock" not in p.name] == ["answers.db"]


def damage(path, kind: str, rng: random.Random) -> None:
    """Damage a file in one of several ways, never in the same place."""
    content = bytearray(path.read_bytes())
    pages = len(content) // PAGE
    page = rng.randrange(pages)
    if kind == "zeros":
        content[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    elif kind == "noise":
        content[page * PAGE : (page + 1) * PAGE] = rng.randbytes(PAGE)
    elif kind == "a few bytes":
        at = rng.randrange(100, len(content) - 8)
        content[at : at + 8] = rng.randbytes(8)
    elif kind == "one bit":
        content[rng.randrange(100, len(content))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del content[rng.randrange(PAGE, len(content)) :]
    elif kind == "first page":
        content[:PAGE] = rng.randbytes(PAGE)
    elif kind == "header":
        content[:16] = bytes(16)
    elif kind == "shifted":
        content[page * PAGE : page * PAGE] = rng.randbytes(100)
    path.write_bytes(content)


KINDS = ["zeros", "noise", "a few bytes", "one bit", "cut", "first page", "header", "shifted"]


def check_damage(path, kind: str, seed: int) -> int:
    """Nothing wrong comes out, the damaged file is kept, and the sentence is true."""
    whole = path.read_bytes()
    damage(path, kind, random.Random(f"{kind} {seed}"))
    damaged = path.read_bytes()
    try:
        found = content(path)
    except CourseError as error:
        text = str(error)
        assert "answers.db is damaged" in text and "\n" not in text
        kept = path.with_name("damaged-answers.db")
        if "no answer in it can be read" in text:
            assert path.read_bytes() == damaged and not kept.exists()
            found = {}
        else:
            assert len(kept.read_bytes()) == len(damaged)
            found = content(path)
            assert f"{len(found):,} answers and failures could be read" in text
            kept.unlink()
    path.write_bytes(whole)
    assert found.items() <= ROWS.items()  # what comes back is what was written
    return len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_told_and_what_can_be_read_is_kept(path, kind):
    found = [check_damage(path, kind, seed) for seed in range(3)]
    if kind not in ("cut", "shifted"):  # one page is lost, with the rows that stand in it
        assert min(found) > 0.9 * len(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_damage_at_many_places(path, kind):
    for seed in range(3, 40):
        check_damage(path, kind, seed)


def test_the_log_of_a_killed_process_is_read_around_damage(path, tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, 'tests')\n"
        "from pathlib import Path; from test_answer_store import *\n"
        "store = AnswerStore(Path(sys.argv[1]))\n"
        "for n in range(300, 340): store.add(response(n))\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    log = tmp_path / "answers.db-wal"
    for file, lost in ((path, PAGE), (log, 32)):  # the first page, and the log's header
        content = file.read_bytes()
        file.write_bytes(bytes(lost) + content[lost:])
    with pytest.raises(CourseError, match="340 answers and failures could be read"):
        AnswerStore(path)


def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path):
    path = tmp_path / "answers.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(CourseError, match=r"answers\.db is damaged .*no answer in it can be read"):
        AnswerStore(path)
    assert path.read_bytes() == b"this is no database at all" * 100


def test_a_store_of_another_program_is_not_called_damaged(tmp_path):
    path = tmp_path / "answers.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE answers (x)")
    with pytest.raises(CourseError, match="is it the store of another program") as caught:
        AnswerStore(path)
    assert "damaged" not in str(caught.value)


def test_a_store_of_an_earlier_version_is_brought_up_to_date(tmp_path):
    path = tmp_path / "answers.db"
    old = RESPONSE_COLUMNS[:-1]
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE answers (id TEXT PRIMARY KEY, {', '.join(old[1:])})")
        rows = [astuple(row)[:-1] for row in ROWS.values()]
        db.executemany(f"INSERT INTO answers VALUES ({', '.join('?' * len(old))})", rows)
        db.commit()
    whole = path.read_bytes()
    assert content(path) == ROWS  # "HTTP 503, 5 times" may pass
    path.write_bytes(bytes(PAGE) + whole[PAGE:])
    with pytest.raises(CourseError, match="300 answers and failures could be read"):
        AnswerStore(path)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_lock_of_another_program_is_waited_for(path, mode, capsys):
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute("BEGIN EXCLUSIVE")
        freed = threading.Timer(2.0, lambda: db.execute("ROLLBACK"))
        freed.start()
        begin = time.monotonic()
        with AnswerStore(path) as store:
            store.add(response(1000))
            assert time.monotonic() - begin > 1.5 and len(store) == 301
        freed.join()


def test_an_answer_that_cannot_be_stored_is_set_aside(path, monkeypatch):
    monkeypatch.setattr(answer_store, "PATIENCE", 0.5)
    new = response(1000)
    with AnswerStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(CourseError, match="locked by another program.*unsaved.jsonl") as caught:
            store.add(new)
        assert "damaged" not in str(caught.value)
    with AnswerStore(path) as store:
        assert store.get([new.id]) == {new.id: new} and len(store) == 301
    assert not path.with_name("answers.db.unsaved.jsonl").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="file modes are POSIX's")
def test_a_read_only_store_is_not_called_damaged(path):
    """In a process without root's rights, which no file mode stops."""
    os.chmod(path, 0o444)
    os.chmod(path.with_name(".answers.db.lock"), 0o666)
    os.chmod(path.parent, 0o777)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from s1lib.distillation.answer_store import AnswerStore\n"
        "os.geteuid() or os.setuid(65534)\n"
        "AnswerStore(Path(sys.argv[1]))"
    )
    for folder in path.parents:
        if len(folder.parts) > 2 and os.stat(folder).st_uid == os.geteuid():
            os.chmod(folder, os.stat(folder).st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert "answers.db is read-only" in done.stderr and "damaged" not in done.stderr
    os.chmod(path, 0o644)
    assert content(path) == ROWS


def test_a_second_process_is_told_who_is_at_work(path):
    code = "import sys; from s1lib.distillation.answer_store import AnswerStore as S\n"
    code += "from pathlib import Path; S(Path(sys.argv[1]))"
    with AnswerStore(path):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True
        )
    assert f"is in use by process {os.getpid()}" in done.stderr and done.returncode == 1
