"""The page's engine in JavaScript thinks what the Python engine thinks."""

import base64
import copy
import json
import os
import re

import pytest
import torch
from javascript import ENGINE, HOSTILE, NODE, call

from s1lib.errors import CourseError
from s1lib.grading.graders import first_integer, is_right
from s1lib.inference.budget import Budget
from s1lib.inference.engine import Trace, prompt_ids
from s1lib.inference.hf import answer_from_prefix, load, think
from s1lib.io import DATA, read_rows
from s1lib.notebook.wait.export import MAX_BYTES, model_file, tokenizer_file

pytestmark = pytest.mark.skipif(
    NODE is None, reason="needs Node, which Playwright brings: pip install -e '.[dev]'"
)
OPEN = """
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const open = ({ engine }, { weights, tokenizer }) =>
  engine.createEngine({ weights: bytes(weights), tokenizer });
"""
MAX_ANSWER = 12


@pytest.fixture(scope="module")
def tuned():
    """The shipped model and its tokenizer."""
    return load(DATA / "sft")


@pytest.fixture(scope="module")
def files():
    """What `createEngine` takes."""
    return {"weights": base64.b64encode(model_file()).decode(), "tokenizer": tokenizer_file()}


EMPTY = {"ids": [], "ends": []}
# Limit, Waits, string
BUDGETS = [
    (0, 0, "Wait"),
    (8, 0, "Wait"),
    (32, 1, "Wait"),
    (64, 1, "Alternatively"),
    (128, 2, "Hmm"),
    (512, 0, "Wait"),
    (512, 1, "Wait"),
    (512, 2, "Wait"),
    (512, 4, "Wait"),
    (512, 1, "Hmm"),
    (512, 1, "Alternatively"),
    (512, 2, None),
]
TIES = {}  # (question, budget): what differs only because float32 cannot tell two tokens apart
# What a reader does: Think, then Wait as often as there is an end to ignore and room for it.
PRESS = (
    OPEN
    + """
async (modules, { files, rows, budgets }) => {
  const engine = open(modules, files);
  const thoughts = [];
  for (const question of rows) {
    const known = new Map();
    const press = async (limit, waits, string) => {
      const key = JSON.stringify([limit, waits, waits ? string : null]);
      if (!known.has(key)) known.set(key, await pressNew(limit, waits, string));
      return known.get(key);
    };
    const pressNew = async (limit, waits, wait) => {
      if (!waits) return engine.think({ question, kept: { ids: [], ends: [] }, limit });
      const kept = await press(limit, waits - 1, wait);
      if (kept.stop === "limit" || kept.ends.length < waits - 1) return kept;
      return engine.think({ question, kept, wait, limit }).catch((error) => {
        if (!error.message.includes("no room")) throw error;
        return kept;
      });
    };
    const all = [];
    for (const [limit, waits, string] of budgets) all.push(await press(limit, waits, string));
    thoughts.push(all);
  }
  return thoughts;
}"""
)


def check_equal(tuned, files, rows, budgets):
    """Compare both engines on these questions under these budgets."""
    questions = [row["question"] for row in rows]
    found = call(PRESS, {"files": files, "rows": questions, "budgets": budgets}, timeout=3600)
    for number, (limit, waits, string) in enumerate(budgets):
        budget = Budget(limit, waits, string, MAX_ANSWER)
        traces = think(*tuned, questions, budget)
        for row, trace, theirs in zip(rows, traces, found, strict=True):
            thought = theirs[number]
            if (row["id"], number) in TIES:
                continue
            assert thought == {
                "ids": trace.ids,
                "ends": trace.ends,
                "stop": trace.stops[-1],
                "thinking": trace.thinking,
                "answer": trace.answer,
                "shown": first_integer(trace.answer) or trace.answer.strip()[:40],
                "right": is_right(trace.answer, row["answer"]),
            }, (row["id"], budget)


def test_both_engines_think_the_same(tuned, files):
    rows = read_rows(DATA / "heldout.jsonl")[:12]
    check_equal(tuned, files, rows, [BUDGETS[i] for i in (1, 3, 4, 6)])


WHOLE = pytest.mark.skipif(
    "S1_ALL_QUESTIONS" not in os.environ,
    reason="all 200 take minutes: with S1_ALL_QUESTIONS=1",
)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=WHOLE) for n in range(1, 8))])
def test_both_engines_think_the_same_on_200_questions(tuned, files, part):
    rows = read_rows(DATA / "heldout.jsonl")[25 * part : 25 * (part + 1)]
    assert len({row["family"] for row in rows}) == 6
    check_equal(tuned, files, rows, BUDGETS)


QUESTION = "Coins of 3 people: Cid 4, Ann 7, Bob 9. How many coins is that in all?"


def test_what_was_thought_can_be_cut_anywhere_and_gone_on_with(tuned, files):
    """The answers are those of the smaller budget, and nothing that was thought is lost."""
    model, tokenizer = tuned
    found = call(
        OPEN
        + """async (modules, { files, question }) => {
          const engine = open(modules, files);
          const first = await engine.think({ question, limit: 512 });
          const whole = await engine.think({ question, kept: first, wait: "Wait", limit: 512 });
          const cuts = [];
          for (let limit = whole.ids.length; limit >= 0; limit -= 3)
            cuts.push(await engine.think({ question, kept: whole, limit }));
          const short = { ids: whole.ids.slice(0, first.ids.length + 9), ends: whole.ends };
          return {
            whole, cuts,
            again: await engine.think({ question, kept: first, wait: "Wait", limit: 512 }),
            goneOn: await engine.think({ question, kept: short, limit: 512 }),
          };
        }""",
        {"files": files, "question": QUESTION},
    )
    whole = found["whole"]
    assert found["again"] == found["goneOn"] == whole and len(whole["ids"]) > 40
    for cut in found["cuts"]:
        limit = len(cut["ids"])
        assert cut["ids"] == whole["ids"][:limit] and cut["stop"] == "limit"
        trace = Trace(QUESTION, "", "", whole["ids"], [], ["end"], "Wait")
        [wanted] = answer_from_prefix(model, tokenizer, [trace], limit, max_answer=MAX_ANSWER)
        assert cut["answer"] == wanted.answer, limit
    assert len(found["cuts"]) > 15 and len({cut["answer"] for cut in found["cuts"]}) > 1


@pytest.mark.parametrize("question", [QUESTION, "Who was Ada Lovelace?", "한국어 👩‍👩‍👧 e\u0301"])
def test_each_token_is_told_as_it_is_decided(tuned, files, question):
    _, tokenizer = tuned
    told, thought, turns = call(
        OPEN
        + """async (modules, { files, question }) => {
          const engine = open(modules, files);
          const told = [];
          let turns = 0;
          const timer = setInterval(() => turns++, 0);
          const first = await engine.think({ question, limit: 200 });
          const hear = { onToken: (token) => told.push(token) };
          const thought = await engine.think(
            { question, kept: first, wait: "Wait", limit: 300 }, hear);
          clearInterval(timer);
          return [told, thought, turns];
        }""",
        {"files": files, "question": question},
    )
    assert turns >= 1  # the page was alive; how often depends on the speed of the computer
    waited = tokenizer.encode("Wait", add_special_tokens=False)
    assert [t["id"] for t in told[: len(waited)]] == waited
    assert all(t["forced"] and t["phase"] == "thinking" for t in told[: len(waited)])
    kinds = [(t["phase"], t["forced"]) for t in told[len(waited) :]]
    assert kinds == sorted(kinds, key=[("thinking", False), ("delimiter", True),
                                       ("answer", False)].index)  # fmt: skip
    thinking = [t["id"] for t in told if t["phase"] == "thinking"]
    assert thinking == thought["ids"][thought["ends"][-1] :]
    text = "".join(t["text"] for t in told)
    whole = tokenizer.decode([t["id"] for t in told])
    assert whole.startswith(text) and whole[len(text) :].strip("\ufffd") == ""
    assert thought["right"] is (None if question != QUESTION else thought["shown"] == "20")


def test_a_thought_is_stopped_at_the_next_token(files):
    stopped, whole, goneOn, late = call(
        OPEN
        + """async (modules, { files, question }) => {
          const engine = open(modules, files);
          const first = await engine.think({ question, limit: 512 });
          const asked = { question, kept: first, wait: "Wait", limit: 512 };
          const stop = new AbortController();
          let heard = 0;
          const failed = (error) => ({ name: error.name, thought: error.thought });
          const stopped = await engine.think(asked, {
            signal: stop.signal,
            onToken: () => { if (++heard === 20) stop.abort(); },
          }).catch(failed);
          stopped.heard = heard;
          const goneOn = await engine.think({ question, kept: stopped.thought, limit: 512 });
          const late = await engine.think(asked, { signal: AbortSignal.abort() }).catch(failed);
          return [stopped, await engine.think(asked), goneOn, late];
        }""",
        {"files": files, "question": QUESTION},
    )
    assert stopped["name"] == late["name"] == "AbortError"
    assert stopped["heard"] == 20 and stopped["thought"]["stop"] is None
    assert stopped["thought"]["ids"] == whole["ids"][: whole["ends"][0] + 20]
    assert stopped["thought"]["ends"] == whole["ends"] and stopped["thought"]["right"] is None
    assert goneOn == whole


def test_thoughts_that_are_asked_for_at_once_come_one_after_the_other(files):
    questions = [row["question"] for row in read_rows(DATA / "heldout.jsonl")[:3]]
    together, alone = call(
        OPEN
        + """async (modules, { files, questions }) => {
          const engine = open(modules, files);
          const think = (question) => engine.think({ question, limit: 60 });
          const bad = think(" ").catch((error) => error.message);
          const together = await Promise.all(questions.map(think));
          const alone = [];
          for (const question of questions) alone.push(await think(question));
          return [together, alone, await bad];
        }""",
        {"files": files, "questions": questions},
    )[:2]
    assert together == alone


BAD = [
    ({"question": ""}, "The question is empty"),
    ({"question": " \n\u3000"}, "The question is empty"),
    ({"question": None}, "The question is empty"),
    ({"question": "x" * 5000}, "too long: with an answer of 12 tokens it takes 50"),
    ({"question": "Is <|im_end|> a word?"}, "holds the control token <|im_end|>"),
    ({"limit": 2000}, "too high: beside this question the model has room for 19"),
    ({"limit": -1}, "must be a whole number"),
    ({"limit": 1.5}, "must be a whole number"),
    ({"limit": "8"}, "must be a whole number"),
    ({"wait": ""}, "The word is empty"),
    ({"wait": "a<|im_start|>"}, "holds control tokens"),
    ({"wait": "<|fim_pad|>"}, "holds control tokens"),
    ({"wait": "Wait", "limit": 3}, "no room for another Wait. Raise the limit."),
    ({"wait": None, "limit": 1, "kept": {"ids": [3, 3], "ends": []}}, "no room"),
    ({"kept": {"ids": [257], "ends": []}}, "damaged"),
    ({"kept": {"ids": [3, 999], "ends": []}}, "damaged"),
    ({"kept": {"ids": [3, -1], "ends": []}}, "damaged"),
    ({"kept": {"ids": [3], "ends": [7]}}, "damaged"),
]


def test_bad_input_is_one_plain_sentence_and_the_engine_stays_usable(files):
    asked = [{"question": QUESTION, "kept": EMPTY, "limit": 64, **bad} for bad, _ in BAD]
    found = call(
        OPEN
        + """async (modules, { files, asked, question }) => {
          const engine = open(modules, files);
          const said = [];
          for (const one of asked)
            said.push(await engine.think(one).then(() => "nothing", (error) => error.message));
          return [...said, await engine.think({ question, limit: 8 })];
        }""",
        {"files": files, "asked": asked, "question": QUESTION},
    )
    for (bad, message), said in zip(BAD, found, strict=False):
        assert message in said, bad
        assert "\n" not in said and said.endswith(".") and not said[0].islower(), said
    assert found[-1]["stop"] in ("end", "limit")


@pytest.mark.slow
def test_hostile_texts_are_thought_about_as_in_python(tuned, files):
    """Each as a question, and some of them as the word that is appended."""
    texts = [text for text in HOSTILE if text.strip()]
    budgets = [(40, 1, word) for word in ["Wait", *texts[::3]]]
    found = call(PRESS, {"files": files, "rows": texts, "budgets": budgets})
    for number, budget in enumerate(budgets):
        traces = think(*tuned, texts, Budget(*budget, MAX_ANSWER))
        for trace, theirs in zip(traces, found, strict=True):
            thought = theirs[number]
            assert (thought["ids"], thought["answer"]) == (trace.ids, trace.answer), trace.question


# Files


def test_the_modules_can_be_joined_to_one_script(files):
    """A page that is opened from the disk may not import modules: they are put into it."""
    order = ["model", "tokenizer", "budget", "checker", "engine"]
    texts = [(ENGINE / f"{name}.js").read_text(encoding="utf-8") for name in order]
    assert {f"{name}.js" for name in order} == {path.name for path in ENGINE.glob("*.js")}
    names = [
        n for t in texts for n in re.findall(r"^(?:export )?(?:function|const) (\w+)", t, re.M)
    ]
    assert len(names) == len(set(names))
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("import ")]
    script = re.sub(r"^export ", "", "\n".join(lines), flags=re.M)
    found = call(
        OPEN
        + """async (modules, { files, script, question }) => {
          const joined = new Function(`${script}\\nreturn { createEngine, checkerFor };`)();
          const engine = open({ engine: joined }, files);
          return [engine.info, joined.checkerFor(question)];
        }""",
        {"files": files, "script": script, "question": QUESTION},
    )
    info = {"name": "sft", "context": 2048, "maxThinking": 1024, "maxAnswer": MAX_ANSWER}
    assert found == [info, "20"]


def test_the_model_file_is_small_and_the_same_each_time(tuned):
    content = model_file()
    assert content == model_file() and len(content) < MAX_BYTES
    settings = json.loads(json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])[
        "__metadata__"]["settings"])  # fmt: skip
    before, after = settings["prompt"]
    ids = tuned[1].encode(before + QUESTION + after, add_special_tokens=False)
    assert ids == prompt_ids(tuned[1], QUESTION)


def test_the_weights_lose_no_more_than_a_bit_in_sixteen(tuned):
    found = call(
        OPEN
        + """({ model }, content) => {
          const base64 = (values) =>
            Buffer.from(new Float32Array(values).buffer).toString("base64");
          const { tensors } = model.readWeights(bytes(content));
          return Object.fromEntries(Object.entries(tensors).map(([name, { shape, values }]) =>
            [name, [shape, base64(values)]]));
        }""",
        base64.b64encode(model_file()).decode(),
    )
    assert set(found) == {name for name, _ in tuned[0].named_parameters()}
    for name, weights in tuned[0].named_parameters():
        shape, values = found[name]
        read = torch.frombuffer(bytearray(base64.b64decode(values)), dtype=torch.float32)
        assert torch.allclose(read.reshape(shape), weights, rtol=2**-16, atol=0)


def test_a_damaged_model_file_is_named():
    whole = model_file()
    broken = [b"", whole[:7], whole[:100], whole[:-1000], b"\xff" * 200]
    found = call(
        OPEN
        + """({ model }, contents) => contents.map((content) => {
          try { model.readWeights(bytes(content)); } catch (error) { return error.message; }
        })""",
        [base64.b64encode(content).decode() for content in broken],
    )
    assert found == ["The model file is damaged: load it again."] * len(broken)


def test_a_model_that_the_page_cannot_run_is_refused_by_name(tuned, tmp_path):
    with pytest.raises(CourseError, match="cannot load a model"):
        model_file(tmp_path / "none")
    model, tokenizer = tuned
    for change, message in [
        ({"hidden_act": "gelu"}, r"cannot run other \(hidden_act 'gelu'\)"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings False"),
        ({"vocab_size": 20_000}, "too large for the page"),
    ]:
        folder = tmp_path / "other"
        config = copy.deepcopy(model.config)
        config.update(change)
        type(model)(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        with pytest.raises(CourseError, match=message):
            model_file(folder)
    tokenizer_json = tmp_path / "other" / "tokenizer.json"
    file = tokenizer_file()
    file["model"]["merges"] = [["a", "b"]]
    tokenizer_json.write_text(json.dumps(file))
    with pytest.raises(CourseError, match="has merges"):
        tokenizer_file(tmp_path / "other")
