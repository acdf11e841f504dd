"""What notebooks print: hidden errors and machine paths.

`python scripts/outputs.py NOTEBOOK ...` fails if an executed notebook holds a hidden error.
"""

import json
import re
import site
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
TRACEBACK = "Traceback (most recent call last)"


def plain(text: str) -> str:
    """`text` without terminal colours."""
    return ANSI.sub("", text)


def hidden_error(nb: NotebookNode) -> str | None:
    """The first error that Jupyter shows but does not count, or None.

    A thread or a background task writes its traceback to stderr; a widget's callback keeps it in
    the saved state of an Output widget, and our form tells it in an alert. None fails the cell.
    """
    for cell in nb.cells:
        for out in cell.get("outputs", []):
            text = out.get("text", "")
            if out.get("name") == "stderr" and TRACEBACK in text:
                return text
    for kept in nb.metadata.get("widgets", {}).values():
        for model in kept.get("state", {}).values():
            shown = model.get("state", {}).get("value")
            if isinstance(shown, str) and "role='alert'" in shown:
                return shown
            for out in model.get("state", {}).get("outputs", []):
                if out.get("output_type") == "error":
                    return "\n".join(out.get("traceback", [])) or out.get("evalue", "")
                if out.get("name") == "stderr" and TRACEBACK in out.get("text", ""):
                    return out["text"]
    return None


def _machine_paths() -> list[tuple[re.Pattern, str]]:
    """Patterns of paths of this computer and what to show instead, the longest path first."""
    libraries = {*site.getsitepackages(), site.getusersitepackages()}
    places = {path: "site-packages" for path in libraries}
    places |= {sys.prefix: "python", str(ROOT): ".", str(Path.home()): "~"}
    patterns = [(re.compile(r"/\S*/ipykernel_\d+/\d+\.py"), "<cell>")]
    for path in sorted(places, key=len, reverse=True):
        if path.count("/") == 0 or path == "/":
            continue  # a home of "/" says nothing
        patterns.append((re.compile(re.escape(path) + r"(?![\w.-])"), places[path]))
    return patterns


def strip_machine_paths(nb: NotebookNode) -> None:
    """Replace paths of this computer in outputs and widget states, in place."""
    patterns = _machine_paths()

    def clean(value, key=""):
        if isinstance(value, str) and not key.startswith("image/png"):
            for pattern, shown in patterns:
                value = pattern.sub(shown, value)
        elif isinstance(value, list):
            value[:] = [clean(v, key) for v in value]
        elif isinstance(value, dict):
            for k in value:
                value[k] = clean(value[k], k)
        return value

    for cell in nb.cells:
        clean(cell.get("outputs", []))
    clean(nb.metadata.get("widgets", {}))


def drop_dead_views(nb: NotebookNode) -> None:
    """Take out widgets whose kernel is gone, in place; the pictures beside them stay.

    A saved view without a kernel is an error message to whoever opens the notebook, and an
    exported page would load its front end from another site.
    """
    nb.metadata.pop("widgets", None)
    view = "application/vnd.jupyter.widget-view+json"
    for cell in nb.cells:
        if "outputs" in cell:
            cell.outputs = [out for out in cell.outputs if view not in out.get("data", {})]


def machine_paths_left(nb: NotebookNode) -> list[str]:
    """The paths of this computer that the outputs still hold: the repository's and the home."""
    saved = json.dumps([[c.get("outputs", []) for c in nb.cells], nb.metadata.get("widgets", {})])
    homes = {str(ROOT), str(Path.home())} - {"/"}
    return [p for p in sorted(homes) if re.search(re.escape(p) + r"(?![\w.-])", saved)]


def main() -> None:
    """Scan executed notebooks; exit with the first hidden error."""
    for name in sys.argv[1:]:
        nb = nbformat.read(name, as_version=4)
        if not any(cell.get("execution_count") for cell in nb.cells):
            raise SystemExit(f"{name} was not executed")
        if found := hidden_error(nb):
            raise SystemExit(f"{name} holds an error that did not stop it:\n{plain(found)}")
    print(f"{len(sys.argv) - 1} notebooks hold no hidden error.")


if __name__ == "__main__":
    main()
