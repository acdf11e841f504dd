"""Sizes of models and of cards, for the planner."""

from dataclasses import dataclass
from pathlib import Path

from s1lib.errors import CourseError


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder with grouped-query attention and a gated MLP."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head: int  # size of a head
    vocabulary: int
    tied: bool  # one matrix for embedding and output
    gated: bool = True  # MPT's MLP is not

    @property
    def linear(self) -> list[tuple[int, int]]:
        """(in, out) of the matrices of one layer."""
        query, value = self.heads * self.head, self.kv_heads * self.head
        attention = [(self.hidden, query), *[(self.hidden, value)] * 2, (query, self.hidden)]
        up = [(self.hidden, self.intermediate)] * (2 if self.gated else 1)
        return [*attention, *up, (self.intermediate, self.hidden)]

    @property
    def in_layers(self) -> int:
        """Parameters of all layers' matrices."""
        return self.layers * sum(i * o for i, o in self.linear)

    @property
    def embedding(self) -> int:
        """Parameters of embedding and output."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """All parameters, but for norms and biases: a thousandth."""
        return self.in_layers + self.embedding

    @property
    def multiplied(self) -> int:
        """Parameters a token is multiplied with: looking up its embedding costs nothing."""
        return self.in_layers + self.vocabulary * self.hidden

    def adapters(self, rank: int) -> int:
        """Count the parameters of LoRA adapters of this rank on all linear layers."""
        return self.layers * sum(rank * (i + o) for i, o in self.linear)


SHAPES = {  # from each model's config.json
    "Qwen/Qwen2.5-0.5B-Instruct": Shape(24, 896, 4864, 14, 2, 64, 151936, True),
    "Qwen/Qwen2.5-1.5B-Instruct": Shape(28, 1536, 8960, 12, 2, 128, 151936, True),
    "Qwen/Qwen2.5-3B-Instruct": Shape(36, 2048, 11008, 16, 2, 128, 151936, True),
    "Qwen/Qwen2.5-7B-Instruct": Shape(28, 3584, 18944, 28, 4, 128, 152064, False),
    "Qwen/Qwen2.5-14B-Instruct": Shape(48, 5120, 13824, 40, 8, 128, 152064, False),
    "Qwen/Qwen2.5-32B-Instruct": Shape(64, 5120, 27648, 40, 8, 128, 152064, False),
    "Qwen/Qwen2.5-72B-Instruct": Shape(80, 8192, 29568, 64, 8, 128, 152064, False),
}


def shape_of(model: str | Path) -> Shape:
    """Return the sizes of a model: known here, or from its `config.json` on disk or on the hub.

    Raises CourseError if it can be found nowhere.
    """
    if str(model) in SHAPES:
        return SHAPES[str(model)]
    from transformers import AutoConfig

    try:
        c = AutoConfig.from_pretrained(model, trust_remote_code=False)
        head = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        sizes = (c.num_hidden_layers, c.hidden_size, c.intermediate_size, c.num_attention_heads)
        kv_heads = getattr(c, "num_key_value_heads", None) or c.num_attention_heads
        return Shape(*sizes, kv_heads, head, c.vocab_size, bool(c.tie_word_embeddings))
    except (OSError, ValueError, AttributeError) as error:
        raise CourseError(
            f"the sizes of {model} are not known ({type(error).__name__}): check the name and the "
            "network, or choose one of " + ", ".join(SHAPES) + "."
        ) from None


@dataclass(frozen=True)
class Card:
    """A GPU: what it holds (GiB) and how fast it is (TFLOP/s, TB/s, TB/s to its neighbours)."""

    memory: float
    matmul: float  # bf16 products, as measured; else 85% of the data sheet
    attention: float  # flash attention, version 2
    bandwidth: float
    link: float
    bf16: bool = True  # computes in bfloat16


# Products, where a dot says measured: the "Maximum Achievable Matmul FLOPS" tables of
# github.com/stas00/ml-engineering and github.com/mag-/gpu_benchmark. Attention: FlashAttention-2
# reaches about 200 TFLOP/s on an A100 (arXiv 2307.08691) and 35% of the data sheet on an H100
# (arXiv 2407.08608); else half of the products' rate. Memory and links: data sheets; a link
# between cards reaches 80% of its own.
CARDS = {
    "T4": Card(15, 0.85 * 65, 27, 0.32, 0.012, bf16=False),
    "L4": Card(22, 91.4, 46, 0.3, 0.025),  # .
    "A10G": Card(22, 69.7, 35, 0.6, 0.025),  # .
    "RTX 3090": Card(24, 78, 39, 0.936, 0.025),  # .
    "RTX 4090": Card(24, 178.5, 89, 1.008, 0.025),  # .
    "A6000": Card(48, 0.85 * 155, 65, 0.768, 0.045),
    "L40S": Card(45, 252, 126, 0.864, 0.025),  # .
    "A100 40GB": Card(40, 267.9, 200, 1.555, 0.24),  # .
    "A100 80GB": Card(80, 267.9, 200, 2.039, 0.24),  # .
    "H100 PCIe": Card(79.6, 499.5, 250, 2.0, 0.05),  # .
    "H100": Card(79.6, 792.1, 346, 3.35, 0.36),  # .
    "H200": Card(140, 792.1, 346, 4.8, 0.36),
}


def card_named(name: str) -> str:
    """Find the entry of CARDS for a name as the driver gives it ("NVIDIA H100 80GB HBM3").

    Raises CourseError for a card that is not in the table.
    """
    words = name.replace("-", " ").replace("RTX A6000", "A6000").split()
    found = [key for key in CARDS if all(w in words or w in name for w in key.split())]
    if not found:
        raise CourseError(
            f"the speed of {name} is not known: add a Card for it to "
            "s1lib.planning.model_shapes.CARDS."
        )
    return max(found, key=len)
