"""Every family's template: what the model is fed, to the byte, and budget forcing on it."""

import re
import sys
from dataclasses import replace

import pytest
import torch
from chat_templates import FAMILIES, HARMONY, PICTURES, tokenizer_for
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3_5ForCausalLM, Qwen3_5TextConfig

from s1lib.chat import build_tokenizer
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluate
from s1lib.finetuning.run import training_set
from s1lib.inference import check_format, open_engine, stop_and_continue
from s1lib.inference.budget import Budget, Format, Thinker, appended, delimiters
from s1lib.inference.engine import marks_and_string, prepare, prompt_ids, unused_ids
from s1lib.inference.formats import (
    FORMATS,
    choose_format,
    declare_format,
    declared_format,
    delimiters_of,
    find_format,
    prompt_text,
    training_format,
    training_texts,
)
from s1lib.inference.hf import HFEngine, answer_from_prefix, think
from s1lib.inference.live import pieces_of, think_on
from s1lib.inference.stop_and_continue import generate_with

QUESTIONS = ["Is 7 prime?", "What is 12 + 30?", "Name a cup.", "x", "Why?\nSay it.", "3, 4, 5"]
EVERY = pytest.mark.parametrize("name", FAMILIES)
FAST = ("s1", "Qwen3", "QwQ", "Llama-3.1", "Magistral")  # each format, and other tags
GRID = [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in FAMILIES]


def text_of(tokenizer, ids) -> str:
    return tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def tiny(tokenizer, config=Qwen2Config, model=Qwen2ForCausalLM, **settings):
    """A random model in float64, with embeddings beyond the tokenizer, that often wants to stop."""
    torch.manual_seed(0)
    config = config(
        vocab_size=len(tokenizer) + 5, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, initializer_range=0.6,
        max_position_embeddings=700, tie_word_embeddings=False, eos_token_id=None, **settings,
    )  # fmt: skip
    model = model(config).eval().double()
    stops = sorted(delimiters_of(tokenizer).stop)

    def often_stop(module, args, logits):
        logits[..., stops] += 2 * logits.std(-1, keepdim=True)  # of each row by itself
        logits[..., len(tokenizer) :] += 100  # never to be seen
        return logits

    model.lm_head.register_forward_hook(often_stop)
    return model


@EVERY
def test_what_a_family_is_fed(name):
    """The template's own text to the byte, our marks behind it, and nothing else."""
    family = FAMILIES[name]
    tokenizer = tokenizer_for(family)
    form = find_format(tokenizer)
    assert form.name == family.form and form.turn[0] == family.end
    marks = delimiters_of(tokenizer)
    question = "Is 7 prime?"
    messages = [{"role": "user", "content": question}]
    asked = {"tokenize": False, "add_generation_prompt": True}
    # two of the families think only when they are told to
    switch = {"enable_thinking": True, "thinking": True}
    own = tokenizer.apply_chat_template(messages, **asked, **switch)
    if name not in ("Qwen3.5, small", "DeepSeek-V3.1", "Gemma 4"):
        assert own == tokenizer.apply_chat_template(messages, **asked)
    fed = text_of(tokenizer, [*prompt_ids(tokenizer, question), *marks.think])
    assert fed == own + form.think and fed.endswith(question + family.P)
    direct = text_of(tokenizer, prompt_ids(tokenizer, question, thinking=False))
    assert direct.endswith(question + family.D)
    assert fed.count("<think>") == fed.count("<think>", 0, fed.index(question)) + (
        "<think>" in family.P
    )


@pytest.mark.parametrize("name", GRID)
def test_budget_forcing_on_a_family_equals_stop_and_continue(name):
    tokenizer = tokenizer_for(FAMILIES[name])
    model = tiny(tokenizer)
    marks = delimiters_of(tokenizer)
    generate = generate_with(model, tokenizer, marks)
    waits = 0
    for budget in (
        Budget(40, 2, "Wait", 8), Budget(25, 1, None, 8), Budget(0, 1, "Wait", 8),
        Budget(60, 4, "\nHmm", 8),
    ):  # fmt: skip
        expected = stop_and_continue.think(generate, tokenizer, QUESTIONS, budget, 700)
        assert think(model, tokenizer, QUESTIONS, budget, batch_size=4) == expected
        waits += sum(trace.waits for trace in expected)
        for limit, fewer in ((20, None), (None, 0)):
            smaller = answer_from_prefix(model, tokenizer, expected, limit, fewer, max_answer=8)
            again = replace(
                budget,
                max_thinking=min(limit or budget.max_thinking, budget.max_thinking),
                waits=budget.waits if fewer is None else fewer,
            )
            assert smaller == think(model, tokenizer, QUESTIONS, again)
            assert smaller == stop_and_continue.answer_from_prefix(
                generate, tokenizer, expected, limit, fewer, 8
            )
        for trace in expected:
            assert not {*trace.ids} & (marks.stop | marks.control)
            assert max(trace.ids, default=0) < len(tokenizer)
    assert waits > 10  # the model did stop, and was told to go on
    direct = stop_and_continue.answer_directly(generate, tokenizer, QUESTIONS, 700, 8)
    engine = HFEngine(model, tokenizer, max_answer=8)
    assert engine.answer_directly(QUESTIONS) == direct


@EVERY
def test_a_family_is_trained_in_the_format_that_it_is_run_in(name):
    """A model that knows the row by heart writes it under no limit, and the run ends as the row."""
    tokenizer = tokenizer_for(FAMILIES[name])
    form = find_format(tokenizer)
    marks = delimiters_of(tokenizer)
    prompt, completion = training_texts(tokenizer, "What is 3 + 4?", "3 and 4.", "Answer: 7", form)
    row = tokenizer.encode(prompt + completion, add_special_tokens=False)
    limit = None
    if form.name == "plain":  # it ends its turn with the answer; the cut asks for it earlier
        limit = len(tokenizer.encode("3 and 4."))

    def by_heart(requests):
        new = []
        for request in requests:
            assert row[: len(request.text)] == request.text, text_of(tokenizer, request.text)
            rest = stop_and_continue.up_to_stop(row[len(request.text) :], marks)
            new.append(rest[: request.most])
        return new

    budget = Budget(limit, 0, max_answer=30)
    [trace] = stop_and_continue.think(by_heart, tokenizer, ["What is 3 + 4?"], budget, 700)
    assert trace.thinking.strip() == "3 and 4."
    assert trace.answer.strip() in ("Answer: 7", "7")
    assert completion.endswith(form.turn[0]) and completion.count(form.turn[0]) == 1
    direct, answer = training_texts(tokenizer, "What is 3 + 4?", None, "Answer: 7", form)
    assert (direct, answer) == (
        prompt_text(tokenizer, "What is 3 + 4?", form, False), f"Answer: 7{form.turn[0]}"
    )  # fmt: skip


def test_the_course_trains_and_runs_in_the_format_of_s1():
    tokenizer = build_tokenizer()
    row = {"question": "q", "thinking_trajectories": ["t"], "attempt": "12"}
    [made] = training_set([row], tokenizer)
    assert made["completion"] == (
        "<|im_start|>think\nt\n<|im_start|>answer\nAnswer: 12<|im_end|>"
    )  # fmt: skip
    assert training_format(tokenizer) == find_format(tokenizer) == choose_format(tokenizer, "s1")


def test_a_model_without_marks_learns_those_of_s1_and_says_so(tmp_path):
    """Qwen2.5 before fine-tuning is plain; what is trained on it is saved as s1."""
    tokenizer = tokenizer_for(FAMILIES["Qwen2.5"])
    assert training_format(tokenizer).name == "s1" and training_format(tokenizer, "plain").asks
    assert training_format(tokenizer_for(FAMILIES["Llama-3.1"])).name == "plain"
    assert training_format(tokenizer_for(FAMILIES["Qwen3"])).name == "think-tags"
    declare_format(tokenizer, training_format(tokenizer))
    tokenizer.save_pretrained(tmp_path)
    from transformers import AutoTokenizer

    again = AutoTokenizer.from_pretrained(tmp_path)
    assert declared_format(again) == find_format(again).name == "s1"


@pytest.mark.parametrize("path", ["simplescaling/s1-32B", "simplescaling/s1.1-1.5B", "x/s1.1-7B"])
def test_the_released_models_are_known_by_their_names(path):
    tokenizer = tokenizer_for(FAMILIES["Qwen2.5"])
    tokenizer.name_or_path = path
    assert find_format(tokenizer).name == "s1"


UNFIT = {
    "harmony": (HARMONY, None, "channels .gpt-oss's harmony.*take a model"),
    "pictures": (PICTURES, None, "leaves the question out.*take a model for text"),
    "no template": (None, None, "no chat template: restore"),
    "a template that fails": ("{{ raise_exception('no') }}", None, "cannot write a question"),
    "broken Jinja": ("{{", None, "cannot write a question"),
    "opened twice": ("QwQ", "think-tags", "already ends with <think>.*opened-by-template"),
    "s1 on tags": ("Qwen3", "s1", "marks of its own .*<think> and </think>.*leave out"),
    "s1 on an opened one": ("QwQ", "s1", "marks of its own"),
    "not opened": ("Qwen3", "opened-by-template", "does not open the thinking with <think>"),
    "plain on an opened one": ("QwQ", "plain", "no switch to turn it off"),
    "tags that it lacks": ("Qwen2.5", "think-tags", "no single token for </think>.*plain"),
    "an unknown name": ("Qwen3", "thinking", "no format 'thinking': choose one of plain, s1"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_template_that_does_not_fit_is_refused_before_any_work(case):
    template, form, message = UNFIT[case]
    tokenizer = tokenizer_for(FAMILIES.get(template, FAMILIES["Qwen2.5"]))
    if template not in FAMILIES:
        tokenizer.chat_template = template
    model = tiny(build_tokenizer())
    model.register_forward_pre_hook(lambda *_: pytest.fail("the model was run"))
    with pytest.raises(CourseError, match=message) as told:
        HFEngine(model, tokenizer, form=form).think(["x"], Budget(8, max_answer=4))
    assert "\n" not in str(told.value)
    with pytest.raises(CourseError, match=message):
        HFEngine(model, tokenizer, form=form).answer_directly(["x"])


@pytest.mark.parametrize("name", ["Qwen3", "QwQ", "Magistral", "EXAONE Deep"])
def test_an_end_of_several_tokens_is_refused_by_name(name):
    end = "</think>" if "Q" in name else FAMILIES[name].tokens[1]
    tokenizer = tokenizer_for(FAMILIES[name], leave_out=(end,))
    with pytest.raises(CourseError, match=f"no single token for {re.escape(end)}"):
        choose_format(tokenizer)


def test_a_question_that_switches_the_thinking_off_is_refused():
    tokenizer = tokenizer_for(FAMILIES["Nemotron"])
    prepare(tokenizer, ["Is 7 prime?"], Budget(8, max_answer=4), 300)
    with pytest.raises(CourseError, match=r"does not open the thinking.*take /no_think out"):
        prepare(tokenizer, ["a", "Is 7 prime? /no_think"], Budget(8, max_answer=4), 300)


def test_a_hybrid_can_think_in_plain_text():
    """With its own thinking switched off."""
    tokenizer = tokenizer_for(FAMILIES["Qwen3"])
    assert prompt_text(tokenizer, "x", choose_format(tokenizer, "plain")).endswith(
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


def test_formats_of_ones_own():
    tokenizer = tokenizer_for(FAMILIES["Mistral"])
    own = Format("[INST]", "[/INST]", "[/INST]", ("</s>",), "[/INST]Final Answer:", name="own")
    marks = delimiters_of(tokenizer, own)
    assert tokenizer.decode(marks.final) == "[/INST]Final Answer:"
    assert tokenizer.decode([marks.end]) == "[/INST]"


@pytest.mark.parametrize("name", ["Qwen2.5", "Qwen3", "QwQ", "Llama-3.1"])
@pytest.mark.parametrize(
    "before,string,written",
    [
        ("Face", "Wait", "{}Wait"),
        ("Face.", "Wait", "{}Wait"),
        ("Face\n", "Wait", "Wait"),
        ("Face ", "Wait", "Wait"),
        ("", "Wait", "Wait"),
        ("Face", "\n\nWait", "\n\nWait"),
        ("Face", " Hmm", " Hmm"),
        ("Face", None, ""),
    ],
)
def test_wait_comes_with_the_white_space_that_the_text_needs(name, before, string, written):
    tokenizer = tokenizer_for(FAMILIES[name])
    form = find_format(tokenizer)
    marks, ids = marks_and_string(tokenizer, form, string)
    thinking = tokenizer.encode(before, add_special_tokens=False)
    new = text_of(tokenizer, appended(ids, thinking, marks))
    assert new == written.format("\n\n" if form.name == "plain" else "\n")
    thinker = Thinker(Budget(90, 1, string), marks, ids, thinking=[*thinking])
    forced = thinker.push(min(marks.stop))
    assert text_of(tokenizer, [token.id for token in forced if token.phase == "thinking"]) == new


def test_wait_of_s1_is_appended_as_it_is():
    """As in the paper's evaluation: its thinking ends with a newline by itself."""
    marks, ids = marks_and_string(build_tokenizer(), find_format(build_tokenizer()), "Wait")
    assert appended(ids, [5], marks) == ids


def run_live(*args, **settings):
    """Run a live thought to its end."""
    steps = think_on(*args, **settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_live_thought_and_its_pieces_follow_the_format():
    tokenizer = tokenizer_for(FAMILIES["Qwen2.5"])
    model = tiny(tokenizer)
    budget = Budget(60, 2, "Wait", 8)
    [trace] = think(model, tokenizer, QUESTIONS[:1], budget)
    engine, by_hand = HFEngine(model, tokenizer), Budget(60, 0, "Wait", 8)
    live = run_live(engine, QUESTIONS[0], by_hand)
    for _ in range(2):
        live = run_live(engine, QUESTIONS[0], by_hand, live.ids, live.ends, ignore_end=True)
    assert (live.ids, live.ends, live.answer) == (trace.ids, trace.ends, trace.answer)
    shown = [p for p in pieces_of(tokenizer, trace) if p.phase == "thinking"]
    assert [i for p in shown for i in p.ids] == trace.ids
    assert [p.text for p in shown if p.forced] == ["\n\nWait", "\n\nWait"]
    tagged = tokenizer_for(FAMILIES["Qwen3"])
    engine = HFEngine(tiny(tagged), tagged, form="plain")
    [trace] = engine.think(["x"], by_hand)
    assert run_live(engine, "x", by_hand).ids == trace.ids


def test_the_answer_of_a_plain_thought_is_asked_for():
    """ "Final Answer:" is forced, and belongs to what is graded."""
    tokenizer = tokenizer_for(FAMILIES["SmolLM2"])
    model = tiny(tokenizer)
    traces = think(model, tokenizer, QUESTIONS, Budget(60, 0, max_answer=8))
    traces += think(model, tokenizer, QUESTIONS, Budget(2, 0, max_answer=8))
    assert {t.hit_limit for t in traces} == {True, False}
    assert all(t.gradable_text == f"Final Answer:{t.answer}" for t in traces)


def test_a_hybrid_of_recurrent_layers_equals_stop_and_continue():
    """Qwen3.5's layers keep a state and no keys; forced strings are read several tokens at once."""
    tokenizer = tokenizer_for(FAMILIES["Qwen3.5"])
    model = tiny(
        tokenizer, Qwen3_5TextConfig, Qwen3_5ForCausalLM, head_dim=16, linear_num_key_heads=1,
        linear_num_value_heads=2, linear_key_head_dim=8, linear_value_head_dim=8,
        layer_types=["linear_attention", "full_attention"],
    )  # fmt: skip
    generate = generate_with(model, tokenizer, delimiters_of(tokenizer))
    budget = Budget(30, 2, "Wait", 6)
    expected = stop_and_continue.think(generate, tokenizer, QUESTIONS[:4], budget, 700)
    assert sum(t.waits for t in expected) > 3
    assert think(model, tokenizer, QUESTIONS[:4], budget, batch_size=4) == expected


def test_ids_without_a_token_are_found_also_in_the_middle():
    tokenizer = build_tokenizer()
    assert unused_ids(tokenizer, len(tokenizer) + 3) == [len(tokenizer) + i for i in range(3)]

    class Holes:
        def get_vocab(self):
            return {"a": 0, "b": 2, "c": 5}

    assert unused_ids(Holes(), 7) == [1, 3, 4, 6]


def test_the_format_is_checked_before_weights_are_read(monkeypatch, tmp_path):
    tokenizer = tokenizer_for(FAMILIES["Qwen2.5"])
    tiny(tokenizer).save_pretrained(tmp_path)
    tokenizer.chat_template = HARMONY
    tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr("s1lib.inference.hf.load_weights", lambda *a, **k: pytest.fail("read"))
    with pytest.raises(CourseError, match="channels"):
        open_engine(tmp_path)
    with pytest.raises(CourseError, match="channels"):
        check_format(tmp_path)
    with pytest.raises(CourseError, match=r"cannot load the tokenizer of .*nowhere"):
        check_format(tmp_path / "nowhere")


def test_the_commands_option_reaches_the_model(monkeypatch, tmp_path):
    """And a format that does not fit is refused before the base model is run."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path / "build"))
    folder = tmp_path / "tuned"
    tokenizer = tokenizer_for(FAMILIES["Qwen3"])
    tiny(tokenizer).float().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    opened = []

    def spy(model, **settings):
        opened.append((str(model), settings["form"]))
        return open_engine(model, **settings)

    monkeypatch.setattr(evaluate, "open_engine", spy)
    monkeypatch.setattr(
        evaluate, "load_questions",
        lambda name: [{"question": f"q{i}", "answer": "7", "kind": "integer"} for i in range(3)],
    )  # fmt: skip
    command = ["evaluate", "--profile", "smoke", "--model", str(folder), "--base", str(folder)]
    monkeypatch.setattr(sys, "argv", [*command, "--format", "s1"])
    with pytest.raises(CourseError, match="marks of its own"):
        evaluate.main()
    assert not opened
    monkeypatch.setattr(sys, "argv", [*command, "--format", "plain"])
    monkeypatch.setattr(
        evaluate, "profile_from", lambda args: replace(PROFILE, max_thinking_waits=60)
    )
    evaluate.main()
    assert opened == [(str(folder), None), (str(folder), "plain")]


PROFILE = replace(
    evaluate.profile_from.__globals__["load_profile"]("smoke"),
    max_thinking=30, limits=(8,), waits=(1,), max_answer=6,
)  # fmt: skip


def test_every_format_has_a_family():
    assert {family.form for family in FAMILIES.values()} == set(FORMATS)
    assert delimiters(build_tokenizer()) == delimiters_of(build_tokenizer(), "s1")
