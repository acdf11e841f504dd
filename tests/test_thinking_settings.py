"""How much Gemini is asked to think: by level or by budget, as the service wants it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from s1lib.config import load_profile
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.clients import gemini_config, thinking_settings
from s1lib.distillation.run import distill
from s1lib.errors import CourseError

TEACHER = replace(load_profile("laptop").teacher, first_wait=0.01, timeout=5.0)
BOTH = replace(TEACHER, thinking_level="high", thinking_budget=2048)
QUESTIONS = [f"What is {n} + {n}?" for n in range(12)]
ANSWER = {
    "candidates": [
        {
            "content": {"parts": [{"text": "Twice.", "thought": True}, {"text": "Answer: 2"}]},
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
}


@contextmanager
def gemini_that_refuses(*refused: str) -> Iterator[tuple[str, list[dict]]]:
    """A service that knows no setting of these names; yields its address and what it was sent."""
    sent: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            thinking = body["generationConfig"]["thinkingConfig"]
            plain = {name.lower().replace("_", ""): value for name, value in thinking.items()}
            sent.append(plain)
            bad = next((name for name in refused if name.replace("_", "") in plain), None)
            message = f"{bad} is not supported by this model."
            error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}
            text = json.dumps({"error": error} if bad else ANSWER).encode()
            self.send_response(400 if bad else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()


def ask(teacher, folder):
    with AnswerStore(folder / "answers.db") as store:
        records, _ = asyncio.run(distill(teacher, QUESTIONS, store))
    return records


@pytest.mark.parametrize(
    "refused,taken",
    [((), "thinkinglevel"), (("thinking_level",), "thinkingbudget")],
    ids=["a new model takes the level", "an old one the budget"],
)
def test_the_service_decides_between_level_and_budget(tmp_path, refused, taken):
    with gemini_that_refuses(*refused) as (address, sent):
        records = ask(replace(BOTH, url=address), tmp_path)
    assert all(record.thinking == "Twice." for record in records.values())
    assert sum(taken in thinking for thinking in sent) == len(QUESTIONS)
    assert len(sent) <= len(QUESTIONS) + TEACHER.concurrency  # those that were on their way
    assert all(thinking["includethoughts"] for thinking in sent)


@pytest.mark.parametrize(
    "own,refused",
    [
        ({"thinking_budget": 2048}, ("thinking_budget",)),
        ({"thinking_level": "low"}, ("thinking_level",)),
        ({"thinking_level": "low", "thinking_budget": 1}, ("thinking_level", "thinking_budget")),
    ],
)
def test_a_refused_setting_ends_the_run_with_one_sentence(tmp_path, own, refused):
    with gemini_that_refuses(*refused) as (address, _):
        with pytest.raises(CourseError) as error:
            ask(replace(TEACHER, url=address, **own), tmp_path)
    assert refused[-1] in str(error.value) and "\n" not in str(error.value)


def test_without_a_setting_nothing_is_said_of_how_much():
    assert thinking_settings(TEACHER) == [{}]
    config = gemini_config(TEACHER).thinking_config
    assert config.include_thoughts and config.thinking_level is None


def test_an_unknown_level_is_named_with_those_there_are():
    with pytest.raises(CourseError, match="'enormous': choose one of .*low"):
        thinking_settings(replace(TEACHER, thinking_level="enormous"))


def test_answers_with_other_settings_are_other_answers():
    assert TEACHER.parameters != BOTH.parameters
    assert "thinking_level" not in TEACHER.parameters  # old stores stay as they are
