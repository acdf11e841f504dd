"""vLLM's real engine and server against the transformers driver: `make test-vllm`."""

import os
import sys
from dataclasses import replace

import pytest
import torch

pytest.importorskip("vllm", reason="vLLM is not installed here: `make test-vllm` brings it")
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"

from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluate
from s1lib.evaluation.conditions import BASE
from s1lib.finetuning.run import finetune
from s1lib.inference import openai_server as server
from s1lib.inference import vllm
from s1lib.inference.budget import Budget, delimiters
from s1lib.inference.engine import Sampling, prompt_ids
from s1lib.inference.hf import load, think
from s1lib.io import DATA, ROOT, read_rows

sys.path.insert(0, str(ROOT / "tests"))
from processes import free_port, running
from test_docs import check as check_snippet
from test_docs import snippet

SETTINGS = [
    Budget(200, 0, max_answer=12),
    Budget(200, 2, "Wait", 12),
    Budget(64, 4, None, 12),
    Budget(32, 1, "Alternatively", 12),
    Budget(None, 1, "Hmm", 12),
]
SMALL = {"dtype": "float32", "enforce_eager": True, "max_model_len": 512}
TIE = 1e-4  # logits nearer than this are a tie that rounding decides


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model fine-tuned with LoRA and merged: what the trainer saves is what all engines load."""
    profile = load_profile("smoke")
    profile = replace(profile, method="lora", sft=profile.sft | {"max_steps": 2})
    out = tmp_path_factory.mktemp("merged") / "sft"
    finetune(read_rows(DATA / "curated.jsonl")[:32], profile, out, DATA / "sft")
    return out


@pytest.fixture(scope="module")
def model(folder):
    model, tokenizer = load(folder)
    model.config.max_position_embeddings = 512
    return model.float(), tokenizer


@pytest.fixture(scope="module")
def questions():
    return [row["question"] for row in read_rows(DATA / "dev.jsonl")[:50]]


@pytest.fixture(scope="module")
def engine(folder):
    from vllm import LLM

    return LLM(str(folder), **SMALL)


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    port = free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model",
               str(folder), "--dtype", "float32", "--enforce-eager", "--port", str(port),
               "--host", "127.0.0.1", "--max-model-len", "512"]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with running(command, f"{url}/health", log, 240):
        yield f"{url}/v1"


@torch.inference_mode()
def gap(model, tokenizer, trace, other) -> float:
    """How far apart the two best logits are where two thoughts first differ."""
    marks = delimiters(tokenizer)
    pairs = zip([*trace.ids, marks.end], [*other.ids, marks.end], strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(trace.ids))
    text = prompt_ids(tokenizer, trace.question) + list(marks.think) + trace.ids[:same]
    best = model(torch.tensor([text])).logits[0, -1].topk(2).values
    return float(best[0] - best[1])


def check(model, tokenizer, expected, traces) -> None:
    """Equal, or first different at a tie; the ties are listed."""
    differing = [(a, b) for a, b in zip(expected, traces, strict=True) if a != b]
    for a, b in differing:
        distance = gap(model, tokenizer, a, b)
        print(f"differs at a gap of {distance:.1e}: {a.question}")
        assert distance < TIE
    assert len(differing) <= len(expected) // 10


@pytest.mark.parametrize("budget", SETTINGS, ids=str)
def test_vllm_writes_what_transformers_writes(model, engine, questions, budget):
    _, tokenizer = model
    traces = vllm.think(engine, tokenizer, questions, budget)
    check(*model, think(*model, questions, budget), traces)


@pytest.mark.parametrize("budget", SETTINGS[:3], ids=str)
def test_the_server_writes_what_transformers_writes(model, address, questions, budget):
    _, tokenizer = model
    traces = server.think(address, tokenizer, questions, budget)
    check(*model, think(*model, questions, budget), traces)


def test_both_suppress_a_word_as_transformers_does(model, engine, address, questions):
    _, tokenizer = model
    budget, mute = Budget(200, 1, "Hmm", 12), Sampling(suppress=("Wait",))
    expected = think(*model, questions, budget, sampling=mute)
    assert not any("Wait" in trace.thinking for trace in expected)
    check(*model, expected, vllm.think(engine, tokenizer, questions, budget, mute))
    check(*model, expected, server.think(address, tokenizer, questions, budget, sampling=mute))


def test_sampling_follows_the_seeds(model, engine, questions):
    _, tokenizer = model
    budget = Budget(40, 1, max_answer=12)

    def run(seeds):
        warm = Sampling(1.0, 0.95, seeds)
        return vllm.think(engine, tokenizer, questions[:8], budget, warm)

    assert run(range(8)) == run(range(8))
    assert run(range(8)) != run(range(8, 16))


def test_the_limit_is_exact_where_vllms_own_is_not(model, engine, questions):
    _, tokenizer = model
    for limit in (0, 1, 5, 20):
        traces = vllm.think(engine, tokenizer, questions[:8], Budget(limit, max_answer=12))
        assert all(t.thinking_tokens == limit for t in traces if t.hit_limit)
        assert all(t.thinking_tokens < limit for t in traces if not t.hit_limit)


# From here on: a second engine in one process ends the first.
def test_an_evaluation_is_the_same_with_vllm(model, folder, tmp_path, monkeypatch):
    """Thinking, every smaller budget and direct answers, as `python -m s1lib.evaluation` asks."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    here = replace(load_profile("smoke"), max_thinking=200, max_thinking_waits=250)
    there = replace(here, vllm=SMALL)
    evals = read_rows(DATA / "dev.jsonl")[:20]
    expected, runs = evaluate.evaluate(here, folder, folder, evals)
    told, others = evaluate.evaluate(there, folder, folder, evals)
    assert list(runs) == list(others) and len(runs) == 6
    for condition in runs:
        if condition != BASE:
            check(*model, runs[condition], others[condition])
    assert [t.answer for t in runs[BASE]] == [t.answer for t in others[BASE]]
    assert [row["n"] for row in told["rows"]] == [row["n"] for row in expected["rows"]]


def test_a_model_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="vLLM cannot start with .*nothing"):
        vllm.VLLMEngine.load(tmp_path / "nothing", 12, SMALL)


def test_the_snippet_of_the_how_to_page():
    import vllm as real

    code = snippet("vLLM").replace("LLM(", "LLM(dtype='float32', enforce_eager=True, model=")
    names: dict = {}
    exec(code, names)
    check_snippet(names)
    assert names["LLM"] is real.LLM
