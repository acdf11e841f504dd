"""The store of a teacher's answers: a SQLite file that loses nothing.

Each answer is committed as it comes in, so killing the process at any moment costs at most the
requests in flight. A response is found by a hash of model, question and parameters: a restart
neither repeats nor drops a question, and another model or setting is asked again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from s1lib.errors import CourseError


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


def request_id(model: str, question: str, parameters: dict) -> str:
    """Return the hash that identifies a request."""
    text = json.dumps([model, question, parameters], sort_keys=True)  # ASCII: any text hashes
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class AnswerStore:
    """Responses on disk, by request id. Use it in a `with` block, or close it."""

    def __init__(self, path: Path) -> None:
        """Open the store, or make it. Raises CourseError if the file is damaged."""
        self.path = path
        try:
            self.db = sqlite3.connect(
                path, isolation_level=None, timeout=120, check_same_thread=False
            )
            self.db.execute("PRAGMA journal_mode = WAL")
            names = ", ".join(RESPONSE_COLUMNS[1:])
            self.db.execute(f"CREATE TABLE IF NOT EXISTS answers (id TEXT PRIMARY KEY, {names})")
            self.db.execute("SELECT count(*) FROM answers").fetchone()
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"{path.name} is damaged or cannot be opened ({error}): move it away to begin "
                "again, or restore it from a copy."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.db.execute("SELECT count(*) FROM answers").fetchone()[0]

    def add(self, response: TeacherResponse) -> None:
        """Store a response at once; it replaces an earlier one for the same request."""
        marks = ", ".join("?" * len(RESPONSE_COLUMNS))
        self.db.execute(
            f"INSERT OR REPLACE INTO answers VALUES ({marks})", list(asdict(response).values())
        )

    def get(self, ids: Iterable[str]) -> dict[str, TeacherResponse]:
        """Return the responses that exist, by id."""
        wanted = set(ids)
        rows = self.db.execute(f"SELECT {', '.join(RESPONSE_COLUMNS)} FROM answers")
        return {row[0]: TeacherResponse(*row) for row in rows if row[0] in wanted}

    def close(self) -> None:
        """Close the file."""
        self.db.close()
