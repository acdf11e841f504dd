"""The server driver against a loopback server of vLLM's shapes, and the vLLM driver's arguments."""

import json
import socket

import pytest
from completions_server import completions_server
from conftest import CONTEXT

from s1lib.errors import CourseError
from s1lib.inference import openai_server as server
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget
from s1lib.inference.engine import Sampling, seed_at
from s1lib.inference.hf import think


@pytest.mark.slow
@pytest.mark.parametrize("budget", [Budget(30, 2, "Wait", 6), Budget(12, 1, None, 6)], ids=str)
def test_the_server_writes_what_transformers_writes(exact, questions, budget):
    model, tokenizer = exact
    questions = questions[:50]
    with completions_server(model, CONTEXT) as (url, seen):
        served = server.think(url, tokenizer, questions, budget)
    assert served == think(model, tokenizer, questions, budget)
    assert all(body["return_token_ids"] and not body["skip_special_tokens"] for body in seen)
    # nothing is left to the model's own generation settings
    neutral = {"top_k": 0, "min_p": 0.0, "presence_penalty": 0.0, "frequency_penalty": 0.0,
               "repetition_penalty": 1.0}  # fmt: skip
    assert all(neutral.items() <= body.items() for body in seen)


def test_every_round_of_a_question_has_a_seed_of_its_own(exact, questions):
    model, tokenizer = exact
    warm = Sampling(0.6, 0.95, seeds=[7, 8])
    with completions_server(model, CONTEXT) as (url, seen):
        server.think(url, tokenizer, questions[:2], Budget(12, 1, max_answer=3), sampling=warm)
    assert {(b["temperature"], b["top_p"]) for b in seen} == {(0.6, 0.95)}
    assert len({b["seed"] for b in seen}) == len(seen)
    assert {b["seed"] for b in seen} <= {seed_at(s, len(b["prompt"])) for s in (7, 8) for b in seen}


def test_a_server_that_is_down():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CourseError, match="no server answers at .*: start one"):
        server.connect(f"http://127.0.0.1:{port}/v1")


def test_a_model_that_is_not_served(exact):
    with completions_server(exact[0], CONTEXT) as (url, _):
        with pytest.raises(CourseError, match="serves tiny: name one"):
            server.connect(url, "another")
        assert server.connect(url)[1:] == ("tiny", CONTEXT)


ERROR = {"error": {"message": "too many tokens", "type": "BadRequestError", "code": 400}}


@pytest.mark.parametrize(
    "status,content,message",
    [
        (400, json.dumps(ERROR).encode(), "refused: 400 .*too many tokens"),
        (500, b"<html>oops</html>", "refused: 500"),
        (200, b"not json", "answered nonsense|returned no token ids"),
        (200, b'{"choices": []}', "returned no token ids"),
        (200, b'{"choices": [{"text": "hi", "finish_reason": "stop"}]}', "returned no token ids"),
    ],
)
def test_a_server_that_answers_wrongly(exact, questions, status, content, message):
    model, tokenizer = exact
    fault = lambda body: (status, content)  # noqa: E731
    with completions_server(model, CONTEXT, fault) as (url, _):
        with pytest.raises(CourseError, match=message):
            server.think(url, tokenizer, questions[:1], Budget(8, max_answer=4))


def test_a_reply_that_ends_early_without_a_stop_is_an_error(exact, questions):
    model, tokenizer = exact
    choice = {"index": 0, "text": "", "finish_reason": "stop", "token_ids": [5, 6]}
    fault = lambda body: (200, json.dumps({"choices": [choice]}).encode())  # noqa: E731
    with completions_server(model, CONTEXT, fault) as (url, _):
        with pytest.raises(CourseError, match="stopped after 2 of 8 tokens without one of"):
            server.think(url, tokenizer, questions[:1], Budget(8, max_answer=4))


def test_bad_input_is_refused_before_any_request(exact):
    model, tokenizer = exact
    with completions_server(model, CONTEXT) as (url, seen):
        with pytest.raises(CourseError, match="Lower max_thinking"):
            server.think(url, tokenizer, ["x"], Budget(5000, max_answer=4))
    assert seen == []


def test_a_reference_without_questions(exact):
    nothing = stop_and_continue.think(lambda requests: [], exact[1], [], Budget(8), CONTEXT)
    assert nothing == []
