"""Figures of notebooks 00 to 02: a first result, the teacher's traces, the curation.

Every function returns a picture whose alternative text is written from the data. Colours are
Okabe and Ito's, safe for the colour-blind, and no series differs by its colour alone.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from s1lib.metrics import Rate

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
SERIES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", ":"))


@dataclass(frozen=True)
class Picture:
    """A PNG (base64) and its alternative text, which front ends without images show instead."""

    png: str
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def _figure(width: float = 6.4, height: float = 3.2) -> tuple[Figure, Axes]:
    """An empty figure (in inches) with one light pair of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def _picture(figure: Figure, alt: str) -> Picture:
    """The finished figure with its alternative text."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90, pil_kwargs={"optimize": True})
    return Picture(b64encode(buffer.getvalue()).decode(), alt)


def _percent(rate: Rate) -> tuple[float, list[list[float]]]:
    """Height and error bar of a rate, in percent."""
    middle = 100 * rate.accuracy
    return middle, [[middle - 100 * rate.ci_low], [100 * rate.ci_high - middle]]


def rates(values: Mapping[str, Rate], label: str = "right answers, %") -> Picture:
    """A few rates, one row each, with their 95% intervals. `values` maps a name to its rate."""
    figure, axes = _figure(6.4, 0.8 + 0.45 * len(values))
    for row, rate in enumerate(values.values()):
        colour, mark, _ = SERIES[row % len(SERIES)]
        middle, error = _percent(rate)
        axes.errorbar(middle, row, xerr=error, fmt=mark, color=colour, capsize=4, markersize=8)
        axes.annotate(f"{rate.correct} of {rate.n}", (middle, row), (0, 9),
                      textcoords="offset points", ha="center", fontsize=9)
    axes.set(xlim=(0, 100), ylim=(len(values) - 0.5, -0.7), xlabel=label)
    axes.set_yticks(range(len(values)), values)
    axes.grid(axis="x", alpha=0.3)
    return _picture(figure, f"{label} with 95% intervals: "
                  + "; ".join(f"{name} {rate}" for name, rate in values.items()) + ".")


def rates_by_size(series: Mapping[str, Mapping[int, Rate]], label: str) -> Picture:
    """Rates with their 95% intervals against the number of items.

    `series` maps a name to {size: rate}; sizes may be missing. At most three series.
    """
    figure, axes = _figure()
    said = []
    for i, ((name, by_size), (colour, mark, line)) in enumerate(
        zip(series.items(), SERIES, strict=False)
    ):
        sizes = sorted(by_size)
        middles, errors = zip(*(_percent(by_size[size]) for size in sizes), strict=True)
        axes.errorbar([size + 0.12 * i for size in sizes], middles, yerr=np.hstack(errors),
                      fmt=mark + line, color=colour, capsize=3, label=name)
        said.append(f"{name}: " + ", ".join(f"{s} items {by_size[s].accuracy:.0%}" for s in sizes))
    axes.set(xlabel="number of items", ylabel=label, ylim=(-3, 105))
    axes.grid(axis="y", alpha=0.3)
    if len(series) > 1:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return _picture(figure, f"{label} against the number of items. " + ". ".join(said) + ".")


def lengths_by_size(series: Mapping[str, Mapping[int, Sequence[int]]]) -> Picture:
    """Length of thinking against the number of items: median and the middle 80%.

    `series` maps a name to {size: lengths in characters}. At most three series.
    """
    figure, axes = _figure()
    said = []
    for i, ((name, by_size), (colour, mark, line)) in enumerate(
        zip(series.items(), SERIES, strict=False)
    ):
        sizes = sorted(by_size)
        low, middle, high = np.array([np.quantile(by_size[s], (0.1, 0.5, 0.9)) for s in sizes]).T
        axes.errorbar([size + 0.12 * i for size in sizes], middle, color=colour, capsize=3,
                      yerr=(middle - low, high - middle), fmt=mark + line, label=name)
        medians = zip(sizes, middle, strict=True)
        said.append(f"{name}, medians: " + ", ".join(f"{s} items {m:.0f}" for s, m in medians))
    axes.set(xlabel="number of items", ylabel="thinking, characters", ylim=(0, None))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, loc="upper left")
    return _picture(figure, f"Length of thinking by number of items. {'; '.join(said)}.")


def shares(before: Mapping[str, int], after: Mapping[str, int], names: tuple[str, str]) -> Picture:
    """Two sets' shares of each kind: bars for the first, diamonds for the second.

    Kinds stand in the order of `before`; a kind missing from `after` counts as 0.
    """
    figure, axes = _figure(6.4, 0.9 + 0.26 * len(before))
    rows = np.arange(len(before))
    first = 100 * np.array(list(before.values())) / sum(before.values())
    second = 100 * np.array([after.get(kind, 0) for kind in before]) / sum(after.values())
    axes.barh(rows, first, color="#9ecae1", edgecolor=BLUE, height=0.7, label=names[0])
    axes.plot(second, rows, "D", color=ORANGE, label=names[1])
    for row, (kind, count) in enumerate(before.items()):
        axes.annotate(f"{count:,} | {after.get(kind, 0):,}", (max(first[row], second[row]), row),
                      (8, 0), textcoords="offset points", va="center", fontsize=8, color=GREY)
    axes.set(xlabel="share, %", ylim=(len(before) - 0.4, -0.6))
    axes.set_xlim(0, 1.18 * max(*first, *second))
    axes.set_yticks(rows, before, fontsize=9)
    axes.legend(frameon=False, loc="lower right")
    said = "; ".join(f"{kind} {a:.1f}% and {b:.1f}%"
                     for kind, a, b in zip(before, first, second, strict=True))
    return _picture(figure, f"Shares in {names[0]} and in {names[1]}: {said}.")


def funnel(counts: Mapping[str, int], paper: Mapping[str, int]) -> Picture:
    """What is left after each stage, in percent of the pool, on a logarithmic axis.

    Stages stand in the order of `counts`; a stage that is missing from `paper` gets no diamond.
    """
    figure, axes = _figure(6.4, 0.9 + 0.36 * len(counts))
    whole, paper_whole = counts["pool"], paper["pool"]
    left = [100 * count / whole for count in counts.values()]
    axes.barh(range(len(counts)), left, color="#9ecae1", edgecolor=BLUE, label="our pool")
    there = [(100 * paper[stage] / paper_whole, row)
             for row, stage in enumerate(counts) if stage in paper]
    axes.plot(*zip(*there, strict=True), "D", color=ORANGE, label="the paper's pool")
    for row, (stage, count) in enumerate(counts.items()):
        text = f"{count:,}" + (f" | {paper[stage]:,}" if stage in paper else "")
        axes.annotate(text, (130, row), va="center", fontsize=9)
    axes.set(xscale="log", xlim=(1, 500), ylim=(len(counts) - 0.4, -0.6),
             xlabel="left of the pool, % (logarithmic)")
    axes.set_xticks((1, 3, 10, 30, 100), ("1", "3", "10", "30", "100"))
    axes.set_yticks(range(len(counts)), counts)
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    said = "; ".join(
        f"{stage} {count:,}" + (f" (paper {paper[stage]:,})" if stage in paper else "")
        for stage, count in counts.items()
    )
    return _picture(figure, f"Questions left after each stage: {said}.")


def lengths(sets: Mapping[str, Sequence[int]]) -> Picture:
    """How long the thinking is in each set: shares of its rows per length, as steps.

    `sets` maps a name to lengths in characters. At most three sets.
    """
    figure, axes = _figure()
    longest = max(max(values) for values in sets.values())
    edges = np.linspace(0, longest, 25)
    for (name, values), (colour, _, line) in zip(sets.items(), SERIES, strict=False):
        shares_of_rows = 100 * np.histogram(values, edges)[0] / len(values)
        axes.stairs(shares_of_rows, edges, color=colour, linestyle=line, linewidth=2,
                    label=f"{name} (median {np.median(values):.0f})")
    axes.set(xlabel="thinking, characters", ylabel="share of rows, %", ylim=(0, None))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False)
    said = "; ".join(f"{name}: median {np.median(v):.0f}" for name, v in sets.items())
    return _picture(figure, f"Length of thinking, in characters. {said}.")
