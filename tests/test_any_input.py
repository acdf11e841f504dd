"""Whatever comes in is read or refused: damaged pages, the JSON of services, texts to grade.

Each property is tried on inputs that look like real ones almost everywhere: there the readers go
deepest. None of them may raise anything but its own error, nor go on without end.
"""

import json
import math
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.genai import types
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_answer_store import PAGE, ROWS, content

from s1lib.config import load_profile
from s1lib.distillation.answer_store import AnswerStore, _recovered, response_of
from s1lib.distillation.clients import _readable_or_error
from s1lib.distillation.replies import Reply, parse_chat, parse_gemini, tidy_gemini
from s1lib.distillation.store_recovery import LEAF, readable_records
from s1lib.errors import CourseError
from s1lib.grading import find
from s1lib.grading.compare import same_answer
from s1lib.grading.graders import FINDERS, GRADERS, REFERENCES, grade_text
from s1lib.services.client import read_json
from s1lib.services.failures import ServiceError, error_inside, failure_from

SECRET = "sk-planted-5f1c9a77d2"


def tries(number: int) -> settings:
    """So many examples, the same in each run, each of which may take its time."""
    return settings(
        max_examples=number,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# The store of answers


@cache
def store_bytes() -> bytes:
    """A store of 300 answers, of which every tenth goes on in other pages."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        with AnswerStore(path) as store:
            for row in ROWS.values():
                store.add(row)
        return path.read_bytes()


def edited(edits: list[tuple[float, int, int]]) -> bytes:
    """The store with bytes changed: each edit is a page, a place in it and a value."""
    data = bytearray(store_bytes())
    pages = len(data) // PAGE
    for page, place, value in edits:
        data[int(page * pages) * PAGE + place] = value
    return bytes(data)


# In the head of a page, where its rows are told, or anywhere
PLACES = st.integers(0, 200) | st.integers(0, PAGE - 1)
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), PLACES, st.integers(0, 255)), max_size=12
)


@tries(25)
@given(EDITS, st.binary(max_size=200))
def test_any_damaged_page_is_read_around(edits, log):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        path.write_bytes(edited(edits))
        for record in readable_records(path, log):
            found = _recovered(record)
            assert found is None or ROWS.get(found.id) == found


@tries(12)
@given(EDITS)
def test_any_damaged_store_is_opened_or_told_of_and_nothing_wrong_comes_out(edits):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        path.write_bytes(edited(edits))
        try:
            found = content(path)
        except CourseError as error:
            assert "answers.db" in str(error) and str(error).isprintable()
            whole = path.with_name("damaged-answers.db").exists()
            found = content(path) if whole else {}
        assert found.items() <= ROWS.items()


@tries(100)
@given(st.binary(max_size=PAGE), st.integers(1, 3))
def test_any_bytes_that_look_like_a_page_are_read(head, pages):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.db"
        path.write_bytes((bytes([LEAF]) + head[1:]).ljust(PAGE, b"\x01") * pages)
        for record in readable_records(path, b""):
            assert _recovered(record) is None


def number(value: int) -> bytes:
    """A number as SQLite writes it, in as many bytes as it takes up to eight."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


@pytest.mark.parametrize("size", [2**13, 2**20, 2**50])
def test_a_chain_of_pages_that_leads_to_itself_ends(tmp_path, size):
    """A row that claims to be long goes on in page 1, whose next page is page 1."""
    row = number(size) + number(1)
    page = bytearray(PAGE)
    page[:8] = bytes([0, 0, 0, 1, 0, 0, 0, 0])
    second = bytearray(PAGE)
    second[0], second[3:5] = LEAF, (1000).to_bytes(2)
    for i in range(1000):  # the same row a thousand times
        second[8 + 2 * i : 10 + 2 * i] = (2100).to_bytes(2)
    second[2100 : 2100 + len(row)] = row
    least, most = (PAGE - 12) * 32 // 255 - 23, PAGE - 35
    here = least + (size - least) % (PAGE - 4)
    here = here if here <= most else least
    end = 2100 + len(row) + here
    if end + 4 <= PAGE:
        second[end : end + 4] = (1).to_bytes(4)
    path = tmp_path / "answers.db"
    path.write_bytes(page + second)
    assert all(_recovered(record) is None for record in readable_records(path, b""))


VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5)


@tries(100)
@given(st.lists(VALUES, max_size=20))
def test_any_row_is_a_response_or_none(values):
    whole = next(iter(ROWS.values()))
    for record in (tuple(values), (whole.id, whole.question, *values)):
        assert response_of(record) is None and _recovered(record) is None


# The JSON of services

TEACHER = load_profile("laptop").teacher
WORDS = [
    *("choices", "message", "content", "reasoning", "reasoning_content", "role", "finish_reason"),
    *("usage", "prompt_tokens", "completion_tokens", "completion_tokens_details"),
    *("candidates", "parts", "text", "thought", "finishReason", "usageMetadata", "promptFeedback"),
    *("promptTokenCount", "thoughtsTokenCount", "candidatesTokenCount", "blockReason"),
    *("error", "message", "code", "status", "type", "param", "detail", "details", "@type"),
    *("retryDelay", "reasoning_tokens"),
]
TEXTS = st.text(max_size=8) | st.sampled_from(
    [SECRET, "STOP", "stop", "SAFETY", "429", "<think>", "</think>", "\ud800", "\x1b[2J", "nan",
     "RetryInfo", "1e999s", "Answer: 3"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from(WORDS), JSON, max_size=6)


def inside(protocol: str, value: object) -> list:
    """Replies that are good but for this value, at each of their places."""
    if protocol == "openai":
        message = {"role": "assistant", "content": "3", "reasoning_content": "So."}
        choice = {"message": message, "finish_reason": "stop"}
        body = {"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 9}}
        return [
            *(body | {name: value} for name in body),
            body | {"choices": [value]},
            *(body | {"choices": [choice | {name: value}]} for name in choice),
            *({"choices": [choice | {"message": message | {name: value}}]} for name in message),
            body | {"usage": {"prompt_tokens": value, "completion_tokens": value}},
            body | {"usage": body["usage"] | {"completion_tokens_details": value}},
        ]
    part = {"text": "So.", "thought": True}
    candidate = {"content": {"parts": [part, {"text": "3"}]}, "finishReason": "STOP"}
    counts = {"promptTokenCount": 5, "candidatesTokenCount": 4, "thoughtsTokenCount": 5}
    body = {"candidates": [candidate], "usageMetadata": counts}
    return [
        *(body | {name: value} for name in (*body, "promptFeedback")),
        body | {"candidates": [value]},
        *(body | {"candidates": [candidate | {name: value}]} for name in candidate),
        body | {"candidates": [candidate | {"content": {"parts": [value, part]}}]},
        *(
            body | {"candidates": [candidate | {"content": {"parts": [part | {name: value}]}}]}
            for name in part
        ),
        *(body | {"usageMetadata": counts | {name: value}} for name in counts),
    ]


def check(reply: Reply) -> None:
    """A reply can be stored and shown, and holds nothing that cannot be true."""
    texts = (reply.thinking, reply.attempt, reply.failure, reply.finish_reason)
    for text in filter(None, texts):
        text.encode()
        assert SECRET not in text
    assert (reply.failure or "").isprintable() and (reply.finish_reason or "").isprintable()
    assert reply.failure or (reply.thinking and reply.attempt)
    for count in (reply.prompt_tokens, reply.thinking_tokens, reply.answer_tokens):
        assert count is None or (type(count) is int and 0 <= count < 2**31)


@tries(120)
@given(JSON)
def test_any_reply_of_a_chat_server_is_read_or_is_a_failure(value):
    for body in [*inside("openai", value), *([value] if isinstance(value, dict) else [])]:
        try:
            check(parse_chat(body, TEACHER, SECRET))
        except ServiceError as error:
            assert str(error).isprintable() and SECRET not in str(error)


@tries(120)
@given(JSON)
def test_any_reply_of_gemini_is_read_or_is_a_failure(value):
    for body in [*inside("gemini", value), *([value] if isinstance(value, dict) else [])]:
        kept = tidy_gemini(body)  # whatever it is
        try:
            with _readable_or_error(answered=True):  # Google's client may refuse what is in it
                response = types.GenerateContentResponse.model_validate(kept)
                check(parse_gemini(response, TEACHER, SECRET))
        except ServiceError as error:
            assert str(error).isprintable() and SECRET not in str(error)


@tries(80)
@given(
    st.sampled_from([200, 400, 401, 402, 403, 404, 408, 422, 429, 500, 503]),
    st.dictionaries(st.just("retry-after"), TEXTS | st.integers().map(str)),
    JSON,
    OBJECTS,
)
@example(429, {"retry-after": "Sun, 99 Nov 99999 99:99:99 GMT"}, None, {})
@example(429, {"retry-after": "nan"}, {"error": {"details": [{"@type": "RetryInfo"}]}}, {})
def test_any_error_of_a_service_becomes_a_sentence(status, headers, body, sent):
    for given_body in (body, {"error": body}, [{"error": body}], {"error": {"message": body}}):
        error = failure_from(status, headers, given_body, SECRET, sent)
        assert str(error).isprintable() and SECRET not in str(error) and len(str(error)) < 400
        assert error.wait is None or (error.wait >= 0 and math.isfinite(error.wait))
        found = error_inside(given_body)
        assert found is None or (type(found[0]) is int and 400 <= found[0] < 600)


@tries(80)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"9" * 5_000)
@example(b'"\xff"')
def test_any_body_is_json_or_refused_with_a_reason(content):
    try:
        json.dumps(read_json(content), allow_nan=False)
    except ValueError as error:
        assert str(error).isprintable()


# Texts to grade

PIECES = [
    *("the answer", " is ", "answer: ", "final ", "so ", "thus,", "because ", "since ", "not "),
    *("option ", "choice ", "correct", "solution to ", "(A)", "(C) or (D)", " or ", " and ", "B"),
    *("$", "$$", "\\[", "\\]", "\\(", "\\)", "{", "}", "(", ")", "[", "]", "\\{", "\\\\", "&"),
    *("\\boxed{", "\\boxed", "\\text{", "\\frac", "\\begin{align}", "\\end{align}", "\\sqrt{2}"),
    *("9", "1,", "0.", "-3", "=", ":", "*", "**", "_", "^", "%", "√", "±", "½", "≤", "°", "π", "x"),
    *(" ", "\n", ". ", "! ", "#", "####", "<answer>", "答案是", "，", "- ", "1. ", "are:\n", "$5"),
    *("\u200b", "\u00a0", "\ue000", "\ue001", "<|im_end|>", "`", "|", "→", "\ud800", "\x00"),
]
WRITTEN = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=30).map("".join)


@tries(400)
@given(WRITTEN)
def test_any_text_has_an_answer_or_none(text):
    for kind in GRADERS:
        for found in (FINDERS[kind](text), REFERENCES[kind](text)):
            assert found is None or (isinstance(found, str) and found)


@tries(150)
@given(WRITTEN, st.sampled_from(["7", "-1/2", "\\frac{3}{4}", "Evelyn", "x=5", "(1, 2)", "12 cm"]))
def test_any_text_is_graded(monkeypatch_worker, text, reference):
    for kind in GRADERS:
        grade = grade_text(text, "C" if kind == "gpqa" else "7" if kind == "integer" else reference,
                           kind)  # fmt: skip
        assert grade.right in (True, False) and (grade.given is not None or not grade.right)
    assert same_answer(text, reference) in (True, False, None)
    assert same_answer(reference, reference) is True


@pytest.fixture(scope="module")
def monkeypatch_worker():
    """math-verify is not asked: its process has limits, and tests, of its own."""
    from s1lib.grading import compare

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "equivalent", lambda given, reference, seconds: None)
        yield


REPEATED = st.tuples(*[st.sampled_from(PIECES)] * 4)


@tries(6)
@given(REPEATED)
@example(("(", "answer: ", "，", "√"))
@example(("- ", "answer: ", " or ", "final "))
@example(("", "= ", "so is ", "\n"))
def test_the_work_for_a_long_text_is_bounded(counted, repeated):
    """Expressions are read over, sign by sign, at most as often as fifty times the whole text."""
    first, one, other, last = repeated
    text = first + one * (10_000 // len(one)) + other * (10_000 // len(other)) + last
    counted.clear()
    FINDERS["math"](text)
    assert counted.total() < 50 * len(text)


@pytest.fixture(scope="module")
def counted():
    """Counts the signs that are read as parts of expressions."""
    token, count = find.TOKEN, Counter()

    def match(text: str, place: int):
        count["tokens"] += 1
        return token.match(text, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "TOKEN", SimpleNamespace(match=match))
        yield count
