"""The README's commands for GPUs, run as they stand there: see `stand_in` for what is not real.

A command that the README gets later, or tells otherwise, is run or makes a test fail.
"""

import contextlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import stand_in
import stand_in_vllm
import told
from processes import free_port
from stand_in_launch import on_two_processes
from test_real_data import ROWS, as_s1k, as_s1k_1_1
from told import Told, module_of, started_with

from s1lib import config
from s1lib.curation.run import save_set
from s1lib.inference import check_format
from s1lib.inference.hf import load
from s1lib.io import DATA, ROOT, read_rows

TESTS = Path(__file__).parent
README = told.commands_in("README.md", told.documents()["README.md"])
TUNED = "simplescaling/s1-32B"
ELSEWHERE = {  # the README's modules that run in other tests
    "s1lib.toyworld.pretrain": "test_pretrain.py",
    "s1lib.distillation": "test_distill.py",
    **{f"s1lib {name}": "test_real_data.py" for name in ("distill", "curate", "sft", "evaluate")},
    "s1lib plan": "test_planner.py",
}


def stood_in(test):
    """Mark a test that takes its time, and needs the stand-ins."""
    return pytest.mark.slow(pytest.mark.usefixtures("machine")(test))


def of_readme(module: str) -> list[str]:
    """The README's commands that run this module, each once."""
    runs = {one.text: module_of(one.words) for one in README if told.is_command(one.text)}
    return [text for text, run in runs.items() if run and run[0] == module]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The models, by their names on the hub."""
    folder = tmp_path_factory.mktemp("machine")
    stand_in.write_models(folder / "hub")
    return folder / "hub"


def data_with(rows: list[tuple], folder: Path) -> Path:
    """Released sets with these rows, and the benchmarks."""
    released = {"simplescaling/s1K": as_s1k, "simplescaling/s1K-1.1": as_s1k_1_1}
    sets = {name: [schema(row) for row in rows] for name, schema in released.items()}
    stand_in.write_data(folder, sets)
    return folder


@pytest.fixture
def machine(hub, monkeypatch, tmp_path):
    """A machine whose hub cache holds the stand-ins; the released sets have five short rows."""
    stand_in.use_cache(monkeypatch, hub, data_with(ROWS[10:15], tmp_path / "data"))
    stand_in.use_vllm(monkeypatch)


@pytest.fixture
def build(monkeypatch, tmp_path):
    """The folder of one run."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path / "build"))
    (tmp_path / "build").mkdir()
    return tmp_path / "build"


def run(text: str, *more: str) -> str:
    """Run a command line of the README in this process; returns what it said."""
    command, arguments = module_of([*Told("README.md", text).words, *more])
    module, *word = command.split()
    said, patch = io.StringIO(), pytest.MonkeyPatch()
    patch.setattr(sys, "argv", [module, *word, *arguments])
    patch.setattr("s1lib.errors.end_on_signals", lambda: None)  # they are pytest's here
    try:
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it was imported before
            runpy.run_module(module, run_name="__main__")
    finally:
        patch.undo()
    return said.getvalue()


def check_trained(folder: Path, method: str, processes: int = 1) -> dict:
    """The folder holds a model that was trained and can be run; returns its record."""
    record = json.loads((folder / "run.json").read_text())
    curve = json.loads((folder / "loss.json").read_text())
    assert record["method"] == method and record["processes"] == processes
    assert curve and all(0 < row["loss"] < 20 for row in curve)
    model, _ = load(folder)
    assert check_format(folder).name == "s1" and model.config.model_type == "qwen2"
    return record | {"curve": curve}


def small_set(build: Path) -> None:
    """What an earlier `s1 curate` of 32 rows would have left in the build folder."""
    rows = read_rows(DATA / "curated.jsonl")[:32]
    save_set("curated", rows, {}, config.load_profile("laptop"))


# The table of profiles


@stood_in
@pytest.mark.parametrize("name", ["laptop", "smoke"])
def test_the_laptops_profiles_are_trained(name, build):
    small_set(build)
    said = run(started_with()[name])
    record = check_trained(build / "sft", "full")
    assert f"training on {build.name}/curated.jsonl, which this run curated" in said
    assert record["curve"][-1]["step"] == {"laptop": 10, "smoke": 2}[name]


@stood_in
@pytest.mark.parametrize(
    ("name", "card", "model", "method"),
    [
        ("gpu", "H100", "Qwen/Qwen2.5-14B-Instruct", "lora"),
        ("auto", "RTX 4090", "Qwen/Qwen2.5-7B-Instruct", "qlora"),
    ],
)
def test_one_gpu_trains_the_model_that_fits_it(name, card, model, method, build, monkeypatch):
    stand_in.use_cards(monkeypatch, 1, card)
    said = run(started_with()[name])
    record = check_trained(build / "sft", method)
    assert f"{model} with {method}" in said and record["base"] == model
    assert "training on simplescaling/s1K-1.1" in said
    assert record["curve"][-1]["step"] == 5  # all rows are one step
    if name == "auto":
        assert "auto: 1 x RTX 4090, so the profile gpu" in said


@stood_in
def test_auto_without_a_gpu_is_the_laptop(build, monkeypatch):
    stand_in.use_cards(monkeypatch, 0)
    small_set(build)
    assert "auto: no GPU, so the profile laptop" in run(started_with()["auto"])
    check_trained(build / "sft", "full")


def test_a_machine_without_the_gpus_is_told_the_command_of_the_readme(build, monkeypatch):
    """What an error says to type is what the README says, in other words."""
    stand_in.use_cards(monkeypatch, 0)
    for name in ("gpu", "h100x8", "h100x16"):
        with pytest.raises(SystemExit, match=f"the profile {name} does not fit: there is no GPU"):
            run("python -m s1lib.finetuning", "--profile", name)
    assert list(build.iterdir()) == []


def launched(command: list[str], build: Path) -> str:
    """Run a launcher in a process of its own; returns what it said."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = os.pathsep.join([str(TESTS), env["PYTHONPATH"]])
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=300)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    return done.stdout


@stood_in
def test_eight_gpus_are_launched_as_told(build, tmp_path):
    [text] = [text for text in of_readme("s1lib.finetuning") if text.startswith("accelerate")]
    assert text == started_with()["h100x8"]
    said = launched(on_two_processes(text.split(), tmp_path, 8, free_port()), build)
    record = check_trained(build / "sft", "full", processes=2)
    assert "2 processes, 5 rows" in said and "training on simplescaling/s1K;" in said
    assert record["base"] == "Qwen/Qwen2.5-32B-Instruct"
    assert (record["weights_dtype"], record["loss_weight"]) == ("bfloat16", "row")
    assert record["curve"][-1]["step"] == 10  # 4 rows a step: two processes, each two in turn


STUBS = {
    "scontrol": "#!/bin/sh\necho 127.0.0.1\necho 127.0.0.2\n",
    # both machines are this one; srun's own options end where the program begins
    "srun": """#!/bin/sh
while [ "${1#--}" != "$1" ]; do shift; done
SLURM_NODEID=1 "$@" & other=$!
SLURM_NODEID=0 "$@" && wait $other
""",
    "accelerate": """#!{python}
import json, os, sys
from pathlib import Path
from stand_in_launch import on_two_processes
words = ["accelerate", *sys.argv[1:]]
Path("{folder}", "told-" + os.environ["SLURM_NODEID"]).write_text(json.dumps(words))
command = on_two_processes(words, Path("{folder}"), 16, {port})
os.environ["OMP_NUM_THREADS"] = "1"
os.execv(command[0], command)
""",
}


@stood_in
@pytest.mark.skipif(shutil.which("bash") is None, reason="a batch script of bash")
def test_two_machines_are_launched_by_the_batch_script(build, tmp_path, monkeypatch):
    sbatch, script = started_with()["h100x16"].split()
    assert sbatch == "sbatch"
    port = free_port()
    for name, text in STUBS.items():
        for key, value in (("python", sys.executable), ("folder", tmp_path), ("port", port)):
            text = text.replace(f"{{{key}}}", str(value))
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    job = {"SUBMIT_DIR": str(ROOT), "JOB_NODELIST": "a,b", "NNODES": "2", "CPUS_PER_TASK": "64"}
    for name, value in job.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    said = launched(["bash", str(ROOT / script)], build)
    for rank in (0, 1):
        words = json.loads((tmp_path / f"told-{rank}").read_text())
        told.check(list(words))
        asked = told.launch_of(words)
        assert (asked.machine_rank, asked.num_machines, asked.num_processes) == (rank, 2, 16)
        assert asked.main_process_ip == "127.0.0.1"
        assert asked.training_script_args == ["--profile", "h100x16"]
    record = check_trained(build / "sft", "full", processes=2)
    assert said.count("2 processes, 5 rows") == 1  # the other machine is silent
    assert (record["weights_dtype"], record["curve"][-1]["step"]) == ("float32", 15)
    lines = [one for one in told.commented(script) if one.text.startswith("python -c")]
    [fetch] = lines
    exec(fetch.words[2], {})  # from what was fetched before, since there is no network


# Planning


@pytest.mark.parametrize("text", of_readme("s1lib.finetuning.plan"))
def test_a_run_is_planned_before_anything_is_rented(text):
    said = run(text)
    assert "Qwen/Qwen2.5-32B-Instruct, full, 16 GPUs" in said and ": fits" in said
    assert "GPU-hours, $" in said


# The paper's evaluation


@stood_in
def test_the_benchmarks_are_run_and_graded_again(build, monkeypatch):
    [text] = of_readme("s1lib.evaluation")
    profile = config.load_profile("h100x16")
    said = run(text)
    assert f"{TUNED} thinks in the format s1" in said
    settings = {k: profile.vllm[k] for k in ("dtype", "tensor_parallel_size", "max_model_len")}
    opened = stand_in_vllm.LLM.opened
    assert opened[-2:] == [("Qwen/Qwen2.5-32B-Instruct", settings), (TUNED, settings)]
    results = json.loads((build / "results.json").read_text())
    names = [row["name"] for row in results["rows"]]
    limits = [f"sft-limit-{limit}" for limit in profile.limits]
    assert names == ["base-direct", *limits, "sft", *[f"sft-wait-{n}" for n in profile.waits]]
    assert {row["n"] for row in results["rows"]} == {30}
    tokens = {row["name"]: row["thinking_tokens"] for row in results["rows"]}
    assert tokens["sft"] < tokens["sft-wait-1"] < tokens["sft-wait-6"]

    (build / "results.json").unlink()
    monkeypatch.setattr(stand_in_vllm.LLM, "__init__", lambda *a, **k: pytest.fail("a model"))
    assert "--regrade" in {one.text for one in README}
    run(text, "--regrade")
    assert json.loads((build / "results.json").read_text()) == results


# The others


@pytest.mark.slow
def test_the_notebooks_become_pages(build):
    [text] = of_readme("s1lib.notebook.pages")
    pages = run(text).split("\n")[:-1]
    assert [Path(page).stem for page in pages] == [
        path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    ]


def test_every_module_that_the_readme_runs_is_run_in_a_test():
    runs = {module_of(one.words) and module_of(one.words)[0] for one in README}
    here = {"s1lib.finetuning", "s1lib.finetuning.plan", "s1lib.evaluation",
            "s1lib.notebook.pages"}  # fmt: skip
    assert runs - {None} <= here | set(ELSEWHERE)
    assert all((TESTS / test).is_file() for test in ELSEWHERE.values())
    assert set(of_readme("s1lib.finetuning")) <= set(started_with().values())
