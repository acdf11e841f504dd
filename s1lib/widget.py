"""The budget-forcing widget: choose a budget and watch one question being thought about.

`try_once` runs one try and `render` turns it into HTML; `BudgetWidget` only connects the two to
a form. What a model or a reader wrote is data: it is escaped wherever it becomes HTML.
"""

from collections.abc import Sequence
from html import escape

import ipywidgets as widgets

from s1lib.budget import Budget
from s1lib.chat import prompt_text
from s1lib.engines.transformers import Trace, rescore, think
from s1lib.grade import extract, is_right
from s1lib.show import table
from s1lib.store import CourseError
from s1lib.world.families import answer, parse

STRINGS = {"Wait": "Wait", "Hmm": "Hmm", "Alternatively": "Alternatively", "none": None}
MAX_QUESTION = 400  # tokens of the prompt; the questions of this world have fewer than 300
PRE = "white-space: pre-wrap; border-left: 4px solid #999; padding-left: .8em; margin: .3em 0"
MARK = "background: #f7d774; color: #000"


def trace_parts(tokenizer, trace: Trace, string: str | None) -> list[dict]:
    """The thinking in parts {"text", "forced"}: what the model wrote and what was appended.

    `string` is what the budget appended at each ignored end (None: nothing).
    """
    width = len(tokenizer.encode(string or "", add_special_tokens=False))
    parts, at = [], 0
    for end in trace.ends:
        parts.append({"text": tokenizer.decode(trace.ids[at:end]), "forced": False})
        parts.append({"text": string or "", "forced": True})
        at = end + width
    return [*parts, {"text": tokenizer.decode(trace.ids[at:]), "forced": False}]


def trace_html(parts: list[dict], hit_limit: bool, answer_text: str) -> str:
    """A trace as HTML: forced words carry a colour and the brackets ⟦ ⟧."""

    def forced(text: str) -> str:
        return f"<mark style='{MARK}'>⟦{escape(text)}⟧</mark>"

    thinking = "".join(
        forced(p["text"] or "end ignored") if p["forced"] else escape(p["text"]) for p in parts
    ).strip("\n")
    end = forced("cut: Final Answer:") if hit_limit else "<i>(stops thinking)</i>"
    return f"<pre style='{PRE}'>{thinking}\n{end} {escape(answer_text.strip())}</pre>"


def try_once(model, tokenizer, question: str, budget: Budget) -> dict:
    """Think about one question under a budget; also the answers with fewer Waits.

    Returns question, limit, waits, string, parts (see `trace_parts`), hit_limit, answer,
    thinking_tokens, reference (None if the question is not of this world) and steps: one
    {"waits", "thinking_tokens", "answer", "right"} for each number of Waits that was used.
    Raises CourseError if the question is empty or too long, or the budget has no limit.
    """
    question = question.strip()
    if not question:
        raise CourseError("the question is empty: choose one, or type one.")
    if budget.max_thinking is None:
        raise CourseError("set a thinking limit: with a Wait at every end it might never stop.")
    length = len(tokenizer.encode(prompt_text(tokenizer, question), add_special_tokens=False))
    if length > MAX_QUESTION:
        raise CourseError(f"the question is too long: {length} tokens, at most {MAX_QUESTION}.")
    room = model.config.max_position_embeddings - length - budget.max_answer - 32
    if budget.max_thinking > room:
        raise CourseError(f"the limit is too high: this model has room for {room} tokens.")
    [trace] = think(model, tokenizer, [question], budget)
    shorter = [rescore(model, tokenizer, [trace], waits=n)[0] for n in range(trace.waits)]
    problem = parse(question)
    reference = answer(problem) if problem else None
    steps = [
        {
            "waits": n,
            "thinking_tokens": step.thinking_tokens,
            "answer": step.answer.strip(),
            "right": is_right(step.answer, reference) if reference else None,
        }
        for n, step in enumerate([*shorter, trace])
    ]
    return {
        "question": question,
        "limit": budget.max_thinking,
        "waits": budget.waits,
        "string": budget.string,
        "parts": trace_parts(tokenizer, trace, budget.string),
        "hit_limit": trace.hit_limit,
        "answer": trace.answer.strip(),
        "thinking_tokens": trace.thinking_tokens,
        "reference": reference,
        "steps": steps,
    }


def verdict(right: bool | None) -> str:
    """A sign and a word; None: there is nothing to check against."""
    return {True: "✓ right", False: "✗ wrong", None: "? cannot be checked"}[right]


def render(tried: dict) -> str:
    """One try as HTML: the question, the trace, and the answer after each Wait."""
    reference = tried["reference"]
    known = "not a question of this world" if reference is None else f"the answer is {reference}"
    used = tried["steps"][-1]["waits"]
    rows = [
        {
            "ends ignored": step["waits"],
            "thinking tokens": step["thinking_tokens"],
            "answer": extract(step["answer"]) or step["answer"] or "(none)",
            "verdict": verdict(step["right"]),
        }
        for step in tried["steps"]
    ]
    return (
        f"<p><b>{escape(tried['question'])}</b></p>"
        + trace_html(tried["parts"], tried["hit_limit"], tried["answer"])
        + f"<p>{tried['thinking_tokens']} of {tried['limit']} thinking tokens spent, "
        f"{used} of {tried['waits']} ends ignored: "
        f"<b>{verdict(tried['steps'][-1]['right'])}</b> ({escape(known)}).</p>" + table(rows).data
    )


def summary(tried: dict) -> dict:
    """One try as a row of the table of past tries."""
    question = tried["question"]
    return {
        "question": question if len(question) <= 60 else question[:59] + "…",
        "limit": tried["limit"],
        "ends ignored": f"{tried['steps'][-1]['waits']} of {tried['waits']}",
        "string": tried["string"] or "none",
        "tokens": tried["thinking_tokens"],
        "answers": " → ".join(extract(s["answer"]) or "–" for s in tried["steps"]),
        "verdict": verdict(tried["steps"][-1]["right"]),
    }


class BudgetWidget(widgets.VBox):
    """The form: a question, a limit, a number of Waits, a string, and a Think button.

    Decoding runs in the button's handler: with the embedded model a try takes about a second.
    A try that fails says why, and the form stays usable.
    """

    def __init__(
        self, model, tokenizer, questions: Sequence[str], max_limit: int = 512, max_waits: int = 8
    ) -> None:
        self.model, self.tokenizer, self.tries = model, tokenizer, []
        wide, style = widgets.Layout(width="98%"), {"description_width": "9em"}

        def slider(label: str, value: int, top: int) -> widgets.IntSlider:
            return widgets.IntSlider(value, 0, top, description=label, style=style, layout=wide)

        self.choice = widgets.Dropdown(
            options=list(questions), description="Question", style=style, layout=wide
        )
        self.question = widgets.Textarea(
            self.choice.value or "", description="or edit it", style=style, layout=wide
        )
        self.limit = slider("Thinking limit", max_limit, max_limit)
        self.waits = slider("Number of Waits", 1, max_waits)
        self.string = widgets.Dropdown(options=STRINGS, description="String appended", style=style)
        self.button = widgets.Button(description="Think", button_style="primary", icon="play")
        self.message, self.result, self.past = (widgets.HTML() for _ in range(3))
        self.choice.observe(self._chosen, "value")
        self.button.on_click(self._think)
        rows = (self.choice, self.question, self.limit, self.waits, self.string, self.button)
        super().__init__([*rows, self.message, self.result, self.past])

    def _chosen(self, change) -> None:
        self.question.value = change["new"] or ""

    def _think(self, _) -> None:
        self.button.disabled, self.message.value = True, "<p role='status'>thinking …</p>"
        try:
            budget = Budget(self.limit.value, self.waits.value, self.string.value)
            tried = try_once(self.model, self.tokenizer, self.question.value, budget)
            self.tries.append(summary(tried))
            self.result.value = render(tried)
            self.past.value = f"<p><b>Tries so far</b></p>{table(self.tries[-10:]).data}"
            self.message.value = ""
        except Exception as error:  # whatever it was, the reader sees it and can go on
            reason = str(error) or type(error).__name__
            self.message.value = f"<p role='alert'>⚠ Not run: {escape(reason)}</p>"
        finally:
            self.button.disabled = False
