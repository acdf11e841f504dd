"""Figures of notebooks 00 to 02: a first result, the teacher's traces, the curation.

Like those of `s1lib.notebook.plots`: every function returns a `Plot` whose alternative text is
written from the data, and no series differs from another by its colour alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from s1lib.evaluation.metrics import Rate
from s1lib.notebook.plots import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Plot,
    error_bars,
    fit_percent,
    new_figure,
)

SERIES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", ":"))  # colour, marker, line
PALE = "#9ecae1"


def rates(values: Mapping[str, Rate], caption: str) -> Plot:
    """Plot rates of right answers by name, one row each, with 95% intervals."""
    figure, (axis,) = new_figure(1, 6.4, 0.8 + 0.45 * len(values))
    for row, rate in enumerate(values.values()):
        error_bars(axis, [row], [rate], SERIES[row % len(SERIES)], flat=True, size=8)
        axis.annotate(
            f"{rate.correct} of {rate.n}",
            (100 * rate.accuracy, row),
            (0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axis.set(xlim=(0, 103), ylim=(len(values) - 0.5, -0.7), xlabel="right answers, %")
    axis.set_yticks(range(len(values)), values)
    words = "; ".join(f"{name} {rate}" for name, rate in values.items())
    return Plot(figure, f"Right answers with 95% intervals. {words}.", caption)


def rates_by_size(series: Mapping[str, Mapping[int, Rate]], label: str, caption: str) -> Plot:
    """Plot rates with their 95% intervals against the number of items.

    `series` maps a name to {size: rate}; sizes may be missing. At most three series.
    """
    figure, (axis,) = new_figure(1, 6.4, 3.0)
    words = []
    for i, (name, by_size) in enumerate(series.items()):
        sizes = sorted(by_size)
        places = [size + 0.12 * i for size in sizes]
        error_bars(axis, places, [by_size[size] for size in sizes], SERIES[i], name)
        words.append(f"{name}: " + ", ".join(f"{s} items {by_size[s].accuracy:.0%}" for s in sizes))
    axis.set(xlabel="number of items", ylabel=label)
    fit_percent(axis, [rate for by_size in series.values() for rate in by_size.values()])
    if len(series) > 1:
        axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return Plot(figure, f"{label} by number of items. {'. '.join(words)}.", caption)


def shares(
    first: Mapping[str, int], second: Mapping[str, int], names: tuple[str, str], caption: str
) -> Plot:
    """Plot two sets' shares of each kind: bars for the first set, diamonds for the second.

    Both map a kind to its rows; kinds stand in the order of `first`, and one that is missing
    from `second` counts as 0.
    """
    figure, (axis,) = new_figure(1, 6.4, 0.9 + 0.26 * len(first))
    rows = np.arange(len(first))
    bars = 100 * np.array(list(first.values())) / sum(first.values())
    marks = 100 * np.array([second.get(kind, 0) for kind in first]) / sum(second.values())
    axis.barh(rows, bars, color=PALE, edgecolor=BLUE, height=0.7, label=names[0])
    axis.plot(marks, rows, "D", color=ORANGE, label=names[1])
    for row, (kind, count) in enumerate(first.items()):
        axis.annotate(
            f"{count:,} | {second.get(kind, 0):,}",
            (max(bars[row], marks[row]), row),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=GREY,
        )
    axis.set(xlabel="share, %", ylim=(len(first) - 0.4, -0.6))
    axis.set_xlim(0, 1.18 * max(*bars, *marks))
    axis.set_yticks(rows, first, fontsize=9)
    axis.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    words = "; ".join(
        f"{kind} {a:.1f}% and {b:.1f}%" for kind, a, b in zip(first, bars, marks, strict=True)
    )
    return Plot(figure, f"Shares in {names[0]} and in {names[1]}: {words}.", caption)


def funnel(counts: Mapping[str, int], paper: Mapping[str, int], caption: str) -> Plot:
    """Plot what is left after each stage, in percent of the pool, on a logarithmic axis.

    Both map a stage to its rows, "pool" first; a stage that `paper` lacks gets no diamond. Points
    and not bars: on a logarithmic axis the length of a bar means nothing.
    """
    figure, (axis,) = new_figure(1, 6.4, 0.9 + 0.36 * len(counts))
    left = [100 * count / counts["pool"] for count in counts.values()]
    axis.plot(left, range(len(counts)), "o-", color=BLUE, label="our pool")
    there = [
        (100 * paper[stage] / paper["pool"], row)
        for row, stage in enumerate(counts)
        if stage in paper
    ]
    axis.plot(*zip(*there, strict=True), "D--", color=ORANGE, label="the paper's pool")
    words = []
    for row, (stage, count) in enumerate(counts.items()):
        pair = f"{count:,}" + (f" | {paper[stage]:,}" if stage in paper else "")
        axis.annotate(pair, (130, row), va="center", fontsize=9)
        words.append(f"{stage} {pair}")
    axis.set(
        xscale="log",
        xlim=(1, 500),
        ylim=(len(counts) - 0.4, -0.6),
        xlabel="left of the pool, % (logarithmic)",
    )
    axis.set_xticks((1, 3, 10, 30, 100), ("1", "3", "10", "30", "100"))
    axis.set_yticks(range(len(counts)), counts)
    axis.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return Plot(
        figure, f"Rows left after each stage, ours | the paper's: {'; '.join(words)}.", caption
    )


def lengths(sets: Mapping[str, Sequence[int]], caption: str) -> Plot:
    """Plot how long the thinking is in each set: shares of its rows per length, as steps.

    `sets` maps a name to lengths in characters. At most three sets.
    """
    figure, (axis,) = new_figure(1, 6.4, 3.0)
    edges = np.linspace(0, max(max(values) for values in sets.values()), 25)
    for i, (name, values) in enumerate(sets.items()):
        colour, _, line = SERIES[i]
        heights = 100 * np.histogram(values, edges)[0] / len(values)
        axis.stairs(
            heights,
            edges,
            color=colour,
            linestyle=line,
            linewidth=2,
            label=f"{name} (median {np.median(values):.0f})",
        )
    axis.set(xlabel="thinking, characters", ylabel="share of rows, %", ylim=(0, None))
    axis.legend(frameon=False)
    words = "; ".join(f"{name}: median {np.median(v):.0f}" for name, v in sets.items())
    return Plot(figure, f"Length of thinking, in characters. {words}.", caption)
