"""The code on the how-to page runs as it stands, but for the model's name and sizes."""

import json
import re

from completions_server import completions_server

from s1lib.inference.hf import load
from s1lib.io import DATA, ROOT

PAGE = (ROOT / "docs" / "budget_forcing.md").read_text(encoding="utf-8")


def snippet(section: str) -> str:
    """The code of a section, for the shipped model."""
    code = re.search(rf"^## {section}\n.*?```python\n(.*?)```", PAGE, re.S | re.M).group(1)
    code = re.sub(r'"simplescaling/[^"]*"', repr(str(DATA / "sft")), code)
    vocab = json.loads((DATA / "sft/config.json").read_text(encoding="utf-8"))["vocab_size"]
    sizes = {"max_thinking": 60, "max_answer": 12, "max_model_len": 512, "vocab_size": vocab}
    for name, size in sizes.items():
        code = re.sub(rf"{name}=\d+", f"{name}={size}", code)
    return code


def check(names: dict) -> None:
    trace = names["trace"]
    assert 0 < trace.thinking_tokens <= 60 and trace.stops and trace.answer


def test_the_transformers_snippet(capsys):
    names: dict = {}
    exec(snippet("transformers"), names)
    check(names)
    assert "thinking tokens" in capsys.readouterr().out


def test_the_server_snippet():
    model, _ = load(DATA / "sft")
    with completions_server(model, 512) as (url, _):
        names: dict = {}
        exec(snippet("A server").replace('"http://127.0.0.1:8000/v1"', repr(url)), names)
    check(names)
