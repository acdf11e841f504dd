"""Small helpers for notebooks: show facts, traces and sentences. Model text is escaped."""

import re
import unicodedata
from collections.abc import Sequence
from html import escape

from IPython.display import HTML

from s1lib.inference.live import Piece
from s1lib.paper_facts import facts_about

PRE = (
    "white-space: pre-wrap; font-family: monospace; overflow-wrap: anywhere; line-height: 1.4; "
    "border-left: 4px solid #999; padding-left: .8em; margin: .3em 0"
)
MARK = "background: #f7d774; color: #000"


def safe_html(text: str) -> str:
    """Escape a text for HTML and make visible what cannot be seen.

    Control characters, and marks that turn the direction of writing, stand as ⟨U+202E⟩.
    """

    def visible(char: str) -> str:
        hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\n\t"
        return f"⟨U+{ord(char):04X}⟩" if hidden else char

    return escape("".join(map(visible, text)))


# A sentence may be stressed and hold code; nothing else in it is markup.
MARKUP = re.compile(r"`(?P<code>[^`\n]+)`|\*\*(?P<strong>[^*\n]+)\*\*|\*(?P<em>[^*\s][^*\n]*)\*")


def say(text: str) -> HTML:
    """Show a sentence whose numbers were computed, with **stress**, *emphasis* and `code`.

    Whatever else stands in it is shown as it is: a text from outside that gets into a sentence
    can be no link, image, formula or HTML.
    """

    def marked(found: re.Match) -> str:
        tag = str(found.lastgroup)
        inner = found[tag] if tag == "code" else MARKUP.sub(marked, found[tag])
        return f"<{tag}>{inner}</{tag}>"

    return plain_html(f"<p style='margin: 0'>{MARKUP.sub(marked, safe_html(text))}</p>")


def plain_html(html: str) -> HTML:
    """Show HTML in which a $ starts no formula, and a long word breaks instead of the layout."""
    return HTML(
        "<div class='mathjax_ignore tex2jax_ignore' style='overflow-wrap: anywhere; "
        f"max-width: 100%'>{html}</div>"
    )


def block(text: str, title: str = "") -> HTML:
    """Show a text as it is, line breaks kept, with an optional title."""
    head = f"<b>{safe_html(title)}</b>" if title else ""
    return plain_html(
        f"{head}<pre style='white-space: pre-wrap; font-family: monospace; "
        f"word-break: normal; overflow-wrap: anywhere; border-left: 4px solid #999; "
        f"padding-left: .8em; margin: .3em 0 1em'>{safe_html(text)}</pre>"
    )


def table(rows: list[dict]) -> HTML:
    """Show rows as a plain table, every cell escaped."""
    if not rows:
        return HTML("<i>no rows</i>")
    style = "text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 3em"
    head = "".join(f"<th style='{style}'>{safe_html(str(k))}</th>" for k in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td style='{style}'>{safe_html(str(v))}</td>" for v in r.values())
        + "</tr>"
        for r in rows
    )
    return plain_html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def facts(*names: str) -> HTML:
    """Show what the paper or others say, each fact with its source (see `s1lib.paper_facts`)."""
    return table([{"fact": fact.text, "source": fact.source} for fact in facts_about(*names)])


def pieces_html(pieces: Sequence[Piece]) -> str:
    """Render what the model saw and wrote: forced words carry a colour and the brackets ⟦ ⟧."""

    def shown(piece: Piece) -> str:
        if not piece.forced:
            return safe_html(piece.text)
        return f"<mark style='{MARK}'>⟦{safe_html(piece.text) or 'end ignored'}⟧</mark>"

    return f"<pre style='{PRE}'>{''.join(map(shown, pieces))}</pre>"
