"""Small helpers for notebooks: show source, traces and sentences. Model text is escaped."""

import inspect
from html import escape

from IPython.display import HTML, Markdown


def source(thing) -> Markdown:
    """The source of a function or class, as it runs here."""
    return Markdown(f"```python\n{inspect.getsource(thing).rstrip()}\n```")


def say(text: str) -> Markdown:
    """A sentence whose numbers were computed."""
    return Markdown(text)


def block(text: str, title: str = "") -> HTML:
    """Text as it is, line breaks kept, with an optional title."""
    head = f"<b>{escape(title)}</b>" if title else ""
    return HTML(
        f"{head}<pre style='white-space: pre-wrap; font-family: monospace; "
        f"word-break: normal; overflow-wrap: anywhere; border-left: 4px solid #999; "
        f"padding-left: .8em; margin: .3em 0 1em'>{escape(text)}</pre>"
    )


def table(rows: list[dict]) -> HTML:
    """Rows as a plain table, every cell escaped."""
    if not rows:
        return HTML("<i>no rows</i>")
    head = "".join(f"<th style='text-align:left'>{escape(str(k))}</th>" for k in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escape(str(v))}</td>" for v in r.values())
        + "</tr>"
        for r in rows
    )
    return HTML(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
