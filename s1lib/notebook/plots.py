"""The course's figures: marker and line differ as well as colour, and each has its words.

Every function returns a `Plot`: a figure and an alternative text made from the same data.
Rows are those of `s1lib.evaluation.report`; accuracies are fractions, drawn in percent.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from s1lib.evaluation.conditions import Condition, in_words
from s1lib.evaluation.metrics import Rate, rate_of, wilson
from s1lib.paper_numbers import FIGURE_4
from s1lib.toyworld.questions import FAMILIES

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
STYLES = [
    (GREY, "D", ":"),
    (BLUE, "o", "-"),
    (ORANGE, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "v", ":"),
]  # colour, marker, line


@dataclass(frozen=True)
class Plot:
    """A figure, what it shows in words (for those who cannot see it), and its caption."""

    figure: Figure
    alt: str
    caption: str

    def _repr_html_(self) -> str:
        _show_as_text(self.figure)
        drawn, data = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=88, facecolor="white")
        Image.open(drawn).convert("RGB").quantize(48).save(data, "PNG", optimize=True)  # a third
        image = base64.b64encode(data.getvalue()).decode()
        return (
            '<figure class="mathjax_ignore tex2jax_ignore" '
            'style="margin:0; overflow-wrap:anywhere">'
            f'<img alt="{escape(self.alt)}" style="max-width:100%" '
            f'src="data:image/png;base64,{image}"><figcaption>{escape(self.caption)}'
            "</figcaption></figure>"
        )


def _show_as_text(figure: Figure) -> None:
    """Let no $ in a name start a formula; the powers on a logarithmic axis are formulas of ours."""
    scales = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    ticks = [axis.get_ticklabels(which="both") for axis in scales if axis.get_scale() == "log"]
    ours = {id(label) for labels in ticks for label in labels}
    for text in figure.findobj(Text):
        if id(text) not in ours:
            text.set_parse_math(False)


def paper_rows() -> list[dict]:
    """Return the paper's AIME24 curve as rows, with the intervals of 30 questions."""
    return [
        Condition(name, limit, waits).fields
        | {"seed": "paper", "thinking_tokens": tokens}
        | vars(wilson(right, 30))
        for name, limit, waits, tokens, right in FIGURE_4
    ]


def curve_parts(rows: list[dict]) -> tuple[dict | None, list[dict], list[dict]]:
    """Split rows into the base model's, those of limits (the last is free), and of Waits."""
    base = next((r for r in rows if r["name"] == "base-direct"), None)
    thinking = sorted((r for r in rows if r["limit"] is not None), key=lambda r: r["limit"])
    limits = [r for r in thinking if not r["waits"]]
    waits = sorted((r for r in thinking if r["waits"]), key=lambda r: r["waits"])
    return base, limits, waits


def _short(row: dict) -> str:
    """What stands beside a point: the number of Waits, the limit, or that it stops by itself."""
    if row["waits"]:
        return f"{row['waits']}×"
    return "free" if row["name"] == "sft" else str(row["limit"])


def new_figure(panels: int, width: float, height: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Make an empty figure of one row of panels in the course's style."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    return figure, list(axes)


def _legend(figure: Figure, axis: Axes) -> None:
    figure.legend(
        *axis.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3,
        fontsize=8,
        frameon=False,
    )


def error_bars(
    axis: Axes,
    at: Sequence[float],
    rates: Sequence[Rate],
    style: tuple[str, str, str],
    label: str | None = None,
    flat: bool = False,
    size: float | None = None,
) -> None:
    """Draw rates in percent with their intervals, at these places of the other axis.

    `style` is colour, marker and line; `flat` puts the rates on the horizontal axis, without a
    line; `size` is that of the markers.
    """
    middles = [100 * rate.accuracy for rate in rates]
    # Rounding may put an end of 0% or of 100% on its wrong side.
    below = [max(0.0, m - 100 * r.ci_low) for m, r in zip(middles, rates, strict=True)]
    above = [max(0.0, 100 * r.ci_high - m) for m, r in zip(middles, rates, strict=True)]
    colour, marker, line = style
    look: dict[str, Any] = {"color": colour, "marker": marker, "capsize": 3, "label": label}
    look |= {"markersize": size} if size else {}
    if flat:
        axis.errorbar(middles, at, xerr=[below, above], ls="", **look)
    else:
        axis.errorbar(at, middles, yerr=[below, above], ls=line, **look)


def fit_percent(axis: Axes, rates: Sequence[Rate]) -> None:
    """Set the vertical axis to the rates in percent: from 0 to 100, or less if all are low."""
    top = 100 * max((rate.ci_high for rate in rates), default=1.0)
    axis.set_ylim((-3, 105) if top > 50 else (-0.04 * top, 1.1 * top))


def rates_of(rows: Sequence[dict]) -> list[Rate]:
    """Read the rates of result rows."""
    return [rate_of(row) for row in rows]


def _say(row: dict) -> str:
    return f"{row['accuracy']:.0%} [{row['ci_low']:.0%} to {row['ci_high']:.0%}]"


def _spoken(row: dict) -> str:
    return f"{in_words(row)}: {_say(row)} at {row['thinking_tokens']:.0f} tokens"


def scaling_curve(panels: dict[str, list[dict]], caption: str) -> Plot:
    """Plot accuracy against thinking tokens (paper, Figure 4), one panel per set of rows.

    The limit part and the Wait part are drawn apart. The base model, which does not think, is
    a dashed line and not the start of the curve.
    """
    figure, axes = new_figure(len(panels), 4.6 * len(panels) + 0.6)
    words = []
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        base, limits, waits = curve_parts(rows)
        kinds = (limits, STYLES[1], "thinking limit"), (waits, STYLES[2], "number of Waits")
        for part, style, label in kinds:
            if part:
                tokens = [r["thinking_tokens"] for r in part]
                error_bars(axis, tokens, rates_of(part), style, label)
        if limits and waits:
            join = (limits[-1], waits[0])
            axis.plot(
                [r["thinking_tokens"] for r in join],
                [100 * r["accuracy"] for r in join],
                color=ORANGE,
                ls="--",
            )
        for row in limits + waits:
            at, offset = (row["ci_high"], 3) if row["waits"] else (row["ci_low"], -10)
            axis.annotate(
                _short(row),
                (row["thinking_tokens"], 100 * at),
                fontsize=8,
                ha="center",
                xytext=(0, offset),
                textcoords="offset points",
            )
        if base:
            axis.axhline(100 * base["accuracy"], color=GREY, ls="--", label="base, no thinking")
            axis.axhspan(100 * base["ci_low"], 100 * base["ci_high"], color=GREY, alpha=0.1)
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(lambda x, _: f"{x:.0f}")
        axis.set(title=title, ylim=(-8, 105), xlabel="thinking tokens (mean, log scale)")
        words.append(
            f"{title}: "
            + "; ".join(map(_spoken, limits + waits))
            + (f"; dashed line, base model: {_say(base)}." if base else ".")
        )
    axes[0].set_ylabel("accuracy, %")
    _legend(figure, axes[0])
    return Plot(figure, "Accuracy against thinking tokens. " + " ".join(words), caption)


def fixed_broken(comparisons: list[dict], caption: str) -> Plot:
    """Plot answers fixed and broken by 1, 2, 4 ... Waits, from the comparisons that have Waits."""
    rows = [c for c in comparisons if c["waits"]]
    waits = [str(c["waits"]) for c in rows]
    figure, (axis,) = new_figure(1, 5.6)
    up = axis.bar(
        waits,
        [c["fixed"] for c in rows],
        color=BLUE,
        hatch="//",
        edgecolor="white",
        label="fixed: wrong before, right after",
    )
    down = axis.bar(
        waits,
        [-c["broken"] for c in rows],
        color=ORANGE,
        hatch="..",
        edgecolor="white",
        label="broken: right before, wrong after",
    )
    axis.bar_label(up, [f"+{c['fixed']}" for c in rows], padding=2)
    axis.bar_label(down, [f"−{c['broken']}" for c in rows], padding=2)
    axis.axhline(0, color="black", lw=0.8)
    axis.margins(y=0.18)
    axis.set(xlabel="number of Waits", ylabel="answers")
    _legend(figure, axis)
    words = "; ".join(f"{in_words(c)}: {c['fixed']} fixed, {c['broken']} broken" for c in rows)
    return Plot(figure, f"Bars of fixed and broken answers. {words}.", caption)


def family_dots(rows: list[dict], caption: str) -> Plot:
    """Plot accuracy per family and condition with intervals; rows have a `family` and a `name`.

    The control family, which has no second way to check, stands at the bottom.
    """
    families = [f for f in FAMILIES if any(r["family"] == f for r in rows)]
    systems = list(dict.fromkeys(r["name"] for r in rows))
    figure, (axis,) = new_figure(1, 6.4, 0.6 * len(families) + 1.2)
    for i, name in enumerate(systems):
        mine = {r["family"]: r for r in rows if r["name"] == name}
        heights = [-families.index(f) + 0.2 * ((len(systems) - 1) / 2 - i) for f in mine]
        style = STYLES[i % len(STYLES)]
        label = in_words(next(iter(mine.values())))
        error_bars(axis, heights, rates_of(list(mine.values())), style, label, flat=True)
    labels = [f if FAMILIES[f].second_way else f"{f} (control)" for f in families]
    axis.set_yticks([-i for i in range(len(families))], labels)
    axis.set(xlabel="accuracy, %", xlim=(-3, 103))
    _legend(figure, axis)
    words = "; ".join(f"{r['family']}, {in_words(r)}: {_say(r)}" for r in rows)
    return Plot(figure, f"Accuracy by family. {words}.", caption)


def sweep_curve(rows: list[dict], caption: str) -> Plot:
    """Plot accuracy against the teacher's early-stopping rate, one line per condition."""
    figure, (axis,) = new_figure(1, 5.6)
    for i, name in enumerate(dict.fromkeys(r["name"] for r in rows)):
        mine = sorted((r for r in rows if r["name"] == name), key=lambda r: r["early_stop"])
        style = STYLES[(i + 1) % len(STYLES)]
        error_bars(axis, [r["early_stop"] for r in mine], rates_of(mine), style, in_words(mine[0]))
    axis.set(
        xlabel="early-stopping rate: how often the teacher trusts its glance",
        ylabel="accuracy, %",
        ylim=(-3, 103),
    )
    _legend(figure, axis)
    words = "; ".join(f"{in_words(r)} at {r['early_stop']}: {_say(r)}" for r in rows)
    return Plot(figure, f"Accuracy against the early-stopping rate. {words}.", caption)


def before_after(rows: Sequence[tuple[str, float, float]], caption: str) -> Plot:
    """Plot (what, before, after) in percent as one line each: a circle, an arrow, a square."""
    figure, (axis,) = new_figure(1, 7.0, 0.9 + 0.3 * len(rows))
    for row, (_, before, after) in enumerate(rows):
        colour = GREEN if after > before else ORANGE
        axis.plot([before, after], [row, row], color=colour, lw=2)
        axis.plot(before, row, "o", color=GREY, markersize=6)
        axis.plot(after, row, "s", color=colour, markersize=7)
        axis.annotate(
            f"{after - before:+.1f}",
            (max(before, after), row),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axis.set(xlabel="accuracy, %", ylim=(len(rows) - 0.5, -0.6), xlim=(0, 100))
    axis.set_yticks(range(len(rows)), [what for what, *_ in rows], fontsize=8)
    words = "; ".join(f"{what}: from {before} to {after}" for what, before, after in rows)
    return Plot(figure, f"Accuracy before and after. {words}.", caption)


def against_tokens(series: dict[str, list[dict]], caption: str) -> Plot:
    """Plot accuracy against thinking tokens (log scale), one line for each way to think.

    At most four series of result rows.
    """
    figure, [axis] = new_figure(1, 6.6, 3.6)
    words = []
    for (name, rows), style in zip(series.items(), STYLES[1:], strict=False):
        rows = sorted(rows, key=lambda row: row["thinking_tokens"])
        error_bars(axis, [row["thinking_tokens"] for row in rows], rates_of(rows), style, name)
        points = (f"{r['thinking_tokens']:.0f} tokens {r['accuracy']:.0%}" for r in rows)
        words.append(f"{name}: {', '.join(points)}")
    axis.set(xlabel="thinking tokens per question", ylabel="right answers, %", ylim=(0, 103))
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:.0f}")
    axis.legend(frameon=False)
    return Plot(figure, f"Accuracy against thinking tokens. {'; '.join(words)}.", caption)
