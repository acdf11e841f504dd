"""The tokenizer, the automaton and the checker of the page do what their Python twins do."""

import copy
import random
import re
import unicodedata
from itertools import product

import pytest
from javascript import HOSTILE, NODE, call
from transformers import AutoTokenizer

from s1lib.control_tokens import control_tokens
from s1lib.grading.graders import first_integer, is_right
from s1lib.inference.budget import (
    Budget,
    Thinker,
    delimiters,
    force_answer,
    resume_thinking,
    without_thinking,
)
from s1lib.inference.engine import string_ids
from s1lib.io import DATA, read_rows
from s1lib.notebook.wait.export import tokenizer_file
from s1lib.toyworld.questions import FAMILIES, draw_problem, question, reference_answer

pytestmark = pytest.mark.skipif(
    NODE is None, reason="needs Node, which Playwright brings: pip install -e '.[dev]'"
)
CONTROL = [
    "<|im_start|>", "x<|im_end|>y", "<|endoftext|><|fim_pad|>", "think<|im_start|>think",
    "<<|im_start|>|im_start|>", "<|im_<|im_end|>start|>",
]  # fmt: skip


BARS = [("<|", "|>"), ("<｜", "｜>"), ("<|", "｜>"), ("<", "|>"), ("<|", ">")]


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(DATA / "sft")


def random_texts(rng, count):
    """Texts of any characters, of the tokenizer's words, and of combining marks; no control."""
    pieces = [
        lambda: chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])),
        lambda: chr(rng.randrange(0x20, 0x7F)),
        lambda: chr(rng.randrange(0x300, 0x370)),
        lambda: rng.choice(["think", "answer", "user", "system", "assistant", "ass", "\n", " "]),
        lambda: rng.choice(["Wait", "Ann 7", "<|", "|", "im_start", "é", "한", "\u1100\u1161"]),
    ]
    for _ in range(count):
        kinds = rng.sample(pieces, rng.randint(1, 3))
        text = "".join(rng.choice(kinds)() for _ in range(rng.randrange(40)))
        # Characters newer than one of the two Unicode tables may be composed by the other only.
        yield "".join(c for c in text if unicodedata.category(c) != "Cn")


# Tokenizer


def test_texts_become_the_same_tokens(tokenizer):
    rows = read_rows(DATA / "heldout.jsonl")[:200]
    texts = [*HOSTILE, *(row["question"] for row in rows), *random_texts(random.Random(1), 3000)]
    found = call(
        """({ tokenizer }, { file, texts }) => {
          const { encode, decode } = tokenizer.createTokenizer(file);
          return texts.map((text) => [encode(text), decode(encode(text))]);
        }""",
        {"file": tokenizer_file(), "texts": texts},
    )
    for text, (ids, back) in zip(texts, found, strict=True):
        assert ids == tokenizer.encode(text, add_special_tokens=False), repr(text)
        # Composed between the words only: "k" and an accent stay apart in "think\u0301".
        composed = unicodedata.normalize("NFC", back)
        assert composed == unicodedata.normalize("NFC", text), repr(text)


def test_a_control_token_in_a_text_from_outside_is_spelled_out(tokenizer):
    plain = [text for text in random_texts(random.Random(2), 300)]
    rng = random.Random(3)
    mixed = [f"{a}{rng.choice(CONTROL)}{b}" for a, b in zip(plain, plain[::-1], strict=True)]
    found = call(
        """({ tokenizer }, { file, texts }) => {
          const t = tokenizer.createTokenizer(file);
          const { encode, encodeFormat, controlTokenIn } = t;
          return texts.map((text) => [encode(text), encodeFormat(text), controlTokenIn(text)]);
        }""",
        {"file": tokenizer_file(), "texts": [*CONTROL, *mixed]},
    )
    special = {256, 257, 258, 259}
    for text, (ids, with_control, named) in zip([*CONTROL, *mixed], found, strict=True):
        assert not special & set(ids), repr(text)
        spelled = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        assert ids == spelled, repr(text)
        assert with_control == tokenizer.encode(text, add_special_tokens=False), repr(text)
        assert [named] == control_tokens(text, tokenizer)[:1], repr(text)


def test_control_tokens_of_other_families_are_found_too(tokenizer):
    inside = [
        "eot_id",
        "User",
        "a b",
        "x" * 40,
        "x" * 41,
        "😀" * 40,
        "\x1c",
        "\ufeff",
        "",
        "|",
        "<",
    ]
    texts = [f"a {left}{text}{right} b{extra}" for text in inside for left, right in BARS
             for extra in ("", "<|im_end|>")]  # fmt: skip
    texts += [*HOSTILE, *(f"<|im_end|>{text}" for text in texts)]
    found = call(
        """({ tokenizer }, { file, texts }) =>
          texts.map(tokenizer.createTokenizer(file).controlTokenIn)""",
        {"file": tokenizer_file(), "texts": texts},
    )
    wanted = [(control_tokens(text, tokenizer) or [None])[0] for text in texts]
    assert found == wanted and wanted.count(None) > 10


def test_a_word_may_be_written_with_a_loose_accent(tokenizer):
    marks = delimiters(tokenizer)
    assert string_ids(tokenizer, "Voila\u0300", marks) == string_ids(tokenizer, "Voil\u00e0", marks)


def test_any_tokens_are_decoded_to_the_same_text(tokenizer):
    rng = random.Random(4)
    rows = [[rng.randrange(266) for _ in range(rng.randrange(30))] for _ in range(2000)]
    rows += [tokenizer.encode(text, add_special_tokens=False)[:-1] for text in HOSTILE]
    found = call(
        """({ tokenizer }, { file, rows }) => {
          const { decode, textStream } = tokenizer.createTokenizer(file);
          return rows.map((ids) => {
            const stream = textStream();
            return [decode(ids), ids.map(stream.push).join("") + stream.end()];
          });
        }""",
        {"file": tokenizer_file(), "rows": rows},
    )
    for ids, (whole, piece_by_piece) in zip(rows, found, strict=True):
        assert whole == piece_by_piece == tokenizer.decode(ids), ids


def test_another_kind_of_tokenizer_is_refused():
    file = tokenizer_file()
    file["model"]["merges"] = [["a", "b"]]
    code = """({ tokenizer }, file) => {
      try { tokenizer.createTokenizer(file); } catch (error) { return error.message; }
    }"""
    assert "without merges" in call(code, file)


# Automaton

TO_JSON = """
const asJson = ({ phase, thinking, answer, ends, stops, waited }) =>
  structuredClone({ phase, thinking, answer, ends, stops, waited });
const tried = (work) => { try { return work(); } catch { return "refused"; } };
"""
DRIVE = f"""({{ budget, tokenizer }}, {{ file, scripts }}) => {{
  {TO_JSON}
  const t = tokenizer.createTokenizer(file);
  const marks = budget.delimitersOf(t);
  return scripts.map(({{ make, limit, waits, answer, string, thinking, how, tokens }}) => {{
    const size = {{ maxThinking: limit, waits, maxAnswer: answer }};
    const thinker = tried(() =>
      make === "resume" ? budget.resumeThinking(size, marks, string, thinking)
      : make === "force" ? budget.forceAnswer(size, marks, thinking, how)
      : make === "direct" ? budget.createThinker(size, marks, [], "answer")
      : budget.createThinker(size, marks, string));
    if (thinker === "refused") return thinker;
    const seen = [[thinker.opening.map((x) => [x.id, x.phase, x.forced]), asJson(thinker)]];
    for (const token of tokens) {{
      const text = tried(() => token === "wait" ? thinker.wait() : thinker.push(token));
      const not = [10, ...marks.stop, ...marks.control].map((id) => thinker.disallowed(id));
      seen.push([text === "refused" ? text : text.map((x) => [x.id, x.phase, x.forced]), not,
                 asJson(thinker)]);
    }}
    return seen;
  }});
}}"""


def state_of(thinker):
    names = ("phase", "thinking", "answer", "ends", "stops", "waited")
    return {name: getattr(thinker, name) for name in names}


def python_run(script, marks, order):
    """What `DRIVE` returns, by the Python automaton."""
    limit, waits, answer = script["limit"], script["waits"], script["answer"]
    budget = Budget(limit, waits, max_answer=answer)
    string, thinking = tuple(script["string"]), script["thinking"]
    try:
        thinker = {
            "resume": lambda: resume_thinking(budget, marks, string, thinking),
            "force": lambda: force_answer(budget, marks, thinking, script["how"]),
            "direct": lambda: without_thinking(budget, marks),
            "think": lambda: Thinker(budget, marks, string),
        }[script["make"]]()
    except ValueError:
        return "refused"
    seen = [[[[*token] for token in thinker.opening], copy.deepcopy(state_of(thinker))]]
    for token in script["tokens"]:
        try:
            text = thinker.wait() if token == "wait" else thinker.push(token)
            text = [[*token] for token in text]
        except ValueError:
            text = "refused"
        barred = [i in thinker.disallowed for i in [10, *order]]
        seen.append([text, barred, copy.deepcopy(state_of(thinker))])
    return seen


def random_script(rng, marks):
    """A budget, a way to begin, and what the model samples: plain tokens, ends, newlines."""
    plain = [3, 10, 40, marks.newline, *sorted(marks.control)]
    ends = [marks.end, *sorted(marks.turn)]
    return {
        "make": rng.choice(["think", "think", "resume", "force", "direct"]),
        "limit": rng.choice([0, 1, 2, 3, 5, 8, 20]),
        "waits": rng.randrange(4),
        "answer": rng.randint(1, 4),
        "string": [rng.choice(plain) for _ in range(rng.choice([0, 1, 2, 4]))],
        "thinking": [rng.choice(plain) for _ in range(rng.randrange(9))],
        "how": rng.choice(["end", "turn", "limit"]),
        "tokens": rng.choices(
            [*plain, *ends, "wait"], [*[3] * len(plain), *[4] * len(ends), 1], k=rng.randrange(25)
        ),
    }


def test_the_delimiters_are_the_same(tokenizer):
    marks = delimiters(tokenizer)
    found = call(
        """({ budget, tokenizer }, file) => {
          const marks = budget.delimitersOf(tokenizer.createTokenizer(file));
          return Object.fromEntries(Object.entries(marks).map(([name, value]) =>
            [name, value instanceof Set ? [...value].sort((a, b) => a - b) : value]));
        }""",
        tokenizer_file(),
    )
    for name, value in found.items():
        mine = getattr(marks, name)
        assert value == (sorted(mine) if isinstance(mine, frozenset) else mine) or value == [*mine]
    others = {*vars(marks), "stop"} - set(found)  # of other formats than s1's
    assert others == {"separator", "spaces", "asks"} and not marks.separator and not marks.asks


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_both_automata_do_the_same_on_any_script(tokenizer, seed):
    marks = delimiters(tokenizer)
    rng = random.Random(seed)
    scripts = [random_script(rng, marks) for _ in range(15_000 if seed else 2_000)]
    asked = {"file": tokenizer_file(), "scripts": scripts}
    order = call(
        """({ budget, tokenizer }, file) => {
          const { stop, control } = budget.delimitersOf(tokenizer.createTokenizer(file));
          return [...stop, ...control];
        }""",
        tokenizer_file(),
    )
    found = call(DRIVE, asked)
    for script, theirs in zip(scripts, found, strict=True):
        assert theirs == python_run(script, marks, order), script
    assert {script["make"] for script, run in zip(scripts, found, strict=True) if run != "refused"
            } == {"think", "resume", "force", "direct"}  # fmt: skip


# Checker


def own_questions(rng, count):
    """Drawn questions, and what readers make of them: odd spaces, cases, words around, faults."""
    for family in FAMILIES.values():
        for theme, size in product(family.themes, range(1, 9)):
            yield question(draw_problem(rng, family.name, size, theme))
    for _ in range(count):
        text = question(draw_problem(rng, rng.choice([*FAMILIES]), rng.randint(1, 8)))
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            text = rng.choice(CHANGES)(rng, text)
        yield text


def at_random(change):
    """A change at a random place: `change(rng, left, right)`."""

    def changed(rng, text):
        place = rng.randrange(len(text) + 1)
        return change(rng, text[:place], text[place:])

    return changed


CHANGES = [
    lambda rng, text: text.upper(),
    lambda rng, text: text.lower(),
    lambda rng, text: text.swapcase(),
    lambda rng, text: text.replace(
        " ", rng.choice(["  ", "\n", "\xa0", "\u3000", "\x1c", "\ufeff"])
    ),
    lambda rng, text: f"Please tell me: {text} Thanks!",
    lambda rng, text: text + " " + question(draw_problem(rng, "cups", 3)),
    lambda rng, text: "x" * rng.choice([10, 1900, 2100]) + text,
    lambda rng, text: "👍" * rng.choice([10, 1900]) + text,
    lambda rng, text: re.sub(
        r"[0-9]+", lambda _: str(rng.randrange(10 ** rng.randint(1, 30))), text
    ),
    lambda rng, text: re.sub(
        "[0-9]", lambda d: chr(0x660 + int(d[0])), text, count=rng.randint(0, 9)
    ),
    lambda rng, text: text.replace("k", "\u212a").replace("s", "\u017f"),
    lambda rng, text: text.replace("i", rng.choice("ıİîI")),
    lambda rng, text: text.replace(", ", rng.choice([",", ";", " and ", ", , "])),
    lambda rng, text: text.replace("+", "-").replace("x", rng.choice("X×x")),
    lambda rng, text: re.sub(r"\b0*([0-9])\b", r"00\1", text),
    at_random(lambda rng, a, b: a + b[1:]),
    at_random(lambda rng, a, b: a + rng.choice("0aZ ,.-+\n\x00é<") + b),
    at_random(lambda rng, a, b: a),
    at_random(lambda rng, a, b: b + a),
]


def test_the_checker_knows_the_same_answers():
    rng = random.Random(5)
    texts = [*HOSTILE, *CONTROL, *own_questions(rng, 6000), *random_texts(rng, 300)]
    texts += [row["question"] for row in read_rows(DATA / "heldout.jsonl")]
    found = call("({ checker }, texts) => texts.map(checker.checkerFor)", texts)
    wanted = [reference_answer(text) for text in texts]
    for text, mine, theirs in zip(texts, wanted, found, strict=True):
        assert theirs == mine, repr(text)
    assert 1000 < wanted.count(None) < len(wanted) - 3000


def answers(rng, count):
    """What a model may write as its answer."""
    parts = ["Answer: ", "Answer:", "answer: ", "Final Answer:", "-", "−", "0", "007", "42", "-0",
             "1" * 18, "9" * 25, " ", "\n", "So ", "٣", "²", "1,000", "3.5", "cups"]  # fmt: skip
    for _ in range(count):
        yield "".join(rng.choices(parts, k=rng.randrange(6)))


def test_the_answer_is_found_and_graded_as_the_grader_does():
    rng = random.Random(6)
    texts = [*HOSTILE, *answers(rng, 5000)]
    references = [rng.choice(["0", "42", "7", "-42", "1000", "1" * 18]) for _ in texts]
    found = call(
        """({ checker }, rows) =>
          rows.map(([text, wanted]) =>
            [checker.firstInteger(text), checker.isRight(text, wanted)])""",
        [*zip(texts, references, strict=True)],
    )
    for text, reference, theirs in zip(texts, references, found, strict=True):
        assert theirs == [first_integer(text), is_right(text, reference)], (text, reference)
    assert any(right for _, right in found)
