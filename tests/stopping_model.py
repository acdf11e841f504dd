"""A random Qwen2 that stops of itself now and then: what a test can save, load and train.

A model with random weights almost never writes the one token that ends its thinking. Here the
hidden states have one number that is always the same, and the output row of each stop token reads
that number, so that stops win at a chosen share of all places.
"""

from collections.abc import Iterable
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM


@torch.no_grad()
def stopping_model(
    tokenizer: Any, stops: Iterable[int], share: float = 0.3, context: int = 700, seed: int = 0
) -> Qwen2ForCausalLM:
    """Make the model, in float32, with more embeddings than the tokenizer has tokens, as Qwen2.5's.

    `share` is the chance, at each place of a random text, that the likeliest token is a stop.
    """
    torch.manual_seed(seed)
    used, stops = len(tokenizer), sorted(stops)
    config = Qwen2Config(
        vocab_size=(used // 128 + 2) * 128, hidden_size=16, intermediate_size=32,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
        max_position_embeddings=context, tie_word_embeddings=False, initializer_range=0.6,
        bos_token_id=None, eos_token_id=None, pad_token_id=None,
    )  # fmt: skip
    model = Qwen2ForCausalLM(config).eval()
    for layer in model.model.layers:  # nothing is added to the first number
        layer.self_attn.o_proj.weight[0] = 0
        layer.mlp.down_proj.weight[0] = 0
    model.model.embed_tokens.weight[:, 0] = 4.0
    model.lm_head.weight[:, 0] = 0
    texts = torch.randint(used, (64, 8))
    states = model.model(texts).last_hidden_state.flatten(0, 1)
    logits = model.lm_head(states)
    own = logits[:, stops].max(dim=-1).values
    logits[:, stops] = logits[:, used:] = float("-inf")
    lead = (logits.max(dim=-1).values - own) / states[:, 0]  # what a stop lacks to win
    model.lm_head.weight[stops, 0] = lead.quantile(share)
    return model
