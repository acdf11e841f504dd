"""Profiles: the laptop, one GPU and 16 H100s differ by data, not by code.

A profile is a TOML file in `s1lib/profiles/`; `--profile NAME` or the environment variable
S1_PROFILE chooses it. Reading one looks at no machine and at no other file.
"""

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.budget import Budget

PROFILES = Path(__file__).parent / "profiles"
AUTO = "auto"  # the largest profile that this machine can train; a command resolves it


@dataclass(frozen=True)
class TeacherConfig:
    """A teacher and how it is asked: a profile's `[teacher]`.

    Prices are dollars per million tokens (None: not known). A dry run assumes
    `expected_tokens` of output per question; a spending cap reserves `max_output_tokens`.
    """

    kind: str  # "gemini", "openai", or "replay" of a released set
    url: str  # "toyworld": the toy world's teacher, served on the loopback
    model: str  # for a replay, the set's name on the hub
    key: str | None = None  # the environment variable that holds the key
    thinking_kind: str = "summary"  # "raw", or "summary": what today's Gemini API returns
    thinking_level: str | None = None  # Gemini from version 3 on: "low", "medium", "high" ...
    thinking_budget: int | None = None  # Gemini before: tokens of thinking
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
    def parameters(self) -> dict[str, Any]:
        """What is sent beside the question: part of a request's identity."""
        own = {"thinking_level": self.thinking_level, "thinking_budget": self.thinking_budget}
        chosen = {name: value for name, value in own.items() if value is not None}
        return {"max_output_tokens": self.max_output_tokens, "include_thoughts": True} | chosen


@dataclass(frozen=True)
class Profile:
    """One setting of the course. Sizes are numbers of questions, limits are tokens.

    Models and data are names: "base" or "pool.jsonl" is the course's own, in `build/` or `data/`;
    a name with a slash is a path or a name on the hub (see `s1lib.io.is_course_file`).
    """

    name: str
    description: str
    model: str  # the model to fine-tune
    teacher: TeacherConfig
    difficulty_models: tuple[str, ...]  # each attempts every question; what one solves is dropped
    pool: str  # the questions to distil: a file of rows, or a hub name
    pool_questions: int  # 0: all
    curated: int  # size of the training set
    long_trace: int  # pre-select right MATH rows with more characters of thinking
    dataset: str  # the curated set to train on: a file of rows, or a hub name
    benchmarks: tuple[str, ...]  # evaluation sets; the first is the default
    eval_questions: int  # 0: all
    batch_size: int  # questions decoded together
    max_thinking: int  # the limit of an evaluation without Waits
    max_thinking_waits: int  # the same with Waits
    max_answer: int  # tokens of answer
    limits: tuple[int, ...]
    waits: tuple[int, ...]
    chosen_waits: int  # N, chosen on the development set
    format: str | None = None  # how the model marks its thinking: s1lib.inference.formats.FORMATS
    method: str = "full"  # "full", "lora" or "qlora"
    weights_dtype: str = "float32"  # type in which weights are loaded and, if trained, kept
    loss_weight: str = "token"  # what weighs the same in a step's loss: each "token" or each "row"
    overlong: str = "refuse"  # rows longer than max_length: "refuse" to train, "drop" or "cut"
    gpus: int = 0  # how many it needs; 0: none
    choices: tuple[dict, ...] = ()  # settings to try in turn; the first that fits is taken
    sft: dict = field(default_factory=dict)  # arguments of trl.SFTConfig
    lora: dict = field(default_factory=dict)  # arguments of peft.LoraConfig
    vllm: dict = field(default_factory=dict)  # of vllm.LLM, which evaluates; none: transformers

    @property
    def engine(self) -> dict[str, Any]:
        """The settings of `s1lib.inference.open_engine`."""
        return {
            "batch_size": self.batch_size,
            "max_answer": self.max_answer,
            "vllm": self.vllm or None,
        }

    def budget(
        self, max_thinking: int | None = None, waits: int = 0, string: str | None = "Wait"
    ) -> Budget:
        """Return a budget of this profile's sizes; its own limit if none is given."""
        limit = self.max_thinking_waits if waits else self.max_thinking
        limit = limit if max_thinking is None else max_thinking
        return Budget(limit, waits, string, self.max_answer)


def profile_names() -> list[str]:
    """List the profiles there are."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def load_profile(name: str | None = None) -> Profile:
    """Read the named profile, else the one S1_PROFILE names, else `laptop`.

    Raises CourseError for an unknown name or a profile that lacks or misspells a setting.
    """
    name = name or os.environ.get("S1_PROFILE") or "laptop"
    if name == AUTO:
        raise CourseError(
            "the profile `auto` depends on the machine and is resolved by a command: give it with "
            f"--profile auto, or choose one of {', '.join(profile_names())}."
        )
    path = PROFILES / f"{name}.toml"
    if name not in profile_names():
        choices = ", ".join([*profile_names(), AUTO])
        raise CourseError(f"there is no profile {name!r}: choose one of {choices}.")
    settings = _settings(path)
    known = {f.name for f in fields(Profile)}
    unknown = set(settings) - known
    if unknown:
        raise CourseError(f"{path.name} has settings that do not exist: {', '.join(unknown)}.")
    try:
        settings["teacher"] = TeacherConfig(**settings["teacher"])
        return Profile(name=name, **_lists_to_tuples(settings))
    except (KeyError, TypeError) as error:
        raise CourseError(f"{path.name} lacks or misspells a setting: {error}") from None


def _settings(path: Path) -> dict[str, Any]:
    """Read a TOML file and what it extends: tables are merged, other settings replaced."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path.name} is not valid TOML: {error}") from None
    parent = settings.pop("extends", None)  # `smoke` is the laptop with fewer questions
    if parent is None:
        return settings
    base = _settings(path.with_name(f"{parent}.toml"))
    tables = {k: base.get(k, {}) | settings.get(k, {}) for k in ("sft", "teacher", "lora", "vllm")}
    return base | settings | tables


def _lists_to_tuples(settings: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
