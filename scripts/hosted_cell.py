"""Put the cell for Colab and Kaggle into each notebook: `python scripts/hosted_cell.py`.

It stands after the title, folded in JupyterLab, and does nothing elsewhere. A notebook that has
it is left as it is, but for a newer text of the cell.
"""

import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
TAG = "hosted"
SOURCE = """\
import os  # Colab and Kaggle fetch the course here; elsewhere: nothing

if os.environ.keys() & {"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"}:
    ADDRESS = ""  # write the course's address here, as for `git clone`
    os.path.exists("s1") or os.system(f"git clone -q '{ADDRESS}' s1")
    __import__("runpy").run_path("s1/scripts/hosted.py")"""


def is_hosted(cell: dict[str, Any]) -> bool:
    """Tell whether a cell of a notebook is this one."""
    return TAG in cell["metadata"].get("tags", [])


def insert(nb: dict[str, Any]) -> bool:
    """Put the cell in its place; returns whether the notebook changed."""
    before = json.dumps(nb["cells"])
    lines = SOURCE.splitlines(keepends=True)
    found = next((cell for cell in nb["cells"] if is_hosted(cell)), None)
    if found is None:
        found = {
            "cell_type": "code",
            "execution_count": None,
            "id": "hosted",
            "metadata": {"jupyter": {"source_hidden": True}, "tags": [TAG]},
            "outputs": [],
        }
        nb["cells"].insert(1, found)
    found["source"] = lines
    return json.dumps(nb["cells"]) != before


def main() -> None:
    """Change the notebooks that are named, else all of the course."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        nb = json.loads(path.read_text(encoding="utf-8"))
        if insert(nb):
            text = json.dumps(nb, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.name}: the cell is in")


if __name__ == "__main__":
    main()
