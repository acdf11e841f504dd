"""The store of a teacher's answers: a SQLite file that loses nothing.

Each answer is committed as it comes in, so killing the process at any moment costs at most the
requests in flight. A response is found by a hash of model, question and parameters: a restart
neither repeats nor drops a question, and another model or setting is asked again.

Answers may be paid for, so no failure here throws any away. One process at a time writes; a lock
that another program holds is waited for; what cannot be written is set aside in a text file; and
of a damaged store everything that is readable is moved to a new one (`store_recovery`).
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from s1lib.distillation.store_recovery import read_log, readable_records
from s1lib.errors import CourseError
from s1lib.io import refuse_link, set_aside
from s1lib.locks import locked

T = TypeVar("T")
PATIENCE = 120.0  # seconds for another program to let go of the file
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True)
class TeacherResponse:
    """What became of one question: an answer or a failure, and where it came from."""

    id: str
    question: str
    teacher: str
    asked_at: str  # UTC, ISO 8601
    parameters: str  # JSON
    thinking: str | None
    thinking_kind: str | None  # "raw", or "summary": what today's Gemini API returns
    attempt: str | None
    failure: str | None  # the reason, None if answered
    finish_reason: str | None
    prompt_tokens: int
    thinking_tokens: int
    answer_tokens: int
    tries: int
    may_pass: int = 0  # 1: it failed for a reason that may pass, and is asked again


RESPONSE_COLUMNS = [f.name for f in fields(TeacherResponse)]
COLUMNS = [*RESPONSE_COLUMNS, "checksum"]
NEW_COLUMNS = ("may_pass", "checksum")  # a store of an earlier version lacks them


def request_id(model: str, question: str, parameters: dict) -> str:
    """Return the hash that identifies a request."""
    text = json.dumps([model, question, parameters], sort_keys=True)  # ASCII: any text hashes
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def checksum(values: Iterable[object]) -> str:
    """Return the hash that tells a row as it was written from one that the disk has changed."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


def response_of(record: tuple[Any, ...]) -> TeacherResponse | None:
    """Make a response of a row of the table, checksum last; None if it is not as it was written."""
    values = record[:-1]
    try:
        whole = len(record) == len(COLUMNS) and record[-1] == checksum(values)
    except TypeError:  # a text became bytes
        return None
    return TeacherResponse(*values) if whole else None


class AnswerStore:
    """Responses on disk, by request id. Use it in a `with` block, or close it."""

    def __init__(self, path: Path) -> None:
        """Open the store, or make it.

        Raises CourseError if another process is at work in it, if it cannot be written, or if it
        is damaged: then what can be read is in the store the next time it is opened.
        """
        self.path = path
        self._unsaved = path.with_name(f"{path.name}.unsaved.jsonl")
        refuse_link(path)
        with ExitStack() as opened:
            opened.enter_context(locked(path))
            log = read_log(path)
            try:
                with ExitStack() as file:
                    self.db = sqlite3.connect(
                        path, isolation_level=None, timeout=1, check_same_thread=False
                    )  # each statement commits
                    file.callback(self.db.close)
                    self._patiently(self._prepare)
                    self._add_unsaved()
                    opened.push(file.pop_all())
            except sqlite3.Error as error:
                if isinstance(error, _NotWhole) or _code(error) in DAMAGED:
                    raise self._recover(error, log) from None
                raise self._explained(error) from None
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._read("SELECT count(*) FROM answers")[0][0]

    def add(self, response: TeacherResponse) -> None:
        """Store a response at once; it replaces an earlier one for the same request.

        Raises CourseError if it cannot be stored; then it is in a text file beside the store, and
        is added when that is next opened.
        """
        try:
            self._patiently(lambda: self._insert(response))
        except sqlite3.Error as error:
            raise self._explained(error, self._keep_unsaved(response)) from None

    def get(self, ids: Iterable[str]) -> dict[str, TeacherResponse]:
        """Return the responses that exist, by id."""
        wanted = set(ids)
        rows = self._read(f"SELECT {', '.join(RESPONSE_COLUMNS)} FROM answers")
        return {row[0]: TeacherResponse(*row) for row in rows if row[0] in wanted}

    def close(self) -> None:
        """Close the file, and let other processes have it."""
        self._opened.close()

    def _read(self, query: str) -> list[tuple]:
        try:
            return self._patiently(lambda: self.db.execute(query).fetchall())
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def _insert(self, response: TeacherResponse) -> None:
        values = astuple(response)
        marks = ", ".join("?" * len(COLUMNS))
        self.db.execute(
            f"INSERT OR REPLACE INTO answers ({', '.join(COLUMNS)}) VALUES ({marks})",
            (*values, checksum(values)),
        )

    def _prepare(self) -> None:
        """Make the table, or bring that of an earlier version up to date, and read every row."""
        if self.db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _NotWhole("a page is damaged")
        self.db.execute("PRAGMA journal_mode = WAL")
        names = ", ".join(COLUMNS[1:])
        self.db.execute(f"CREATE TABLE IF NOT EXISTS answers (id TEXT PRIMARY KEY, {names})")
        self.db.execute("DELETE FROM answers WHERE 0")  # can it be written? before any cost
        there = {row[1] for row in self.db.execute("PRAGMA table_info(answers)")}
        if missing := [name for name in NEW_COLUMNS if name not in there]:
            self._bring_up_to_date(missing)
        try:
            for record in self.db.execute(f"SELECT {', '.join(COLUMNS)} FROM answers"):
                if response_of(record) is None:
                    raise _NotWhole("a row is not as it was written")
        except sqlite3.OperationalError as error:
            if "decode" in str(error):
                raise _NotWhole("a row is not as it was written") from None
            raise

    def _bring_up_to_date(self, missing: list[str]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        with self.db:  # all of it or nothing
            for name in missing:
                self.db.execute(f"ALTER TABLE answers ADD COLUMN {name}")
            # An earlier version put the tries behind a reason that may pass.
            self.db.execute("UPDATE answers SET may_pass = coalesce(failure LIKE '%, _% times', 0)")
            rows = self.db.execute(f"SELECT {', '.join(RESPONSE_COLUMNS)} FROM answers").fetchall()
            self.db.executemany(
                "UPDATE answers SET checksum = ? WHERE id = ?",
                [(checksum(row), row[0]) for row in rows],
            )

    def _patiently(self, step: Callable[[], T]) -> T:
        """Do a step; while another program has the file locked, wait and try again."""
        start, told = time.monotonic(), False
        while True:
            try:
                return step()
            except sqlite3.Error as error:
                waited = time.monotonic() - start
                if _code(error) not in LOCKED or waited > PATIENCE:
                    raise
            if waited > 3 and not told:
                told = True
                print(
                    f"{self.path.name} is locked by another program: waiting up to "
                    f"{PATIENCE:.0f} s for it",
                    flush=True,
                )
            time.sleep(0.2)

    def _keep_unsaved(self, response: TeacherResponse) -> str:
        """Write a response that cannot be stored to a text file; say what became of it."""
        try:
            refuse_link(self._unsaved)
            with self._unsaved.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(response)) + "\n")
        except (OSError, CourseError):
            return "the last answer could not be kept"
        return f"the last answer is kept in {self._unsaved.name} and is added at the next start"

    def _add_unsaved(self) -> None:
        if not self._unsaved.is_file():
            return
        for line in self._unsaved.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError):  # a line that was cut
                self._patiently(partial(self._insert, TeacherResponse(**json.loads(line))))
        self._unsaved.unlink()

    def _explained(self, error: sqlite3.Error, kept: str = "") -> CourseError:
        """Say what an error of SQLite means. Nothing is damaged, so nothing is to be moved."""
        name, code = self.path.name, _code(error)
        if code in LOCKED:
            text = f"{name} is locked by another program for {PATIENCE:.0f} s: close that program"
        elif code == sqlite3.SQLITE_READONLY:
            text = f"{name} is read-only: make the file and its folder writable (chmod u+w)"
        elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            text = f"{name} cannot be opened: look whether it is a file that you may read and write"
        elif code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            text = f"{name} cannot be written: free some space, and look whether the disk is there"
        else:
            text = f"{name} cannot be used ({error}): is it the store of another program?"
        intact = "what it holds is kept; run again after that"
        return CourseError(f"{text}. {kept + '; ' if kept else ''}{intact} ({self.path})".rstrip())

    def _recover(self, error: sqlite3.Error, log: bytes) -> CourseError:
        """Keep the damaged store beside and move what can be read to a new one; say so."""
        path, found = self.path, dict[str, TeacherResponse]()
        for record in readable_records(path, log):
            response = _recovered(record)
            if response and not _is_worse(response, found.get(response.id)):
                found[response.id] = response
        if not found:
            return CourseError(
                f"{path.name} is damaged ({error}), and no answer in it can be read: put a copy in "
                f"its place. It was left as it is; only if there is no copy, rename it to begin "
                f"again, which asks, and pays for, every question once more ({path})."
            )
        kept = set_aside(path)
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(kept.with_name(kept.name + end))
        new = sqlite3.connect(path, isolation_level=None)
        try:
            self.db = new
            new.execute("BEGIN")
            new.execute(f"CREATE TABLE answers (id TEXT PRIMARY KEY, {', '.join(COLUMNS[1:])})")
            for response in found.values():
                self._insert(response)
            new.execute("COMMIT")
        finally:
            new.close()
        return CourseError(
            f"{path.name} is damaged ({error}). {len(found):,} answers and failures could be read "
            f"and are in a new {path.name}; the damaged file is kept as {kept.name}. If you have a "
            f"copy, put it in the place of the new one; else run again to go on ({path})."
        )


class _NotWhole(sqlite3.DatabaseError):
    """SQLite reads the file, but not all that was written is there."""


def _code(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary code of an error."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _recovered(record: tuple[Any, ...]) -> TeacherResponse | None:
    """Make a response of a record that was read around the damage; None if it is not whole.

    A row of an earlier version has no checksum; its id is checked in its place.
    """
    if (response := response_of(record)) is not None:
        return response
    first = len(COLUMNS) - len(NEW_COLUMNS)
    if not first <= len(record) <= len(COLUMNS) or record[len(COLUMNS) - 1 :] not in ((), (None,)):
        return None
    try:
        old = TeacherResponse(*record[:first])
        same = old.id == request_id(old.teacher, old.question, json.loads(old.parameters))
    except (TypeError, ValueError, RecursionError):
        return None
    counts = (old.prompt_tokens, old.thinking_tokens, old.answer_tokens, old.tries)
    return old if same and all(isinstance(count, int) for count in counts) else None


def _is_worse(response: TeacherResponse, other: TeacherResponse | None) -> bool:
    """Tell whether a version of a row is to give way to another: a file keeps old versions, too."""
    if other is None:
        return False
    return (response.failure is None, response.asked_at) < (other.failure is None, other.asked_at)
