"""Small helpers for notebooks: show source, traces and sentences. Model text is escaped."""

import inspect
import textwrap
import unicodedata
from html import escape
from typing import Any

from IPython.display import HTML, Markdown

from s1lib.paper_facts import facts_about


def safe_html(text: str) -> str:
    """Escape a text for HTML and make visible what cannot be seen.

    Control characters, and marks that turn the direction of writing, stand as ⟨U+202E⟩.
    """

    def visible(char: str) -> str:
        hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\n\t"
        return f"⟨U+{ord(char):04X}⟩" if hidden else char

    return escape("".join(map(visible, text)))


def source(thing: Any) -> Markdown:
    """Show the source of a function or class, as it runs here."""
    text = textwrap.dedent(inspect.getsource(thing)).rstrip()
    return Markdown(f"```python\n{text}\n```")


def say(text: str) -> Markdown:
    """Show a sentence whose numbers were computed."""
    return Markdown(text)


def block(text: str, title: str = "") -> HTML:
    """Show a text as it is, line breaks kept, with an optional title."""
    head = f"<b>{safe_html(title)}</b>" if title else ""
    return HTML(
        f"{head}<pre style='white-space: pre-wrap; font-family: monospace; "
        f"word-break: normal; overflow-wrap: anywhere; border-left: 4px solid #999; "
        f"padding-left: .8em; margin: .3em 0 1em'>{safe_html(text)}</pre>"
    )


def table(rows: list[dict]) -> HTML:
    """Show rows as a plain table, every cell escaped; a $ in it starts no formula."""
    if not rows:
        return HTML("<i>no rows</i>")
    head = "".join(f"<th style='text-align:left'>{safe_html(str(k))}</th>" for k in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{safe_html(str(v))}</td>" for v in r.values())
        + "</tr>"
        for r in rows
    )
    return HTML(
        "<table class='mathjax_ignore tex2jax_ignore'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def facts(*names: str) -> HTML:
    """Show what the paper or others say, each fact with its source (see `s1lib.paper_facts`)."""
    return table([{"fact": fact.text, "source": fact.source} for fact in facts_about(*names)])
