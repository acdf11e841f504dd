"""The figures: the right artists, told apart without colour, and words from the same data."""

import base64
import io
import re

import pytest
from PIL import Image

from s1lib.evaluation.conditions import Condition, in_words
from s1lib.evaluation.metrics import wilson
from s1lib.notebook import diagrams, plots, plots_training
from s1lib.planning.planner import Setup, plan


def row(name, right, n=100, tokens=0.0, limit=None, waits=0, **more):
    condition = {"name": name, "limit": limit, "waits": waits}
    return condition | {"seed": 0, "thinking_tokens": tokens} | vars(wilson(right, n)) | more


# Out of order on purpose, as limits and Waits come from a profile.
ROWS = [
    row("base-direct", 30),
    row("sft-wait-2", 70, tokens=200, limit=1024, waits=2),
    row("sft", 55, tokens=90, limit=512),
    row("sft-limit-64", 40, tokens=60, limit=64),
    row("sft-wait-1", 65, tokens=150, limit=1024, waits=1),
    row("sft-limit-8", 5, tokens=8, limit=8),
    row("sft-answers-only", 33),
]
COMPARISONS = [
    {"name": "sft-vs-base", "waits": 0, "fixed": 40, "broken": 15},
    {"name": "wait-1-vs-sft", "waits": 1, "fixed": 12, "broken": 2},
    {"name": "wait-8-vs-sft", "waits": 8, "fixed": 20, "broken": 9},
]


def drawn(axis):
    """Label -> (marker, line style, x values) of each series with interval bars."""
    return {
        c.get_label(): (c.lines[0].get_marker(), c.lines[0].get_linestyle(),
                        list(c.lines[0].get_xdata()))
        for c in axis.containers
    }  # fmt: skip


def test_curve_parts_are_in_order_and_leave_the_rest_out():
    base, limits, waits = plots.curve_parts(ROWS)
    assert base["name"] == "base-direct"
    assert [r["name"] for r in limits] == ["sft-limit-8", "sft-limit-64", "sft"]
    assert [r["name"] for r in waits] == ["sft-wait-1", "sft-wait-2"]


def test_scaling_curve_draws_limits_and_waits_apart():
    plot = plots.scaling_curve({"here": ROWS, "paper": plots.paper_rows()}, "caption")
    here, paper = plot.figure.axes
    series = drawn(here)
    assert series["thinking limit"][2] == [8, 60, 90]
    assert series["number of Waits"][2] == [150, 200]
    assert series["thinking limit"][:2] != series["number of Waits"][:2]
    assert all(c.has_yerr for c in here.containers)
    assert len(drawn(paper)["thinking limit"][2]) == 5


def test_the_base_model_is_a_dashed_line_across_and_not_a_point():
    axis = plots.scaling_curve({"here": ROWS}, "caption").figure.axes[0]
    [line] = [x for x in axis.lines if x.get_label().startswith("base")]
    assert line.get_linestyle() == "--" and list(line.get_ydata()) == [30, 30]
    assert list(line.get_xdata()) == [0, 1]  # the whole width, in parts of the axis
    assert 0 not in drawn(axis)["thinking limit"][2]


def test_scaling_curve_works_with_few_systems():
    plots.scaling_curve({"no base": ROWS[1:2]}, "c")._repr_html_()
    plots.scaling_curve(
        {"all and none": [row("sft", 100, limit=512), row("sft-limit-8", 0, limit=8)]}, "c"
    )
    plots.scaling_curve({"no Waits": [ROWS[0], ROWS[3]]}, "c")._repr_html_()


def test_paper_rows_are_the_published_numbers():
    rows = {r["name"]: r for r in plots.paper_rows()}
    percent = {name: round(100 * r["accuracy"], 1) for name, r in rows.items()}
    assert percent["base-direct"] == 26.7 and percent["sft"] == 50.0
    assert percent["sft-wait-2"] == 53.3 and percent["sft-wait-4"] == 56.7
    assert all(r["n"] == 30 for r in rows.values())


def test_fixed_and_broken_bars_differ_by_hatch_and_direction():
    plot = plots.fixed_broken(COMPARISONS, "caption")
    up, down = plot.figure.axes[0].containers
    assert [bar.get_height() for bar in up] == [12, 20]
    assert [bar.get_height() for bar in down] == [-2, -9]
    assert up[0].get_hatch() != down[0].get_hatch()
    assert "eight Waits: 20 fixed, 9 broken" in plot.alt and "40 fixed" not in plot.alt


@pytest.mark.parametrize("pretraining,panels", [(None, 1), ([], 1), ([(100, 2.0), (200, 1.0)], 2)])
def test_loss_curves_have_a_panel_for_what_there_is(pretraining, panels):
    curve = [{"step": 5, "loss": 1.5}, {"step": 10, "loss": 0.25}]
    before = pretraining and [{"step": s, "tokens": s, "loss": x} for s, x in pretraining]
    plot = plots_training.loss_curves(curve, before, "caption")
    assert len(plot.figure.axes) == panels
    assert "from 1.50 at step 5 to 0.25 at step 10" in plot.alt


def test_memory_bars_end_where_the_plan_says_and_differ_by_hatch():
    big = Setup("Qwen/Qwen2.5-32B-Instruct", gpus=16)
    plans = {"fits": plan(big, "H100"), "does not": plan(big, "RTX 4090")}
    plot = plots_training.memory_bars(plans, "caption")
    axis = plot.figure.axes[0]
    ends = {}
    for bar in axis.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        ends[row] = max(ends.get(row, 0), bar.get_x() + bar.get_width())
    assert ends == pytest.approx({0: plans["fits"].total, 1: plans["does not"].total})
    assert len({(b.get_facecolor(), b.get_hatch()) for b in axis.patches}) == 8
    assert "fits: 58 of 80 GiB, fits" in plot.alt and "24 GiB, does not fit" in plot.alt


def test_methods_show_every_seed_and_the_pooled_interval():
    rows = [row(name, right, method=method) | {"seed": seed}
            for method, base in (("full", 50), ("lora-4", 40))
            for name, more in (("sft", 0), ("sft-wait-1", 30))
            for seed, right in ((0, base + more - 2), (1, base + more + 2), ("all", base + more))
            ]  # fmt: skip
    plot = plots_training.methods(rows, "caption")
    axis = plot.figure.axes[0]
    assert [t.get_text() for t in axis.get_xticklabels()] == ["full", "lora-4"]
    seeds = [list(line.get_ydata()) for line in axis.lines if line.get_markersize() == 12]
    assert seeds == [[48, 52], [38, 42], [78, 82], [68, 72]]
    assert "lora-4, one Wait: 70%" in plot.alt


def test_family_dots_name_the_control_and_differ_by_marker():
    rows = [row(s, 40 + 10 * i, family=f) for f in ("cups", "sum") for i, s in
            enumerate(("base-direct", "sft", "sft-wait-1"))]  # fmt: skip
    axis = plots.family_dots(rows, "caption").figure.axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["sum", "cups (control)"]
    assert len({marker for marker, _, _ in drawn(axis).values()}) == 3
    assert all(c.has_xerr for c in axis.containers)


def test_sweep_curve_has_a_line_per_system():
    rows = [row(s, 50, early_stop=e) for e in (0.4, 0.0) for s in ("sft", "sft-wait-1")]
    series = drawn(plots.sweep_curve(rows, "caption").figure.axes[0])
    assert [s[2] for s in series.values()] == [[0.0, 0.4]] * 2
    assert len({s[:2] for s in series.values()}) == 2


def test_the_words_say_what_the_figure_says():
    alt = plots.scaling_curve({"here": ROWS}, "caption").alt
    assert "limit 8: 5% [2% to 11%] at 8 tokens" in alt
    assert "two Waits: 70% [60% to 78%] at 200 tokens" in alt
    assert "base model: 30% [22% to 40%]" in alt


def test_a_plot_shows_itself_as_an_image_with_escaped_words():
    plot = plots.scaling_curve({"<b>\"'": ROWS}, "<script>alert(1)</script>")
    page = plot._repr_html_()
    assert "<script>" not in page and "<b>" not in page
    [alt] = re.findall(r'<img alt="([^"]*)"', page)
    assert alt.startswith("Accuracy against thinking tokens.")
    data = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 40_000


@pytest.mark.parametrize(
    "condition,words",
    [
        (Condition("base-direct", None), "base, no thinking"),
        (Condition("sft", 512), "stops by itself"),
        (Condition("sft-limit-64", 64), "limit 64"),
        (Condition("sft-wait-1", 1024, 1), "one Wait"),
        (Condition("sft-wait-4", 1024, 4, "Hmm"), "four Hmms"),
        (Condition("sft-wait-2", 1024, 2, None), "two ignored ends"),
        (Condition("sft-wait-7", 1024, 7), "7 Waits"),
        (Condition("sft-answers-only", None), "fine-tuned on answers only"),
    ],
)
def test_conditions_are_told_in_words(condition, words):
    assert in_words(condition.fields) == words


def test_low_rates_fill_their_axis_and_high_ones_have_the_whole():
    _, axes = plots.new_figure(2, 4)
    plots.fit_percent(axes[0], [wilson(5, 100), wilson(17, 100)])
    plots.fit_percent(axes[1], [wilson(5, 100), wilson(80, 100)])
    assert axes[0].get_ylim()[1] < 40 and axes[1].get_ylim()[1] == 105


STRIP = [[("37.", "thinking"), ("the end", "removed"), ("Wait", "forced"), ("41.", "answer")]]


@pytest.mark.parametrize(
    "plot,words",
    [
        (diagrams.pipeline([("curate", "1,000 rows", "of 59,029")], "c"), "curate: 1,000 rows"),
        (diagrams.automaton("c"), "From thinking to answer"),
        (diagrams.token_strip(STRIP, "c"), "37. [the end, taken out] [Wait, forced] 41."),
        (diagrams.loss_mask([("question", False), ("thinking", True)], "c"), "thinking: counts"),
        (diagrams.batches([10, 30, 10, 30], 2, "c"), "batches of 2: 0% of the computed tokens"),
    ],
    ids=["pipeline", "automaton", "token strip", "loss mask", "batches"],
)
def test_diagrams_say_in_words_what_they_draw(plot, words):
    assert words in plot.alt and "<img alt=" in plot._repr_html_()


def test_before_and_after_are_told_apart_by_marker_and_number():
    plot = plots.before_after([("a Wait", 50.0, 53.3), ("a cut", 50.0, 30.0)], "c")
    [axis] = plot.figure.axes
    assert {line.get_marker() for line in axis.lines} >= {"o", "s"}
    assert [text.get_text() for text in axis.texts] == ["+3.3", "-20.0"]
    assert "a cut: from 50.0 to 30.0" in plot.alt


def test_batches_count_the_padding():
    assert "one batch: 33% of the computed tokens" in diagrams.batches([10, 30, 10, 30], 2, "c").alt
