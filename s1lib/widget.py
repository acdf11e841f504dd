"""The budget-forcing widget: choose a budget, watch one question being thought about, say Wait.

`s1lib.tries` does the thinking; here it becomes HTML and a form. What a model or a reader wrote
is data: it is escaped, and its control characters are made visible, wherever it becomes HTML.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets

from s1lib.budget import Budget
from s1lib.engines.transformers import load
from s1lib.grade import extract
from s1lib.plots import ORANGE, Plot, scaling_curve
from s1lib.show import harmless, table
from s1lib.store import CourseError
from s1lib.tries import Piece, Try, new_try, run, told_to_wait

OWN = "your own"
STRINGS = {"Wait": "Wait", "Hmm": "Hmm", "Alternatively": "Alternatively", "none": None, OWN: OWN}
REDRAW = 0.1  # seconds between two pictures of a running try
PRE = (
    "white-space: pre-wrap; font-family: monospace; overflow-wrap: anywhere; line-height: 1.4; "
    "border-left: 4px solid #999; padding-left: .8em; margin: .3em 0"
)
MARK = "background: #f7d774; color: #000"


def pieces_html(pieces: Sequence[Piece]) -> str:
    """What the model saw and wrote: forced words carry a colour and the brackets ⟦ ⟧."""

    def shown(piece: Piece) -> str:
        if not piece.forced:
            return harmless(piece.text)
        return f"<mark style='{MARK}'>⟦{harmless(piece.text) or 'end ignored'}⟧</mark>"

    return f"<pre style='{PRE}'>{''.join(map(shown, pieces))}</pre>"


def verdict(right: bool | None) -> str:
    """A sign and a word; None: there is nothing to check against."""
    return {True: "✓ right", False: "✗ wrong", None: "? cannot be checked"}[right]


def short(text: str) -> str:
    """The answer in what the model wrote, or what it wrote."""
    return extract(text) or text[:40] or "(none)"


def render(tried: Try) -> str:
    """One try as HTML: the question, the text so far, and the answer after each Wait."""
    rows = [
        {
            "ends ignored": a.waits,
            "thinking tokens": a.thinking_tokens,
            "answer": short(a.text),
            "verdict": verdict(a.right),
        }
        for a in tried.answers
    ]
    known = tried.reference
    known = "not a question of this world" if known is None else f"the answer is {known}"
    state = {"done": verdict(tried.answers[-1].right) if tried.answers else "", "new": "thinking …"}
    return (
        "<div class='mathjax_ignore tex2jax_ignore'>"  # a $ in a text starts no formula
        f"<p><b>{harmless(tried.question)}</b></p>"
        f"{pieces_html(tried.pieces)}"
        f"<p>{tried.thinking_tokens} of {tried.budget.max_thinking} thinking tokens spent, "
        f"{tried.waits} ends ignored: <b>{state.get(tried.status, 'not at its end')}</b> "
        f"({harmless(known)}).</p>" + (table(rows).data if rows else "") + "</div>"
    )


def summary(tried: Try) -> dict:
    """One try as a row of the table of past tries."""
    question = tried.question
    ending = verdict(tried.answers[-1].right) if tried.status == "done" else "stopped"
    return {
        "question": question if len(question) <= 60 else question[:59] + "…",
        "limit": tried.budget.max_thinking,
        "ends ignored": tried.waits,
        "string": tried.budget.string or "none",
        "tokens": tried.thinking_tokens,
        "answers": " → ".join(short(a.text) for a in tried.answers),
        "verdict": ending,
    }


def curve_with(rows: list[dict], tried: Try) -> Plot:
    """The recorded accuracy against thinking tokens, and this try as a star."""
    plot = scaling_curve({"recorded, and this try": rows}, "")
    right, [axis] = tried.answers[-1].right, plot.figure.axes
    tokens = max(tried.thinking_tokens, 1)
    if right is None:
        axis.axvline(tokens, color=ORANGE, lw=2)
    else:
        axis.plot([tokens], [100 * right], "*", color=ORANGE, ms=16, mec="black", zorder=5)
    axis.annotate("this try", (tokens, 50 if right is None else 100 * right), (6, 4),
                  textcoords="offset points", fontsize=9)  # fmt: skip
    words = f"This try: {verdict(right)} after {tried.thinking_tokens} thinking tokens. {plot.alt}"
    return Plot(plot.figure, words, f"The star is this try: {verdict(right)}.")


class BudgetWidget(widgets.VBox):
    """The form: a question, a budget, and the buttons Think, Wait! and Stop.

    `model` is a folder or hub name, loaded in the background, or a pair (model, tokenizer).
    `rows` are recorded results (see `s1lib.evaluate`) for the plot. Decoding runs in a thread of
    its own; Stop ends it at the next token, and so does closing the widget. Whatever goes
    wrong is told in the form, which stays usable. Raises ValueError for a budget without a limit.
    """

    _halt: threading.Event | None = None  # until the form is made

    def __init__(
        self,
        model: str | Path | tuple,
        questions: Sequence[str],
        budget: Budget,
        rows: Sequence[dict] = (),
        max_waits: int = 8,
    ) -> None:
        if budget.max_thinking is None:
            raise ValueError("the form needs a thinking limit, the top of its slider")
        self._source, self._loaded = model, model if isinstance(model, tuple) else None
        self._budget, self._rows = budget, list(rows)
        self._halt, self._thread, self._busy = threading.Event(), None, False
        self.tries: list[Try] = []
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
        if self._loaded is None:
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

    def _chosen(self, change) -> None:
        self.question.value = change["new"] or ""

    def _string_chosen(self, change) -> None:
        self.own.disabled = change["new"] != OWN

    def _set_busy(self, busy: bool) -> None:
        if busy:
            self._busy = True
        self.wait_button.disabled = busy or not self.tries
        self.stop_button.disabled = not busy
        if not busy:
            self._busy = False
        self.think_button.disabled = busy  # last: it can begin another run

    def _begin(self, work) -> None:
        """Do this work in a thread, unless some is still being done."""
        if self._busy:
            return
        self._halt.clear()
        self._set_busy(True)
        self._say("loading the model …" if self._loaded is None else "")
        self._thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
        self._thread.start()

    def _guarded(self, work) -> None:
        try:
            if self._loaded is None:
                self._loaded = load(self._source)
            self._say("")
            work()
        except Exception as error:  # whatever it was, the reader sees it and can go on
            known = isinstance(error, (CourseError, ValueError))
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            self.message.value = f"<p role='alert'>⚠ Not run: {harmless(reason)}</p>"
        finally:
            self._set_busy(False)

    def _say(self, text: str) -> None:
        self.message.value = f"<p role='status'>{text}</p>" if text else ""

    def _asked(self) -> Budget:
        string = self.own.value if self.string.value == OWN else self.string.value
        return Budget(self.limit.value, self.waits.value, string, self._budget.max_answer)

    def _think(self) -> None:
        self._watch(new_try(*self._loaded, self.question.value, self._asked()))

    def _wait(self) -> None:
        self._watch(told_to_wait(*self._loaded, self.tries[-1], self._asked()))

    def _watch(self, tried: Try) -> None:
        """Run a try to its end, or to Stop, and show it as it grows."""
        self.tries.append(tried)
        self._say("thinking …")
        self.plot.value, drawn = "", 0.0
        steps = run(*self._loaded, tried)
        for _ in steps:
            if self._halt.is_set():
                steps.close()
                break
            if time.monotonic() - drawn > REDRAW:
                self.result.value, drawn = render(tried), time.monotonic()
        self.result.value = render(tried)
        if tried.status == "done" and self._rows:
            self.plot.value = curve_with(self._rows, tried)._repr_html_()
        rows = [summary(t) for t in self.tries[-10:]]
        self.past.value = f"<p><b>Tries so far</b></p>{table(rows).data}"
        self._say(f"{tried.status}.")
