"""TRL's trainer with the course's two settings: how rows are drawn, and what a row weighs.

The loss of a step is a mean over all its tokens that count (`loss_weight = "token"`), or the mean
of its rows' own means (`"row"`). With one row on each GPU and transformers 4.46, the paper's code
computed the second: each GPU took the mean of its row, and their gradients were averaged. Then
each token of a short row counts for more than one of a long row.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.trainer_pt_utils import BatchRebalanceSampler
from trl import SFTTrainer

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.inference.checksums import write_checksums

LOSS_WEIGHTS = ("row", "token")


def check_step(profile: Profile) -> None:
    """Check that a step holds the rows, and its loss the weights, that the profile asks for.

    Raises CourseError if other settings would silently change them, and names the setting.
    """
    weight, sft, parts = profile.loss_weight, profile.sft, _parts_of_a_row()
    if parts > 1 and sft.get("train_sampling_strategy") == "batch_rebalance":
        raise CourseError(
            f"each row is to be spread over {parts} processes (context, sequence or tensor "
            'parallelism), and with "batch_rebalance" each of them would draw rows of its own: '
            'take train_sampling_strategy = "random", or leave parallelism_config out of the '
            "configuration of `accelerate launch`."
        )
    if weight not in LOSS_WEIGHTS:
        known = " or ".join(f'"{name}"' for name in LOSS_WEIGHTS)
        raise CourseError(f'loss_weight is "{weight}" in the profile {profile.name}: take {known}.')
    if weight == "token":
        return
    wrong = {
        "packing = true puts several rows into one": sft.get("packing"),
        "padding_free = true puts several rows into one": sft.get("padding_free"),
        'loss_type = "dft" weighs tokens by itself': sft.get("loss_type", "nll") != "nll",
        "label_smoothing_factor is a loss over tokens": sft.get("label_smoothing_factor"),
        "average_tokens_across_devices = false does not count the other processes' rows": (
            not sft.get("average_tokens_across_devices", True)
        ),
        "context, sequence and tensor parallelism cut rows into parts": parts > 1,
    }
    for reason, found in wrong.items():
        if found:
            raise CourseError(
                f'loss_weight = "row" cannot be computed here: {reason}. Change that setting, or '
                f'take loss_weight = "token" in the profile {profile.name}.'
            )


def _parts_of_a_row() -> int:
    """Over how many processes `accelerate launch` was told to spread each row."""
    if os.environ.get("ACCELERATE_USE_PARALLELISM_CONFIG", "false").lower() != "true":
        return 1
    sizes = (os.environ.get(f"PARALLELISM_CONFIG_{kind}_SIZE", "1") for kind in ("CP", "SP", "TP"))
    return max(map(int, sizes))


def counts(labels: torch.Tensor) -> torch.Tensor:
    """Tell which tokens of `labels` [rows, length] are learned: all but the first of a row, which
    nothing predicts, and those marked -100. Returns a mask [rows, length - 1]."""
    return labels[:, 1:] != -100


def rows_alike(model: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a model so that the log-probabilities of each row are divided by the row's tokens.

    Their sum over a step, divided by its rows, is then the mean of the rows' means.
    """

    def forward(**inputs: Any) -> Any:
        outputs = model(**inputs)
        if inputs.get("fused_lm_head"):  # else these are logits, which TRL only measures
            tokens = counts(inputs["labels"]).sum(dim=1, keepdim=True)
            outputs.log_probs = outputs.log_probs / tokens.clamp(min=1)
        return outputs

    return forward


class Checksums(TrainerCallback):
    """Writes the checksums of each checkpoint, when all its files are there."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            write_checksums(Path(args.output_dir) / f"checkpoint-{state.global_step}")


class Trainer(SFTTrainer):
    """TRL's trainer: the rows of its steps are drawn by the seed, and `loss_weight` is a choice."""

    def __init__(self, *args: Any, loss_weight: str = "token", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loss_weight = loss_weight

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        sampler = super()._get_train_sampler(train_dataset)
        if isinstance(sampler, BatchRebalanceSampler):
            sampler.seed = self.args.seed  # its own is always the same
        return sampler

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> Any:
        """Count what a step's loss is divided by, over all its batches and processes."""
        if self.loss_weight == "row":  # one label for each row that has any: its count is of rows
            has_any = [counts(batch["labels"]).any(dim=1) for batch in batch_samples]
            batch_samples = [
                batch | {"shift_labels": torch.where(some, 0, -100)}
                for batch, some in zip(batch_samples, has_any, strict=True)
            ]
        return super()._get_num_items_in_batch(batch_samples, device)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return a batch's part of the step's loss, in nats per token or per row's mean."""
        if self.loss_weight == "row":
            model = rows_alike(model)
            if num_items_in_batch is None:  # an evaluation: this batch alone
                num_items_in_batch = counts(inputs["labels"]).any(dim=1).sum()
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
