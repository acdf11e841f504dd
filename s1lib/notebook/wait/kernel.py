"""The "Wait" widget in a notebook: the same front end as the page's, with any model of the kernel.

`s1lib.inference.live` does the thinking, in a thread; messages carry its tokens to the front
end (kernel.js), which draws them. What the reader did is in synced traits, to `observe`.
"""

import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import HTML, display

from s1lib.errors import CourseError
from s1lib.evaluation.benchmarks import eval_kind
from s1lib.inference import open_engine
from s1lib.inference.budget import Budget, Format
from s1lib.inference.engine import Engine, prepare
from s1lib.inference.formats import choose_format
from s1lib.inference.hf import HFEngine, context_of
from s1lib.inference.live import think_on
from s1lib.notebook.wait import content
from s1lib.notebook.wait.bundle import FOLDER, bundle
from s1lib.notebook.wait.picture import picture_html
from s1lib.toyworld.questions import reference_answer

SEND_EVERY = 0.04  # seconds between two messages with tokens
BEAT = 1.0  # seconds between two signs of life


def _synced(trait: traitlets.TraitType) -> traitlets.TraitType:
    return trait.tag(sync=True)


class WaitWidget(anywidget.AnyWidget):
    """Let a reader think, say "Wait", and see the answer change.

    Of use to other cells: `question`, `answers` (for each answer to it the words appended, the
    answer, whether it is right, its thinking tokens), `score` and `running`. To set `question`
    asks another one.
    """

    _esm = bundle("kernel.js") + "export default { render: wait.render };\n"
    _css = (FOLDER / "wait.css").read_text(encoding="utf-8")

    question = _synced(traitlets.Unicode())
    answers = _synced(traitlets.List())
    score = _synced(traitlets.Dict())
    running = _synced(traitlets.Bool(False))
    # What the front end is told.
    texts = _synced(traitlets.Dict())
    questions = _synced(traitlets.List())
    rates = _synced(traitlets.Dict())
    recorded = _synced(traitlets.Dict())
    info = _synced(traitlets.Dict())  # of the model; empty until it is loaded
    error = _synced(traitlets.Unicode())
    unfolded = _synced(traitlets.Bool(False))
    heading = _synced(traitlets.Bool(False))
    key = _synced(traitlets.Unicode())

    def __init__(
        self,
        model: str | Path | Engine,
        questions: Iterable[str | Mapping[str, Any]],
        limit: int = 1024,
        max_answer: int = 1024,
        unfolded: bool = False,
        language: str = "en",
        form: Format | str | None = None,
    ) -> None:
        """Show the widget for a model: an engine that is ready, or a folder or hub name to load.

        `questions` are texts, or rows with `question`, `answer` and `kind`; the answer of a text
        is known if it is of the toy world. `limit` is the most thinking tokens. With `unfolded`
        nothing is folded away. Of an engine that is loaded here, `max_answer` is the most tokens
        of an answer, and `form` how its model marks its thinking, a name of
        `s1lib.inference.formats.FORMATS` (None: found from its chat template).
        Raises CourseError for a language without texts, an answer of an unknown kind, or a format
        for an engine that has its own.
        """
        self._halts: dict[str, threading.Event] = {}
        rows = [{"question": q} if isinstance(q, str) else dict(q) for q in questions]
        self._references = {
            row["question"].strip(): (str(row["answer"]), eval_kind(row))
            for row in rows
            if row.get("answer") is not None
        }
        if form is not None and not isinstance(model, str | Path):
            raise CourseError(
                "the engine that the widget was given has its format already: give `form` where "
                "the engine is opened, or give the widget the model's folder or name."
            )
        self._limit, self._max_answer, self._form = limit, max_answer, form
        self._engine: HFEngine | None = None
        self._lock = threading.Lock()  # one thought at a time
        record = content.recorded()
        super().__init__(
            texts=content.texts(language),
            questions=content.named_questions(row["question"] for row in rows),
            rates=content.recorded_rates(),
            recorded=record | {"continues": False},
            question=record["question"],
            unfolded=unfolded,
            key=secrets.token_hex(6),
        )
        self.on_msg(self._hear)
        self._loading = threading.Thread(target=self._load, args=(model,), daemon=True)
        if isinstance(model, str | Path):
            self._loading.start()
        else:
            self._load(model)

    def _ipython_display_(self) -> None:
        """Show the widget, and the recorded picture, which a live widget hides."""
        view = self._repr_mimebundle_()
        assert view is not None  # only a widget without a view has none
        display(view[0] | {"text/plain": self.texts["name"]}, raw=True)
        display(HTML(picture_html(self.key, self.texts)))

    def close(self) -> None:
        """Stop what runs, and close the widget."""
        for halt in list(self._halts.values()):
            halt.set()
        super().close()

    def _load(self, model: str | Path | Engine) -> None:
        try:
            engine = model
            if isinstance(engine, str | Path):
                engine = open_engine(engine, max_answer=self._max_answer, form=self._form)
            if not isinstance(engine, HFEngine):
                raise CourseError(
                    f"the widget shows each token as it is decided, which {type(engine).__name__} "
                    "does not tell: open the model without vLLM or a server."
                )
            self._engine = engine
            self.info = self._describe(engine)
        except Exception as error:  # whatever it was, the reader is told
            self.error = in_one_sentence(error)

    def _describe(self, engine: HFEngine) -> dict[str, Any]:
        parameters = sum(p.numel() for p in engine.model.parameters())
        name = str(getattr(engine.model, "name_or_path", "") or "a model")
        name = Path(name).name if Path(name).exists() else name  # no path of this machine
        form = choose_format(engine.tokenizer, engine.form).name
        return {
            "name": f"{name}, {parameters / 1e6:,.1f} million parameters, format {form}",
            "context": context_of(engine.model),
            "maxThinking": self._limit,
            "maxAnswer": engine.max_answer,
        }

    def _hear(self, widget: Any, message: dict[str, Any], buffers: Any) -> None:
        if message.get("type") == "stop" and message.get("run") in self._halts:
            self._halts[message["run"]].set()
        elif message.get("type") == "think":
            halt = self._halts[message["run"]] = threading.Event()
            threading.Thread(target=self._answer, args=(message, halt), daemon=True).start()

    def _answer(self, message: dict[str, Any], halt: threading.Event) -> None:
        """Think as a message asks, and tell the front end; in a thread of its own."""
        run, done = message["run"], threading.Event()
        threading.Thread(target=self._beat, args=(run, done), daemon=True).start()
        try:
            with self._lock:
                thought = None if halt.is_set() else self._think(message, halt)
            if thought is not None:
                self.send({"type": "thought", "run": run, "thought": thought})
        except Exception as error:  # the widget stays usable
            self.send({"type": "error", "run": run, "message": in_one_sentence(error)})
        finally:
            done.set()
            self._halts.pop(run, None)

    def _beat(self, run: str, done: threading.Event) -> None:
        while True:
            self.send({"type": "alive", "run": run})
            if done.wait(BEAT):
                return

    def _think(self, message: dict[str, Any], halt: threading.Event) -> dict[str, Any] | None:
        """Run one thought and send its tokens; None if it was stopped."""
        engine = self._engine
        if engine is None:
            raise CourseError(self.error or "the model is still being loaded: wait a moment.")
        question, kept = str(message["question"]), message["kept"]
        budget = Budget(None, 0, message["wait"], engine.max_answer)
        [room], _, _ = prepare(
            engine.tokenizer, [question.strip()], budget, context_of(engine.model), engine.form
        )
        budget = Budget(
            min(int(message["limit"]), room.limit), 0, message["wait"], room.budget.max_answer
        )
        of_the_world = reference_answer(question)
        reference, kind = self._references.get(
            question.strip(), (of_the_world, "math" if of_the_world is None else "integer")
        )
        steps = think_on(
            engine, question, budget, kept["ids"], kept["ends"],
            ignore_end=not message["on"], reference=reference, kind=kind,
        )  # fmt: skip
        tokens: list[list[Any]] = []
        sent = 0.0

        def send() -> None:
            if tokens:
                self.send({"type": "tokens", "run": message["run"], "tokens": list(tokens)})
                tokens.clear()

        while not halt.is_set():
            try:
                tokens.append(list(next(steps)))
            except StopIteration as end:
                send()
                return vars(end.value)
            if time.monotonic() - sent > SEND_EVERY:
                send()
                sent = time.monotonic()
        steps.close()
        return None


def in_one_sentence(error: Exception) -> str:
    """Say what failed in one sentence that a reader can act on."""
    if isinstance(error, CourseError | ValueError):
        text = str(error)
    elif isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        text = "there is not enough memory for this thought: take a smaller model or limit."
    else:
        text = f"{type(error).__name__}: {error}"
    return text[:1].upper() + text[1:]
