"""Figures of notebook 03: memory, the loss, full fine-tuning against LoRA.

Like those of `s1lib.notebook.plots`: every function returns a `Plot` whose alternative text is
written from the data, and no series differs from another by its colour alone.
"""

from collections.abc import Mapping, Sequence

from s1lib.notebook.plots import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    Plot,
    error_bars,
    new_figure,
    rates_of,
)
from s1lib.planning.planner import Plan

PARTS = {  # component of memory: colour, hatch
    "weights": (BLUE, ""),
    "gradients": (ORANGE, "//"),
    "optimizer": (GREEN, "\\\\"),
    "gathered": (PURPLE, ".."),
    "activations": ("#56B4E9", "xx"),
    "logits": ("#F0E442", "--"),
    "fragments": (GREY, "xx"),
    "CUDA": (GREY, ""),
}


def memory_bars(plans: Mapping[str, Plan], caption: str) -> Plot:
    """Plot memory per card by component, one bar for each plan, and what the card has."""
    figure, (axis,) = new_figure(1, 7.0, 1.3 + 0.55 * len(plans))
    words = []
    for row, (name, plan) in enumerate(plans.items()):
        left = 0.0
        for part, size in plan.parts.items():
            colour, hatch = PARTS[part]
            label = part if row == 0 else None
            axis.barh(row, size, left=left, color=colour, hatch=hatch, edgecolor="white",
                      height=0.6, label=label)  # fmt: skip
            left += size
        axis.plot([plan.free] * 2, [row - 0.4, row + 0.4], color="black", lw=2.5)
        verdict = "fits" if plan.fits else "does not fit"
        axis.annotate(f" {plan.total:.0f} of {plan.free:.0f}: {verdict}",
                      (max(left, plan.free), row), va="center", fontsize=9)  # fmt: skip
        words.append(f"{name}: {plan.total:.0f} of {plan.free:.0f} GiB, {verdict}")
    most = max(max(plan.total, plan.free) for plan in plans.values())
    axis.set(xlim=(0, 1.45 * most), ylim=(len(plans) - 0.5, -0.6), xlabel="GiB on each card")
    axis.set_yticks(range(len(plans)), plans)
    figure.legend(loc="outside upper center", ncols=7, fontsize=8, frameon=False)
    return Plot(figure, f"Memory on each card. {'; '.join(words)}.", caption)


def methods(rows: Sequence[dict], caption: str) -> Plot:
    """Plot full fine-tuning and LoRA: accuracy without and with a Wait, all seeds and each one.

    `rows` are those of `data/results/lora.json`.
    """
    names = list(dict.fromkeys(row["method"] for row in rows))
    systems = {"sft": (BLUE, "o", "no Wait"), "sft-wait-1": (ORANGE, "s", "one Wait")}
    figure, (axis,) = new_figure(1, 6.6, 3.2)
    words = []
    for shift, (system, style) in zip((-0.12, 0.12), systems.items(), strict=True):
        colour, marker, label = style
        for place, method in enumerate(names):
            mine = [r for r in rows if r["method"] == method and r["name"] == system]
            [whole] = [r for r in mine if r["seed"] == "all"]
            seeds = [100 * r["accuracy"] for r in mine if r["seed"] != "all"]
            named = label if place == 0 else None
            look = (colour, marker, "")
            error_bars(axis, [place + shift], rates_of([whole]), look, named, size=8)
            axis.plot([place + 2 * shift] * len(seeds), seeds, "_", color=colour, markersize=12)
            words.append(
                f"{method}, {label}: {whole['accuracy']:.0%} "
                f"[{whole['ci_low']:.0%}, {whole['ci_high']:.0%}]"
            )
    axis.set(ylabel="right answers, %", ylim=(0, 100), xlim=(-0.6, len(names) - 0.4))
    axis.set_xticks(range(len(names)), names)
    axis.legend(frameon=False, loc="lower right")
    return Plot(figure, f"Right answers by method. {'; '.join(words)}.", caption)


def loss_curves(tuning: list[dict], pretraining: list[dict] | None, caption: str) -> Plot:
    """Plot the fine-tuning loss per step, beside the base model's pretraining loss if known."""
    panels = [("fine-tuning", tuning, BLUE, "-")]
    if pretraining:
        panels.insert(0, ("pretraining of the base model", pretraining, GREY, "--"))
    figure, axes = new_figure(len(panels), 4.2 * len(panels) + 0.6, 3.0)
    words = []
    for axis, (title, curve, colour, line) in zip(axes, panels, strict=True):
        axis.plot([p["step"] for p in curve], [p["loss"] for p in curve], color=colour, ls=line)
        axis.set(title=title, xlabel="step", ylabel="loss, nats per trained token", ylim=(0, None))
        words.append(
            f"{title}: from {curve[0]['loss']:.2f} at step {curve[0]['step']} to "
            f"{curve[-1]['loss']:.2f} at step {curve[-1]['step']}"
        )
    return Plot(figure, "Loss against step. " + "; ".join(words) + ".", caption)
