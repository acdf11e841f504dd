"""What weighs the same in a step's loss, each token or each row: gradients by the definition."""

import json
from dataclasses import replace

import pytest
import torch
from test_sft import SCRIPT, check_sharded, curve, finish, launcher, quiet, run, start, weights
from torch.nn.functional import cross_entropy
from transformers import TrainerCallback, set_seed

from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.finetuning import run as sft
from s1lib.finetuning.run_dir import run_identity
from s1lib.io import DATA, read_rows

CURATED = sorted(read_rows(DATA / "curated.jsonl"), key=lambda row: len(row["attempt"]))
BY_LENGTH = sorted(CURATED, key=lambda row: len(row["thinking_trajectories"][0]))
ROWS = [*BY_LENGTH[:11], *BY_LENGTH[-5:]]  # 16 of very different length: a step


def profile_of(weight: str, method: str = "full", **settings):
    smoke = load_profile("smoke")
    return replace(smoke, loss_weight=weight, method=method, sft=smoke.sft | settings)


class _Gradients(TrainerCallback):
    """The gradients of the first step, before the optimizer sees them."""

    def __init__(self):
        self.seen = {}

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        if not self.seen:
            self.seen = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}


def first_step(profile, tmp_path, rows=ROWS):
    """The trainer's gradients of its first step, the logged loss, and the trainer itself."""
    set_seed(0)
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    data = sft.trainable(rows, profile, tokenizer, report=quiet)
    model = sft.load_base(DATA / "base", profile)
    trainer = sft.make_trainer(model, tokenizer, data, profile, tmp_path, report=quiet)
    if profile.method == "lora":  # as made, B is 0 and A has no gradient
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.02)
    start = {n: p.detach().clone() for n, p in trainer.model.named_parameters()}
    gradients = _Gradients()
    trainer.add_callback(gradients)
    trainer.train()
    loss = next(log["loss"] for log in trainer.state.log_history if "loss" in log)
    with torch.no_grad():
        for name, parameter in trainer.model.named_parameters():
            parameter.copy_(start[name])
    return gradients.seen, float(loss), trainer


def by_definition(trainer, weight: str):
    """The loss of all the trainer's rows together, each run alone, and its gradients."""
    model = trainer.model.eval()
    model.zero_grad()
    sums, counts = [], []
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        logits = model(input_ids=batch["input_ids"]).logits[0, :-1]
        labels = batch["labels"][0, 1:]
        sums.append(cross_entropy(logits, labels, reduction="sum"))
        counts.append(int((labels != -100).sum()))
    if weight == "token":
        loss = sum(sums) / sum(counts)
    else:
        loss = sum(one / n for one, n in zip(sums, counts, strict=True) if n) / sum(
            n > 0 for n in counts
        )
    loss.backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    return gradients, loss.item()


STEPS = {
    "at once": {"per_device_train_batch_size": 16, "gradient_accumulation_steps": 1,
                "train_sampling_strategy": "random"},
    "one by one": {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 16,
                   "train_sampling_strategy": "random"},
    "rebalanced": {},  # the profile's own: batches of like length, of different numbers of rows
    "like lengths": {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4,
                     "train_sampling_strategy": "group_by_length"},
}  # fmt: skip


QUICK = {("rebalanced", "full", "row"), ("one by one", "lora", "row")}
CASES = [
    pytest.param(how, method, weight,
                 marks=() if (how, method, weight) in QUICK else pytest.mark.slow)
    for how in STEPS for method in ("full", "lora") for weight in ("token", "row")
]  # fmt: skip


@pytest.mark.parametrize("how,method,weight", CASES)
def test_the_gradient_is_that_of_the_definition(how, method, weight, tmp_path):
    profile = profile_of(weight, method, max_grad_norm=0.0, **STEPS[how])
    found, logged, trainer = first_step(profile, tmp_path)
    expected, loss = by_definition(trainer, weight)
    assert logged == pytest.approx(loss, abs=2e-4)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=2e-5, rtol=1e-3)
    assert any(float(g.abs().max()) > 1e-3 for g in expected.values())
    assert sft.loss_of_all(trainer, weight) == pytest.approx(loss, abs=2e-4)


def test_the_two_weights_are_not_the_same(tmp_path):
    trainer = first_step(profile_of("token"), tmp_path)[2]
    token, row = (by_definition(trainer, weight)[1] for weight in ("token", "row"))
    assert abs(token - row) > 0.05


def test_a_row_of_which_nothing_is_learned_has_no_weight(tmp_path):
    """A prompt that fills the whole length leaves no token to learn; it is no row of the mean."""
    long = BY_LENGTH[0] | {"question": "What is 2 + 3? " * 100}
    profile = replace(profile_of("row", max_grad_norm=0.0, max_length=256), overlong="cut")
    _, logged, trainer = first_step(profile, tmp_path, [*BY_LENGTH[:15], long])
    assert logged == pytest.approx(by_definition(trainer, "row")[1], abs=2e-4)


@pytest.mark.parametrize(
    "settings,said",
    [
        ({"packing": True}, "packing = true puts several rows into one"),
        ({"padding_free": True}, "padding_free = true puts several rows into one"),
        ({"loss_type": "dft"}, 'loss_type = "dft" weighs tokens by itself'),
        ({"label_smoothing_factor": 0.1}, "label_smoothing_factor is a loss over tokens"),
        ({"average_tokens_across_devices": False}, "average_tokens_across_devices = false"),
    ],
)
def test_what_would_be_computed_wrong_is_refused_by_name(settings, said, tmp_path):
    profile = profile_of("row", **settings)
    with pytest.raises(CourseError, match=f"cannot be computed here: {said}"):
        sft.finetune(ROWS, profile, tmp_path / "out", DATA / "base", report=quiet)
    assert not (tmp_path / "out").exists()
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    sft.trainable(ROWS, replace(profile, loss_weight="token"), tokenizer, report=quiet)


@pytest.mark.parametrize("kind", ["CP", "SP", "TP"])
def test_rows_that_are_cut_over_processes_are_refused(kind, monkeypatch):
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    monkeypatch.setenv("ACCELERATE_USE_PARALLELISM_CONFIG", "true")
    monkeypatch.setenv(f"PARALLELISM_CONFIG_{kind}_SIZE", "2")
    at_random = {"train_sampling_strategy": "random"}
    with pytest.raises(CourseError, match="parallelism cut rows into parts"):
        sft.trainable(ROWS, profile_of("row", **at_random), tokenizer, report=quiet)
    sft.trainable(ROWS, profile_of("token", **at_random), tokenizer, report=quiet)
    with pytest.raises(CourseError, match='spread over 2 .* "batch_rebalance" each of them would'):
        sft.trainable(ROWS, profile_of("token"), tokenizer, report=quiet)


def test_an_unknown_weight_is_named(tmp_path):
    with pytest.raises(CourseError, match='loss_weight is "sequence" .* take "row" or "token"'):
        sft.finetune(ROWS, profile_of("sequence"), tmp_path / "out", DATA / "base", report=quiet)


def test_the_paper_s_profiles_weigh_rows_and_the_shipped_models_tokens():
    assert [load_profile(name).loss_weight for name in ("h100x16", "h100x8")] == ["row", "row"]
    assert [load_profile(name).loss_weight for name in ("laptop", "smoke")] == ["token", "token"]


def test_a_run_with_the_other_weight_is_another_run():
    data = sft.training_set(ROWS, sft.load_tokenizer(DATA / "base")[0])
    token, row = (run_identity(data, profile_of(w), DATA / "base", 0) for w in ("token", "row"))
    assert {name for name in token if token[name] != row[name]} == {"loss_weight"}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_two_processes_weigh_rows_as_one(method, tmp_path):
    """FSDP2, with batches of different numbers of rows on each process."""
    how = json.dumps({"loss_weight": "row", "accumulate": 2, "method": method})
    one, two = tmp_path / "one", tmp_path / "two"
    run(one, loss_weight="row", method=method)
    finish(start([*launcher(tmp_path), str(SCRIPT), str(two), how]))
    check_sharded(two, one)
    run(tmp_path / "token", method=method)
    assert curve(tmp_path / "token") != curve(one)
    key = "model.layers.0.mlp.up_proj.weight"
    assert not torch.allclose(weights(tmp_path / "token")[key], weights(one)[key], atol=1e-3)
