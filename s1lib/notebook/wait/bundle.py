"""Join the widget's modules into one script, as a notebook's cell and a page on disk need it.

A page opened from the disk may not import modules, and anywidget takes one text. So each module
becomes a function that returns what it exports, in the order in which they import each other.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def bundle(entry: str) -> str:
    """Join the module `entry`, as "page.js", and all that it imports into one script.

    What the entry exports is then in the variable `wait`. Raises ValueError for a form of import or
    export that is not known here.
    """
    done: dict[Path, str] = {}
    parts = []

    def add(path: Path) -> str:
        if path in done:
            return done[path]
        name = done[path] = f"module{len(done)}"
        source = path.read_text(encoding="utf-8")
        imports = [
            f"const {{ {names.strip().rstrip(',')} }} = {add((path.parent / where).resolve())};"
            for names, where in _IMPORT.findall(source)
        ]
        body = _EXPORT.sub("", _IMPORT.sub("", source))
        if left := re.search(r"^(import|export)\b.*", body, re.MULTILINE):
            raise ValueError(f"{path.name}: cannot bundle `{left[0]}`")
        exported = ", ".join(_EXPORT.findall(source))
        lines = [
            f"// {path.relative_to(FOLDER)}",
            f"const {name} = (() => {{",
            *imports,
            body.strip(),
        ]
        parts.append("\n".join([*lines, f"return {{ {exported} }};", "})();\n"]))
        return name

    last = add((FOLDER / entry).resolve())
    return "\n".join([*parts, f"const wait = {last};\n"])
