"""The widget's kernel side without a browser: what it sends, its errors, and its traits."""

import json
import re
import shutil

import pytest
from browser import HOSTILE
from chat_templates import FAMILIES, HARMONY, tokenizer_for
from PIL import Image
from stopping_model import stopping_model

from s1lib.errors import CourseError
from s1lib.inference import hf, live
from s1lib.inference.budget import Budget
from s1lib.inference.formats import delimiters_of
from s1lib.inference.hf import HFEngine, load
from s1lib.inference.live import think_on
from s1lib.io import DATA
from s1lib.notebook.wait import content, kernel
from s1lib.notebook.wait.kernel import WaitWidget, in_one_sentence
from s1lib.notebook.wait.picture import PICTURE, picture_html
from s1lib.toyworld.questions import reference_answer

QUESTION = content.page_questions()[3]["question"]
NEW = {"ids": [], "ends": []}


@pytest.fixture(scope="module")
def engine():
    return HFEngine(*load(DATA / "sft"), max_answer=12)


class Front:
    """Stands for the front end: asks, and keeps what it is told."""

    def __init__(self, widget):
        self.widget, self.told = widget, []
        widget.send = lambda message, buffers=None: self.told.append(message)

    def ask(self, question=QUESTION, kept=NEW, wait=None, on=True, limit=200, run="1"):
        self.told.clear()
        message = {"type": "think", "run": run, "question": question, "kept": kept,
                   "wait": wait, "on": on, "limit": limit}  # fmt: skip
        halt = self.widget._halts[run] = kernel.threading.Event()
        self.widget._answer(message, halt)
        json.dumps(self.told)  # it can be sent
        return self.told[-1]

    def tokens(self):
        return [t for m in self.told if m["type"] == "tokens" for t in m["tokens"]]


@pytest.fixture
def front(engine):
    widget = WaitWidget(engine, [QUESTION], limit=200)
    yield Front(widget)
    widget.close()


def trace(engine, budget):
    return engine.think([QUESTION], budget)[0]


def test_a_thought_and_a_wait_are_those_of_the_engine(front, engine):
    first = front.ask()["thought"]
    once = trace(engine, Budget(200))
    assert (first["ids"], first["answer"]) == (once.ids, once.answer)
    assert first["truth"] == reference_answer(QUESTION)
    written = "".join(text for _, text, _, phase in front.tokens() if phase == "thinking")
    assert written == first["thinking"]
    second = front.ask(kept=first, wait="Wait", on=False)["thought"]
    again = trace(engine, Budget(200, 1))
    assert (second["ids"], second["ends"], second["answer"]) == (
        again.ids, again.ends, again.answer)  # fmt: skip
    forced = "".join(text for _, text, forced, phase in front.tokens()
                     if forced and phase == "thinking")  # fmt: skip
    assert forced == "Wait"
    nothing = front.ask(kept=first, wait=None, on=False)["thought"]
    ignored = trace(engine, Budget(200, 1, None))
    assert (nothing["ids"], nothing["ends"]) == (ignored.ids, ignored.ends)


def test_a_thought_is_cut_anywhere_and_gone_on_with(front):
    first = front.ask()["thought"]
    for limit in (0, 1, 7, len(first["ids"]) - 1):
        cut = front.ask(kept=first, limit=limit)["thought"]
        assert cut["ids"] == first["ids"][:limit] and cut["stop"] == "limit"
    kept = {"ids": first["ids"][:9], "ends": []}
    assert front.ask(kept=kept)["thought"] == first


def test_stop_ends_it_at_the_next_token(front, monkeypatch):
    def endless(*args, **settings):
        front.widget._hear(None, {"type": "stop", "run": "1"}, None)
        while True:
            yield live.LiveToken(1, "x", False, "thinking")

    monkeypatch.setattr(kernel, "think_on", endless)
    front.ask()
    assert {m["type"] for m in front.told} <= {"alive", "tokens"} and not front.widget._halts
    monkeypatch.undo()
    assert front.ask()["type"] == "thought"


def test_errors_are_one_sentence_and_the_widget_stays_usable(front):
    assert "empty" in front.ask("  ")["message"]
    assert "too long" in front.ask("x" * 5000)["message"]
    first = front.ask()["thought"]
    assert "no room" in front.ask(kept=first, wait="W" * 200, on=False)["message"]
    assert front.ask()["type"] == "thought"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CourseError("the model is gone."), "The model is gone."),
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA out of memory"), "not enough memory"),
        (RuntimeError("<b>odd"), "RuntimeError: <b>odd"),
    ],
)
def test_any_error_is_told(error, told):
    assert told in in_one_sentence(error)


def test_models_that_cannot_be_loaded_are_told(tmp_path, monkeypatch):
    widget = WaitWidget(tmp_path / "nothing", [QUESTION])
    widget._loading.join(60)
    assert "Cannot load a model" in widget.error and widget.info == {}
    few = type("Memory", (), {"available": 1e6})()
    monkeypatch.setattr(hf.psutil, "virtual_memory", lambda: few)
    monkeypatch.setattr(hf.torch.cuda, "is_available", lambda: False)
    widget = WaitWidget(DATA / "sft", [QUESTION])
    widget._loading.join(60)
    assert "too large for this machine" in widget.error
    assert "does not tell" in WaitWidget(object(), [QUESTION]).error


def test_a_model_is_loaded_in_the_background_and_named_without_its_path():
    widget = WaitWidget(DATA / "sft", [QUESTION], limit=100, max_answer=12)
    widget._loading.join(60)
    assert widget.info["name"] == "sft, 1.1 million parameters, format s1"
    assert (widget.info["maxThinking"], widget.info["maxAnswer"]) == (100, 12)
    assert Front(widget).ask()["type"] == "thought"


def test_rows_bring_their_answers(engine):
    row = {"question": "What is 2 + 2?", "answer": "4", "kind": "integer"}
    widget = WaitWidget(engine, [row])
    thought = Front(widget).ask(row["question"])["thought"]
    assert thought["truth"] == "4" and thought["right"] is not None
    assert widget.questions == [{"question": row["question"], "family": ""}]


def test_traits_can_be_observed_and_laid_out(engine):
    import ipywidgets

    widget, seen = WaitWidget(engine, [QUESTION]), []
    widget.observe(lambda change: seen.append(change["new"]), "score")
    widget.set_state({"score": {"tries": 1}})  # as the front end does
    assert seen == [{"tries": 1}]
    assert ipywidgets.VBox([widget]).children == (widget,)


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_thought_about(front, text):
    told = front.ask(text, limit=16)
    assert told["type"] == "thought"
    if text.strip():
        assert front.ask(kept=told["thought"], wait=text, on=False, limit=420)["type"] in (
            "thought", "error")  # fmt: skip


def test_characters_of_several_tokens_come_whole(engine):
    texts = live._TextStream(engine.tokenizer)
    ids = engine.tokenizer.encode("né 漢🙂x")
    parts = [texts.push(i) for i in ids]
    assert "".join(parts) == "né 漢🙂x" and "\ufffd" not in "".join(parts)


def test_closing_the_steps_stops_the_work(engine):
    steps = think_on(engine, QUESTION, Budget(100))
    next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_the_picture_is_small_and_told_in_words():
    texts = content.texts()
    page = picture_html("ab12", texts)
    assert PICTURE.stat().st_size < 100_000 and Image.open(PICTURE).width >= 900
    assert re.search(r'<img alt="[^"]{80,}"', page) and "docs/try/index.html" in page
    first, second = (a["thought"] for a in content.recorded()["attempts"])
    assert f"answers {first['shown']}" in texts["picture"]
    assert f"answers {second['shown']}" in texts["picture"]
    assert "http" not in page.replace("data:image", "")


# Models that mark their thinking in other ways


WORDS = {"question": "Ann has 3 pens and gets 4 more. How many?", "answer": "7", "kind": "math"}


@pytest.fixture(scope="module", params=["Qwen3", "QwQ", "SmolLM2", "Magistral"])
def family(request, tmp_path_factory):
    """A stand-in of a family of models in a folder, with the tags, or none, of its template."""
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer = tokenizer_for(FAMILIES[request.param])
    for seed in range(20):  # one that stops after a few tokens, and again after a Wait
        model = stopping_model(tokenizer, delimiters_of(tokenizer).stop, seed=seed)
        budget = Budget(60, 1, max_answer=8)
        [trace] = HFEngine(model, tokenizer).think([WORDS["question"]], budget)
        if trace.ends and trace.ends[0] and not trace.hit_limit:
            break
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder, FAMILIES[request.param].form


def loaded(folder, **settings):
    """A widget whose model has been loaded, and its front end."""
    widget = WaitWidget(folder, [WORDS], limit=60, max_answer=8, **settings)
    widget._loading.join(60)
    assert widget.error == ""
    return widget, Front(widget)


def test_a_model_thinks_in_its_own_format(family):
    folder, form = family
    widget, front = loaded(folder)
    assert widget.info["name"].endswith(f"million parameters, format {form}")
    engine = HFEngine.load(folder, max_answer=8)
    kept, words = NEW, ["Wait", None, "Hmm"]
    once = engine.think([WORDS["question"]], Budget(60, max_answer=8))[0]
    for waits in range(3):
        asked = {"wait": words[waits - 1], "on": False} if waits else {}
        kept = front.ask(WORDS["question"], kept, limit=60, **asked)["thought"]
        if waits == 0:
            assert (kept["ids"], kept["answer"], kept["stop"]) == (
                once.ids, once.answer, once.stops[0])  # fmt: skip
            assert kept["ids"] and kept["stop"] != "limit"  # it stops of itself, and can go on
        if waits == 1:
            again = engine.think([WORDS["question"]], Budget(60, 1, max_answer=8))[0]
            assert (kept["ids"], kept["ends"], kept["answer"]) == (
                again.ids, again.ends, again.answer)  # fmt: skip
    opening = "".join(text for _, text, _, phase in front.tokens() if phase == "delimiter")
    assert "<|im_start|>" not in opening  # no marks of s1


def test_a_format_can_be_chosen_and_one_that_does_not_fit_is_told(family):
    folder, form = family
    if form == "opened-by-template":  # it has no switch to turn its thinking off
        widget = WaitWidget(folder, [WORDS], form="plain")
        widget._loading.join(60)
        assert widget.info == {} and "no switch to turn it off" in widget.error
        return
    if form == "think-tags" and "Qwen3" in folder.name:
        widget, front = loaded(folder, form="plain")
        assert widget.info["name"].endswith("format plain")
        asked = HFEngine.load(folder, max_answer=8, form="plain")
        [trace] = asked.think([WORDS["question"]], Budget(60, max_answer=8))
        thought = front.ask(WORDS["question"], limit=60)["thought"]
        assert (thought["ids"], thought["answer"]) == (trace.ids, trace.answer)
    widget = WaitWidget(folder, [WORDS], form="s2")
    widget._loading.join(60)
    assert "There is no format 's2': choose one of plain, s1" in widget.error


def test_a_format_is_not_given_beside_an_engine(engine):
    with pytest.raises(CourseError, match="has its format already: give `form` where"):
        WaitWidget(engine, [QUESTION], form="plain")


def test_a_template_that_fits_no_format_is_told(family):
    folder, _ = family
    broken = folder.parent / f"{folder.name}-harmony"
    tokenizer = HFEngine.load(folder).tokenizer
    tokenizer.chat_template = HARMONY
    shutil.copytree(folder, broken, dirs_exist_ok=True)
    tokenizer.save_pretrained(broken)
    widget = WaitWidget(broken, [WORDS])
    widget._loading.join(60)
    assert "channels" in widget.error


@pytest.mark.parametrize(
    ("form", "kind", "written", "shown", "right"),
    [
        ("think-tags", "math", "She has 3 and 4, so it is **7**.", "7", True),
        ("think-tags", "math", "It is 3 + 4 = 8.", "3 + 4 = 8", False),
        ("think-tags", "gpqa", "Answer: C", "C", False),
        ("plain", "math", " 7 pens", "7", True),  # behind a "Final Answer:" that was forced
        ("plain", "gpqa", " B", "B", True),
    ],
)
def test_an_answer_in_words_is_graded_as_an_evaluation_grades_it(
    form, kind, written, shown, right, monkeypatch
):
    tokenizer = tokenizer_for(FAMILIES["Qwen3"])
    marks = delimiters_of(tokenizer, form)
    model = stopping_model(tokenizer, marks.stop)
    thought = [*tokenizer.encode("Hm.\n"), sorted(marks.stop)[0]]
    script = iter([*thought, *tokenizer.encode(written), sorted(marks.turn)[0]])
    monkeypatch.setattr(hf, "choose", lambda logits, *rest: [next(script)])
    row = {"question": "What is it?", "answer": {"math": "7", "gpqa": "B"}[kind], "kind": kind}
    widget = WaitWidget(HFEngine(model, tokenizer, max_answer=60, form=form), [row])
    thought = Front(widget).ask(row["question"])["thought"]
    assert (thought["shown"], thought["right"], thought["answer"]) == (shown, right, written)
