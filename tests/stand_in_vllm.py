"""In the place of the package `vllm`, which needs a GPU: the calls that the driver makes.

transformers runs the model, greedily, on the CPU. A setting that the driver or a profile should
come to pass and that is not known here fails. The real engine is tested in tests/vllm_cpu.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

from s1lib.inference.hf import left_pad

TokensPrompt = dict


@dataclass
class SamplingParams:
    """What `s1lib.inference.vllm.sampling_params` gives."""

    max_tokens: int
    min_tokens: int
    stop_token_ids: list[int]
    logit_bias: dict[int, float]
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    presence_penalty: float
    frequency_penalty: float
    repetition_penalty: float
    seed: int | None
    skip_special_tokens: bool


class LLM:
    """A model that writes several texts at once. `opened` remembers each and its settings."""

    opened: list[tuple[str, dict]] = []

    def __init__(
        self,
        model: str,
        *,
        trust_remote_code: bool,
        dtype: str,
        max_model_len: int,
        tensor_parallel_size: int = 1,
    ) -> None:
        about = {"dtype": dtype, "tensor_parallel_size": tensor_parallel_size}
        LLM.opened.append((model, about | {"max_model_len": max_model_len}))
        chosen = {"dtype": dtype, "trust_remote_code": trust_remote_code}
        self.model = AutoModelForCausalLM.from_pretrained(model, **chosen).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        size = self.model.config.vocab_size
        assert max_model_len <= self.model.config.max_position_embeddings
        self.llm_engine = SimpleNamespace(
            model_config=SimpleNamespace(max_model_len=max_model_len, get_vocab_size=lambda: size),
            engine_core=SimpleNamespace(shutdown=lambda: None),
        )

    def get_tokenizer(self):
        return self.tokenizer

    @torch.inference_mode()
    def generate(self, prompts: list[dict], params: list[SamplingParams], use_tqdm: bool):
        """Continue each prompt up to and with its stop token, or to its number of tokens."""
        first = params[0]
        assert all(p.temperature == 0 and p.repetition_penalty == 1 for p in params)
        assert all((p.logit_bias, p.min_tokens) == (first.logit_bias, first.min_tokens)
                   for p in params), "a call's requests are alike"  # fmt: skip
        bias = torch.zeros(self.model.config.vocab_size)
        bias[list(first.logit_bias)] = torch.tensor(list(first.logit_bias.values()))
        ids, mask = left_pad([p["prompt_token_ids"] for p in prompts], self.model.device)
        out = self.model.generate(
            ids, attention_mask=mask, do_sample=False, eos_token_id=first.stop_token_ids,
            pad_token_id=first.stop_token_ids[0], max_new_tokens=max(p.max_tokens for p in params),
            min_new_tokens=first.min_tokens or None,
            logits_processor=LogitsProcessorList([lambda ids, logits: logits.float() + bias]),
        )[:, ids.shape[1] :].tolist()  # fmt: skip
        new = [row[: p.max_tokens] for row, p in zip(out, params, strict=True)]
        return [SimpleNamespace(outputs=[SimpleNamespace(token_ids=row)]) for row in new]
