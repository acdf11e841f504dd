"""The course's diagrams: drawings of how things work, where the plots show what was measured.

Like the plots, each is drawn by code from what it is given, returns a `Plot` with an alternative
text, and tells nothing by colour alone.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from s1lib.notebook.plots import BLUE, GREY, ORANGE, Plot

PALE_BLUE, PALE_ORANGE, PALE_GREY = "#d9e9f5", "#fbe3d3", "#eeeeee"
LOOKS = {  # kind of token: fill, edge, hatch
    "prompt": (PALE_GREY, GREY, ""),
    "thinking": (PALE_BLUE, BLUE, ""),
    "answer": ("white", BLUE, ""),
    "removed": ("white", GREY, "///"),
    "forced": (PALE_ORANGE, ORANGE, ""),
}
KINDS = {
    "prompt": "prompt",
    "thinking": "written by the model",
    "answer": "the answer",
    "removed": "taken out",
    "forced": "forced",
}


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Make an empty drawing whose units are those of its size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.set_axis_off()
    return figure, axis


def _box(
    axis: Axes, x: float, y: float, width: float, height: float, text: str, look: str, size: int = 9
) -> None:
    """Draw a rounded box with its lower left corner at (x, y)."""
    fill, edge, hatch = LOOKS[look]
    shape = FancyBboxPatch(
        (x, y),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor=fill,
        edgecolor=edge,
        hatch=hatch,
        linewidth=1.4,
    )
    axis.add_patch(shape)
    behind = {"facecolor": fill, "edgecolor": "none", "pad": 1} if hatch else None
    axis.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=size,
              bbox=behind)  # fmt: skip


def _arrow(
    axis: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str = "",
    bend: float = 0,
) -> None:
    """Draw an arrow, with a text at its middle; `bend` curves it."""
    axis.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=12,
            color="#333333",
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=0,
            shrinkB=0,
        )
    )
    if text:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axis.text(x, y + 0.09, text, ha="center", va="bottom", fontsize=8)


def pipeline(steps: Sequence[tuple[str, str, str]], caption: str) -> Plot:
    """Draw the course from left to right: (name, what it leaves here, what the paper has)."""
    width, gap = 1.5, 0.42
    figure, axis = _canvas(len(steps) * (width + gap) - gap + 0.2, 1.75)
    for i, (name, here, paper) in enumerate(steps):
        x = 0.1 + i * (width + gap)
        _box(axis, x, 0.75, width, 0.8, name, "thinking", size=10)
        axis.text(x + width / 2, 0.5, here, ha="center", va="center", fontsize=9)
        axis.text(x + width / 2, 0.2, paper, ha="center", va="center", fontsize=8, color=GREY)
        if i:
            _arrow(axis, (x - gap + 0.03, 1.15), (x - 0.03, 1.15))
    words = "; ".join(f"{name}: {here} ({paper})" for name, here, paper in steps)
    return Plot(figure, f"The steps from left to right. {words}.", caption)


def automaton(caption: str) -> Plot:
    """Draw the three states of budget forcing and what leads from one to the next."""
    figure, axis = _canvas(7.2, 2.3)
    for x, name in ((0.6, "thinking"), (3.5, "answer"), (6.0, "done")):
        _box(axis, x, 0.75, 1.1, 0.6, name, "thinking" if name == "thinking" else "answer", 10)
    _arrow(axis, (1.7, 1.12), (3.5, 1.12), "end token, no Wait left")
    _arrow(axis, (1.7, 0.92), (3.5, 0.92))
    limit = "limit reached:\n“Final Answer:” is forced"
    axis.text(2.6, 0.82, limit, ha="center", va="top", fontsize=8)
    _arrow(axis, (4.6, 1.05), (6.0, 1.05), "end of turn")
    _arrow(axis, (0.75, 1.35), (1.55, 1.35), bend=-1.6)
    axis.text(1.75, 1.75, "end token, a Wait left:\n“Wait” is forced", va="center", fontsize=8)
    alt = (
        "Three boxes: thinking, answer, done. From thinking back to thinking: an end token while a "
        "Wait is left, and “Wait” is forced. From thinking to answer: an end token without a Wait "
        "left, or the limit, where “Final Answer:” is forced. From answer to done: the end of turn."
    )
    return Plot(figure, alt, caption)


def token_strip(lines: Sequence[Sequence[tuple[str, str]]], caption: str) -> Plot:
    """Draw lines of tokens as boxes. A token is (text, kind), its kind a key of `LOOKS`."""
    letter, pad, gap, step = 0.088, 0.14, 0.06, 0.55
    widths = [[len(text) * letter + pad for text, _ in line] for line in lines]
    width = max(sum(line) + gap * len(line) for line in widths) + 0.1
    figure, axis = _canvas(width, step * len(lines) + 0.4)
    for row, (line, sizes) in enumerate(zip(lines, widths, strict=True)):
        x, y = 0.05, step * (len(lines) - row) - 0.02
        for (text, kind), size in zip(line, sizes, strict=True):
            _box(axis, x, y, size, 0.36, text, kind, size=9)
            x += size + gap
    kinds = list(dict.fromkeys(kind for line in lines for _, kind in line))
    x = 0.05
    for kind in kinds:
        _box(axis, x, 0.1, 0.2, 0.18, "", kind)
        axis.text(x + 0.26, 0.19, KINDS[kind], va="center", fontsize=8)
        x += 0.5 + 0.085 * len(KINDS[kind])

    def spoken(line: Sequence[tuple[str, str]]) -> str:
        special = ("removed", "forced")
        return " ".join(f"[{t}, {KINDS[k]}]" if k in special else t for t, k in line)

    return Plot(figure, f"Tokens in order. {' / '.join(map(spoken, lines))}.", caption)


def loss_mask(pieces: Sequence[tuple[str, bool]], caption: str) -> Plot:
    """Draw runs of text and whether they count in the loss, as bars above each other.

    `pieces` are (label, counts) in the order of the text.
    """
    figure, axis = _canvas(7.2, 1.15)
    total = sum(len(label) for label, _ in pieces) + 3 * len(pieces)
    x = 0.05
    for label, counts in pieces:
        width = 7.0 * (len(label) + 3) / total
        _box(axis, x, 0.5, width - 0.05, 0.42, label, "forced" if counts else "prompt", 8)
        note = "counts" if counts else "masked (−100)"
        axis.text(x + width / 2, 0.3, note, ha="center", va="center", fontsize=7, color="#333333")
        x += width
    words = "; ".join(f"{label}: {'counts' if c else 'masked'}" for label, c in pieces)
    return Plot(figure, f"Which parts of a row count in the loss. {words}.", caption)


def batches(lengths: Sequence[int], size: int, caption: str) -> Plot:
    """Draw the rows of one step as they are drawn, and cut into batches of like length.

    Hatched parts are padding. `size` is the rows of a batch.
    """
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True)
    orders = {
        "as drawn: one batch": [list(lengths)],
        f"of like length: batches of {size}": [
            sorted(lengths)[i : i + size] for i in range(0, len(lengths), size)
        ],
    }
    words = []
    for axis, (title, groups) in zip(axes, orders.items(), strict=True):
        y, waste = 0.0, 0
        for group in groups:
            for length in group:
                axis.barh(y, length, color=BLUE, height=0.8)
                axis.barh(y, max(group) - length, left=length, height=0.8, color="white",
                          edgecolor=ORANGE, hatch="////", linewidth=0)  # fmt: skip
                waste += max(group) - length
                y -= 1
            y -= 0.5 * (len(groups) > 1)
        share = waste / (waste + sum(lengths))
        axis.set(title=f"{title}\n{share:.0%} padding", xlabel="tokens", yticks=[])
        axis.spines[["top", "right", "left"]].set_visible(False)
        words.append(f"{title}: {share:.0%} of the computed tokens are padding")
    return Plot(figure, f"Rows of one step. {'; '.join(words)}.", caption)
