"""Pretraining: what is shipped, and that an interrupted run ends like an uninterrupted one."""

import torch

from s1lib.chat import SYSTEM, build_tokenizer, completion_text, prompt_text
from s1lib.io import DATA
from s1lib.toyworld.pretrain import PretrainConfig, batches, build_model, pretrain

TINY = PretrainConfig(
    steps=6, tokens_per_step=2048, hidden=64, layers=1, heads=1, intermediate=64, save_every=2
)


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path):
    whole, _ = pretrain(TINY, tmp_path / "whole", lambda text: None)

    class Stop(Exception):
        pass

    import s1lib.toyworld.pretrain as module

    original = module.save_checkpoint

    def stop_after_first(path, model, optimizers, step, losses):
        original(path, model, optimizers, step, losses)
        if step == 4:
            raise Stop

    module.save_checkpoint = stop_after_first
    try:
        pretrain(TINY, tmp_path / "cut", lambda text: None)
        raise AssertionError("it was not interrupted")
    except Stop:
        pass
    finally:
        module.save_checkpoint = original
    resumed, _ = pretrain(TINY, tmp_path / "cut", lambda text: None)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_model_is_small_and_has_heads_of_64():
    tokenizer = build_tokenizer()
    model = build_model(PretrainConfig(), tokenizer)
    assert sum(p.numel() for p in model.parameters()) <= 1_200_000
    assert model.config.hidden_size // model.config.num_attention_heads == 64
    shipped = DATA / "base" / "model.safetensors"
    assert shipped.stat().st_size <= 5_000_000
    assert (DATA / "base" / "README.md").exists() and (DATA / "base" / "loss.json").exists()


def test_batches_are_a_function_of_the_seed():
    tokenizer = build_tokenizer()
    first, second = (next(batches(TINY, tokenizer)) for _ in range(2))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])


def test_the_tokenizer_writes_characters_and_any_text():
    tokenizer = build_tokenizer()

    def ids(text):
        return tokenizer.encode(text, add_special_tokens=False)

    assert len(ids("2026")) == 4 and len(ids("Wait")) == 4
    for text in ("How many r in raspberry?", "naïve ✓ \x00 \u202e", "a\n\nb  c"):
        assert tokenizer.decode(ids(text)) == text
    assert len(ids(prompt_text(tokenizer, ""))) < 20
    assert ids(SYSTEM) == [ids(SYSTEM)[0]]


def test_the_template_is_qwens():
    from trl.chat_template_utils import qwen2_5_chat_template

    tokenizer = build_tokenizer()
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]
    for chat in (messages[:1], messages, [{"role": "system", "content": "S"}, *messages]):
        for prompt in (True, False):
            ours = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=prompt)
            theirs = tokenizer.apply_chat_template(
                chat,
                tokenize=False,
                add_generation_prompt=prompt,
                chat_template=qwen2_5_chat_template,
            )
            assert ours == theirs


def test_the_s1_text_format():
    assert completion_text("Hm.", "12") == (
        "<|im_start|>think\nHm.\n<|im_start|>answer\nAnswer: 12<|im_end|>"
    )
    assert completion_text(None, "Answer: 12") == "Answer: 12<|im_end|>"
