"""The server driver against a loopback server of vLLM's shapes, and the vLLM driver's arguments."""

import json
import socket
import traceback

import pytest
from completions_server import completions_server
from conftest import CONTEXT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s1lib.errors import CourseError
from s1lib.inference import openai_server as server
from s1lib.inference import stop_and_continue
from s1lib.inference.budget import Budget
from s1lib.inference.engine import Sampling, seed_at
from s1lib.inference.formats import delimiters_of
from s1lib.inference.hf import think
from s1lib.inference.stop_and_continue import Request
from s1lib.services.failures import ServiceError


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


# Lies, each of which ends in one sentence. `None` is a good reply.
SECRET = "sk-planted-5f1c9a77d2"


def ids(*tokens, **fields) -> bytes:
    choice = {"index": 0, "text": "", "finish_reason": "length", "token_ids": list(tokens)}
    return json.dumps({"choices": [choice | fields]}).encode()


LIES = {
    **{
        f"ids {bad!r}": (200, ids(bad, *[5] * 7), "no whole numbers")
        for bad in (None, 1.5, "5", True, [5], {})
    },
    "a negative id": (200, ids(-1, *[5] * 7), "not in the model's vocabulary"),
    "an id beyond": (200, ids(*[5] * 7, 10**6), "not in the model's vocabulary"),
    "an id beyond 64 bits": (200, ids(10**30, *[5] * 7), "of more than 12 digits"),
    "too many ids": (200, ids(*[5] * 9), "9 tokens came, and 8 at most"),
    "far too many ids": (200, ids(*[5] * 564), "564 tokens came, and 8 at most"),
    "ids that are text": (200, ids(token_ids="5 5 5"), "no whole numbers"),
    "ids that are an object": (200, ids(token_ids={"0": 5}), "no whole numbers"),
    "ids that are null": (200, ids(token_ids=None), "returned no token ids"),
    "no ids": (200, ids(finish_reason="abort"), "returned no token ids"),
    "too few ids": (200, ids(5, 6), "stopped after 2 of 8"),
    "a stop and no ids": (200, ids(finish_reason="stop"), "stopped after 0 of 8"),
    **{f"choices {value!r}": (200, json.dumps({"choices": value}).encode(), "no token ids")
       for value in (None, [], [None], [5], {}, "x", [{}, {}])},
    "null": (200, b"null", "no JSON object"),
    "html": (200, b"<html>", "answered nonsense: no JSON"),
    "empty": (200, b"", "answered nonsense: no JSON"),
    "a list": (200, b"[]", "no JSON object"),
    "deep": (200, b"[" * 100_000, "nested too deep|no JSON"),
    "wide": (200, b'{"x": [' + b"{}," * 30_000 + b"{}]}", "too many parts"),
    "long": (200, b'"' + b"x" * (9 << 20), "longer than"),
    "an error inside": (200, b'{"error": {"message": "oops", "code": 400}}', "refused: 400 .oops"),
    "401 with the key": (401, json.dumps({"error": SECRET}).encode(), "refused: 401"),
    "403 with the key": (403, SECRET.encode(), "refused: 403"),
    "404": (404, b'{"detail": "Not Found"}', "refused: 404 .Not Found"),
    "422 of FastAPI": (422, b'{"detail": [{"loc": ["prompt"]}]}', "refused: 422 .*prompt"),
    "500 with escapes": (500, json.dumps({"error": "\x1b[2J" + SECRET}).encode(), "refused: 500"),
    "a redirect": (307, b"", "the key goes to its own host only|refused: 307"),
    "204": (204, b"", "refused: 204"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_one_sentence(exact, questions, lie, monkeypatch, capfd):
    status, content, message = LIES[lie]
    monkeypatch.setattr(server, "TRIES", 1)
    with completions_server(exact[0], CONTEXT, lambda body: (status, content)) as (url, _):
        with pytest.raises(CourseError, match=message) as caught:
            server.think(url, exact[1], questions[:1], Budget(8, max_answer=4), key=SECRET)
    text = str(caught.value)
    assert text.isprintable() and len(text) < 600
    shown = "".join(traceback.format_exception(caught.value)) + "".join(capfd.readouterr())
    assert SECRET not in shown


def test_barred_tokens_and_a_stop_after_a_wait_are_refused(exact):
    marks = delimiters_of(exact[1])
    control = min(marks.control)
    first, later = Request([1], 4, 0), Request([1], 4, 0, after_wait=True)
    for request, tokens, message in (
        (first, [5, control, 5, 5], "was barred"),
        (later, [min(marks.stop)], "right after a Wait"),
    ):
        reply = json.loads(ids(*tokens))
        with pytest.raises(ServiceError, match=message):
            server.read_ids(reply, request, marks, 300, frozenset(marks.control))
    stopped = json.loads(ids(5, min(marks.stop), 5))
    assert server.read_ids(stopped, first, marks, 300, marks.control) == [5, min(marks.stop)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["choices", "token_ids", "finish_reason", "x"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON)
def test_any_reply_gives_what_was_asked_for_or_an_error(exact, value):
    marks = delimiters_of(exact[1])
    inside = {"choices": [{"token_ids": value}]}
    for reply in (value, {"choices": value}, {"choices": [value]}, inside):
        if isinstance(reply, dict):
            try:
                found = server.read_ids(reply, Request([1], 3, 0), marks, 300, marks.control)
            except ServiceError:
                continue
            assert len(found) <= 3 and all(type(i) is int and 0 <= i < 300 for i in found)


@pytest.mark.parametrize("reply", [b"null", b'{"data": null}', b'{"data": [5]}', b'{"data": []}',
                                   b'{"data": [{"id": 5}]}', b"<html>", b"[" * 10**5])  # fmt: skip
def test_a_list_of_models_that_is_none(exact, monkeypatch, reply):
    monkeypatch.setattr(server, "TRIES", 1)
    with completions_server(exact[0], CONTEXT, models=reply) as (url, _):
        with pytest.raises(CourseError, match="answered nonsense"):
            server.connect(url)
