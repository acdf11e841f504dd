"""The budget-forcing widget: choose a budget, watch one question being thought about, say Wait.

`s1lib.inference.live` does the thinking; here it becomes HTML and a form. What a model or a reader
wrote is data: it is escaped, and its control characters are made visible, wherever it becomes HTML.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from s1lib.errors import CourseError
from s1lib.grading.graders import first_integer
from s1lib.inference import open_engine
from s1lib.inference.budget import Budget
from s1lib.inference.hf import HFEngine
from s1lib.inference.live import LiveRun, Piece, advance, start, wait_again
from s1lib.notebook.display import safe_html, table
from s1lib.notebook.plots import ORANGE, Plot, scaling_curve
from s1lib.toyworld.questions import reference_answer

OWN = "your own"
STRINGS = {"Wait": "Wait", "Hmm": "Hmm", "Alternatively": "Alternatively", "none": None, OWN: OWN}
REDRAW = 0.1  # seconds between two pictures of a run
PRE = (
    "white-space: pre-wrap; font-family: monospace; overflow-wrap: anywhere; line-height: 1.4; "
    "border-left: 4px solid #999; padding-left: .8em; margin: .3em 0"
)
MARK = "background: #f7d774; color: #000"


def pieces_html(pieces: Sequence[Piece]) -> str:
    """Render what the model saw and wrote: forced words carry a colour and the brackets ⟦ ⟧."""

    def shown(piece: Piece) -> str:
        if not piece.forced:
            return safe_html(piece.text)
        return f"<mark style='{MARK}'>⟦{safe_html(piece.text) or 'end ignored'}⟧</mark>"

    return f"<pre style='{PRE}'>{''.join(map(shown, pieces))}</pre>"


def verdict(right: bool | None) -> str:
    """Return a sign and a word; None: there is nothing to check against."""
    return {True: "✓ right", False: "✗ wrong", None: "? cannot be checked"}[right]


def short(text: str) -> str:
    """Return the answer in what the model wrote, or what it wrote."""
    return first_integer(text) or text[:40] or "(none)"


def render(run: LiveRun) -> str:
    """Render a run as HTML: the question, the text so far, and the answer after each Wait."""
    rows = [
        {
            "ends ignored": a.waits,
            "thinking tokens": a.thinking_tokens,
            "answer": short(a.text),
            "verdict": verdict(a.right),
        }
        for a in run.answers
    ]
    known = run.reference
    known = "not a question of this world" if known is None else f"the answer is {known}"
    state = {"done": verdict(run.answers[-1].right) if run.answers else "", "new": "thinking …"}
    return (
        "<div class='mathjax_ignore tex2jax_ignore'>"  # a $ in a text starts no formula
        f"<p><b>{safe_html(run.question)}</b></p>"
        f"{pieces_html(run.pieces)}"
        f"<p>{run.thinking_tokens} of {run.budget.max_thinking} thinking tokens spent, "
        f"{run.waits} ends ignored: <b>{state.get(run.status, 'not at its end')}</b> "
        f"({safe_html(known)}).</p>" + (table(rows).data if rows else "") + "</div>"
    )


def summary(run: LiveRun) -> dict:
    """Summarize a run as a row of the table of past runs."""
    question = run.question
    ending = verdict(run.answers[-1].right) if run.status == "done" else "stopped"
    return {
        "question": question if len(question) <= 60 else question[:59] + "…",
        "limit": run.budget.max_thinking,
        "ends ignored": run.waits,
        "string": run.budget.string or "none",
        "tokens": run.thinking_tokens,
        "answers": " → ".join(short(a.text) for a in run.answers),
        "verdict": ending,
    }


def curve_with(rows: list[dict], run: LiveRun) -> Plot:
    """Plot the recorded accuracy against thinking tokens, and this run as a star."""
    plot = scaling_curve({"recorded, and this run": rows}, "")
    right, [axis] = run.answers[-1].right, plot.figure.axes
    tokens = max(run.thinking_tokens, 1)
    if right is None:
        axis.axvline(tokens, color=ORANGE, lw=2)
    else:
        axis.plot([tokens], [100 * right], "*", color=ORANGE, ms=16, mec="black", zorder=5)
    axis.annotate("this run", (tokens, 50 if right is None else 100 * right), (6, 4),
                  textcoords="offset points", fontsize=9)  # fmt: skip
    words = f"This run: {verdict(right)} after {run.thinking_tokens} thinking tokens. {plot.alt}"
    return Plot(plot.figure, words, f"The star is this run: {verdict(right)}.")


class BudgetWidget(widgets.VBox):
    """The form: a question, a budget, and the buttons Think, Wait! and Stop.

    `model` is a folder or hub name, loaded in the background, or an engine that is ready.
    `rows` are recorded results (see `s1lib.evaluation.report`) for the plot. Decoding runs in a
    thread of its own; Stop ends it at the next token, and so does closing the widget. Errors are
    shown in the form, which stays usable. Raises ValueError for a budget without a limit.
    """

    _halt: threading.Event | None = None  # until the form is made

    def __init__(
        self,
        model: str | Path | HFEngine,
        questions: Sequence[str],
        budget: Budget,
        rows: Sequence[dict] = (),
        max_waits: int = 8,
    ) -> None:
        if budget.max_thinking is None:
            raise ValueError("the form needs a thinking limit, the top of its slider")
        self._engine: HFEngine | None = None
        if isinstance(model, HFEngine):
            self._engine = model
        else:
            self._source = model
        self._budget, self._rows = budget, list(rows)
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy = False
        self.runs: list[LiveRun] = []
        wide, style = widgets.Layout(width="98%"), {"description_width": "9em"}

        def slider(label: str, value: int, top: int) -> widgets.IntSlider:
            return widgets.IntSlider(value, 0, top, description=label, style=style, layout=wide)

        def button(label: str, tip: str, kind: str = "") -> widgets.Button:
            return widgets.Button(description=label, tooltip=tip, button_style=kind)

        self.choice = widgets.Dropdown(
            options=list(questions), description="Question", style=style, layout=wide
        )
        self.question = widgets.Textarea(
            self.choice.value or "", description="or type one", style=style, layout=wide
        )
        self.limit = slider("Thinking limit", budget.max_thinking, budget.max_thinking)
        self.waits = slider("Number of Waits", budget.waits, max(max_waits, budget.waits))
        own = budget.string not in STRINGS.values()
        self.string = widgets.Dropdown(
            options=STRINGS,
            value=OWN if own else budget.string,
            description="String appended",
            style=style,
        )
        self.own = widgets.Text(
            budget.string if own else "", description=OWN, disabled=not own, style=style
        )
        self.think_button = button("Think", "think about the question", "primary")
        self.wait_button = button("Wait!", "tell it to wait once more, now")
        self.stop_button = button("Stop", "stop at the next token", "warning")
        self.message, self.result, self.plot, self.past = (widgets.HTML() for _ in range(4))
        self.choice.observe(self._chosen, "value")
        self.string.observe(self._string_chosen, "value")
        self.think_button.on_click(lambda _: self._begin(self._think))
        self.wait_button.on_click(lambda _: self._begin(self._wait))
        self.stop_button.on_click(lambda _: self._halt.set())
        buttons = widgets.HBox([self.think_button, self.wait_button, self.stop_button])
        form = (self.choice, self.question, self.limit, self.waits, self.string, self.own, buttons)
        super().__init__([*form, self.message, self.result, self.plot, self.past])
        self._set_busy(False)
        if self._engine is None:
            self._begin(lambda: None)

    def close(self) -> None:
        """Stop what runs, wait for its thread, and close the form."""
        if self._halt is not None:
            self._halt.set()
            self.join()
        super().close()

    def join(self, timeout: float = 10) -> None:
        """Wait until nothing runs."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _chosen(self, change: dict) -> None:
        self.question.value = change["new"] or ""

    def _string_chosen(self, change: dict) -> None:
        self.own.disabled = change["new"] != OWN

    def _set_busy(self, busy: bool) -> None:
        if busy:
            self._busy = True
        self.wait_button.disabled = busy or not self.runs
        self.stop_button.disabled = not busy
        if not busy:
            self._busy = False
        self.think_button.disabled = busy  # last: it can begin another run

    def _begin(self, work: Callable[[], object]) -> None:
        """Do this work in a thread, unless some is still being done."""
        if self._busy:
            return
        assert self._halt is not None
        self._halt.clear()
        self._set_busy(True)
        self._say("loading the model …" if self._engine is None else "")
        self._thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
        self._thread.start()

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            if self._engine is None:
                self._engine = self._open()
            self._say("")
            work()
        except Exception as error:  # whatever it was, the reader sees it and can go on
            known = isinstance(error, (CourseError, ValueError))
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            self.message.value = f"<p role='alert'>⚠ Not run: {safe_html(reason)}</p>"
        finally:
            self._set_busy(False)

    def _say(self, text: str) -> None:
        self.message.value = f"<p role='status'>{text}</p>" if text else ""

    def _asked(self) -> Budget:
        string = self.own.value if self.string.value == OWN else self.string.value
        return Budget(self.limit.value, self.waits.value, string, self._budget.max_answer)

    def _open(self) -> HFEngine:
        engine = open_engine(self._source, max_answer=self._budget.max_answer)
        assert isinstance(engine, HFEngine)  # no vLLM was asked for
        return engine

    @property
    def _loaded(self) -> tuple[Any, Any]:
        assert self._engine is not None  # `_guarded` has loaded it
        return self._engine.model, self._engine.tokenizer

    def _think(self) -> None:
        question = self.question.value
        reference = reference_answer(question)  # None: not a question of the toy world
        self._watch(start(*self._loaded, question, self._asked(), reference))

    def _wait(self) -> None:
        self._watch(wait_again(*self._loaded, self.runs[-1], self._asked()))

    def _watch(self, run: LiveRun) -> None:
        """Follow a run to its end, or to Stop, and show it as it grows."""
        self.runs.append(run)
        self._say("thinking …")
        self.plot.value, drawn = "", 0.0
        steps = advance(*self._loaded, run)
        assert self._halt is not None
        for _ in steps:
            if self._halt.is_set():
                steps.close()
                break
            if time.monotonic() - drawn > REDRAW:
                self.result.value, drawn = render(run), time.monotonic()
        self.result.value = render(run)
        if run.status == "done" and self._rows:
            self.plot.value = curve_with(self._rows, run)._repr_html_()
        rows = [summary(r) for r in self.runs[-10:]]
        self.past.value = f"<p><b>Runs so far</b></p>{table(rows).data}"
        self._say(f"{run.status}.")
