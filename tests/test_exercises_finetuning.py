"""The exercise on the loss mask asks for what our training really does."""

from s1lib.config import load_profile
from s1lib.exercises.lesson_03 import trl_batch
from s1lib.finetuning import run as sft
from s1lib.inference.hf import load
from s1lib.io import DATA, read_rows


def test_the_expected_labels_are_those_of_the_trainer(tmp_path):
    model, tokenizer = load(DATA / "base")
    rows = sorted(read_rows(DATA / "curated.jsonl"), key=lambda row: len(str(row)))[:3]
    data = sft.training_set(rows, tokenizer)
    trainer = sft.make_trainer(model, tokenizer, data, load_profile("smoke"), tmp_path)
    batch = trainer.data_collator(list(trainer.train_dataset))
    pairs = [
        tuple(tokenizer.encode(text, add_special_tokens=False) for text in row.values())
        for row in data
    ]
    ids, labels = trl_batch(pairs, tokenizer.pad_token_id)
    assert ids == batch["input_ids"].tolist() and labels == batch["labels"].tolist()
    assert len({len(prompt + completion) for prompt, completion in pairs}) > 1  # one is padded
