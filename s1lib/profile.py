"""Profiles: the laptop, one GPU and 16 H100s differ by data, not by code.

A profile is a TOML file in `s1lib/profiles/`. `--profile NAME` or the environment variable
S1_PROFILE chooses it; `auto` looks at the machine.
"""

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from s1lib.budget import Budget
from s1lib.store import CourseError, locate

FOLDER = Path(__file__).parent / "profiles"
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Service:
    """A teacher and how it is asked; a profile's `[teacher]`.

    Prices are dollars per million tokens (None: not known), `expected_tokens` of output are what
    a dry run reckons with, `max_output_tokens` what a spending cap must reserve.
    """

    kind: str  # "gemini", "openai", or "replay" of a released set
    url: str  # EMBEDDED: the embedded teacher, served on the loopback
    model: str  # for a replay, the set's name on the hub
    key: str | None = None  # the environment variable that holds the key
    concurrency: int = 16
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tries: int = 5
    first_wait: float = 1.0  # seconds before the second try; then twice as long each time
    timeout: float = 600.0  # seconds
    max_output_tokens: int = 32768
    expected_tokens: int = 4200  # the paper's traces: 3,600 of thinking, and an answer
    price_in: float | None = None
    price_out: float | None = None

    @property
    def parameters(self) -> dict:
        """What is sent beside the question: part of a request's identity."""
        return {"max_output_tokens": self.max_output_tokens, "include_thoughts": True}


@dataclass(frozen=True)
class Profile:
    """One setting of the course. Sizes are numbers of questions, limits are tokens."""

    name: str
    description: str
    model: str  # a folder under data/ or build/, or a hub name
    teacher: Service
    probes: tuple[str, ...]  # models that attempt every question; what one solves is dropped
    pool_questions: int  # 0: all
    curated: int  # size of the training set
    long_trace: int  # pre-select right MATH rows with more characters of thinking
    dataset: str  # "embedded", or a hub name of a curated set
    eval_questions: int  # 0: all
    batch_size: int  # questions decoded together
    max_thinking: int  # the limit of an evaluation without Waits
    max_thinking_waits: int  # the same with Waits
    max_answer: int  # tokens of answer
    limits: tuple[int, ...]
    waits: tuple[int, ...]
    chosen_waits: int  # N, chosen on the development set
    pool: str = EMBEDDED  # the questions to distil, or a hub name of a set with questions
    method: str = "full"  # "full", "lora" or "qlora"
    master: str = "float32"  # type in which the weights are loaded and, if trained, kept
    longer: str = "refuse"  # rows longer than max_length: "refuse" to train, "drop" or "cut" them
    gpus: int = 0  # how many it needs; 0: none
    choices: tuple[dict, ...] = ()  # settings to try in turn; the first that fits is taken
    sft: dict = field(default_factory=dict)  # arguments of trl.SFTConfig
    lora: dict = field(default_factory=dict)  # arguments of peft.LoraConfig
    vllm: dict = field(default_factory=dict)  # of vllm.LLM, which evaluates; none: transformers

    def place(self, model: str) -> str | Path:
        """Where a model of this profile lies: an embedded one on disk, others by hub name."""
        return locate(model) if self.dataset == EMBEDDED else model

    def budget(
        self, max_thinking: int | None = None, waits: int = 0, string: str | None = "Wait"
    ) -> Budget:
        """A budget of this profile's sizes; its own limit if none is given."""
        limit = self.max_thinking_waits if waits else self.max_thinking
        limit = limit if max_thinking is None else max_thinking
        return Budget(limit, waits, string, self.max_answer)


def names() -> list[str]:
    """The profiles there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_profile(name: str | None = None) -> Profile:
    """The named profile, else the one S1_PROFILE names, else `laptop`.

    Raises CourseError for an unknown name or a profile that lacks or misspells a setting.
    """
    name = name or os.environ.get("S1_PROFILE") or "laptop"
    if name == "auto":
        from s1lib.machine import best_profile  # torch is slow to import

        name = best_profile()
    path = FOLDER / f"{name}.toml"
    if name not in names():
        choices = ", ".join([*names(), "auto"])
        raise CourseError(f"there is no profile {name!r}: choose one of {choices}.")
    settings = _settings(path)
    known = {f.name for f in fields(Profile)}
    unknown = set(settings) - known
    if unknown:
        raise CourseError(f"{path.name} has settings that do not exist: {', '.join(unknown)}.")
    try:
        settings["teacher"] = Service(**settings["teacher"])
        return Profile(name=name, **_tuples(settings))
    except (KeyError, TypeError) as error:
        raise CourseError(f"{path.name} lacks or misspells a setting: {error}") from None


def _settings(path: Path) -> dict:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path.name} is not valid TOML: {error}") from None
    parent = settings.pop("extends", None)  # `smoke` is the laptop with fewer questions
    if parent is None:
        return settings
    base = _settings(path.with_name(f"{parent}.toml"))
    tables = {k: base.get(k, {}) | settings.get(k, {}) for k in ("sft", "teacher", "lora", "vllm")}
    return base | settings | tables


def _tuples(settings: dict) -> dict:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
