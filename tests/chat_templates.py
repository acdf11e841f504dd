"""Chat templates of our own, one for each family, that behave as the family's published one does.

`FAMILIES` holds what each must be taken for. `P` is what the model is fed after the question's turn
when it thinks, `D` when it answers directly: the template's text and our marks.
"""

from typing import NamedTuple

from tokenizers import AddedToken

from s1lib.chat import TEMPLATE, build_tokenizer


class Family(NamedTuple):
    template: str
    form: str
    P: str
    D: str
    end: str  # of the model's turn
    tokens: tuple[str, ...] = ()
    eos: str = "<|im_end|>"
    pad: str = "<|endoftext|>"


TAGS = ("<think>", "</think>")
TURNS = (
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' }}"
    "{%- if m['role'] == 'assistant' and '</think>' in m['content'] %}"
    "{{- m['content'].split('</think>')[-1] }}{%- else %}{{- m['content'] }}{%- endif %}"
    "{{- '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
)
SYSTEM = "{{- '<|im_start|>system\nYou are a helpful AI assistant.<|im_end|>\n' }}"
CHATML = TURNS.replace("{%- if m['role'] == 'assistant' and '</think>' in m['content'] %}"
    "{{- m['content'].split('</think>')[-1] }}{%- else %}{{- m['content'] }}{%- endif %}",
    "{{- m['content'] }}")  # fmt: skip
EMPTY = "<think>\n\n</think>\n\n"
A = "<|im_end|>\n<|im_start|>assistant\n"
LLAMA = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|begin_of_text|>"
DEEPSEEK = "<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"
R1 = (
    "{{- '<｜begin▁of▁sentence｜>' }}{%- for m in messages %}{%- if m['role'] == 'user' %}"
    "{{- '<｜User｜>' + m['content'] }}{%- else %}{{- '<｜Assistant｜>' }}"
    "{{- m['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<｜Assistant｜>' }}"
)
HEADERS = (
    "{{- '<|begin_of_text|>' }}{%- for m in messages %}{{- '<|start_header_id|>' + m['role'] + "
    "'<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
)
GEMMA = (
    "{{- '<bos>' }}{%- for m in messages %}{%- if m['role'] == 'system' %}"
    "{{- raise_exception('no system role') }}{%- endif %}{{- '<start_of_turn>' + "
    "('model' if m['role'] == 'assistant' else m['role']) + '\n' + m['content'] | trim + "
    "'<end_of_turn>\n' }}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<start_of_turn>model\n' }}"
)
GEMMA_4 = (
    "{{- '<bos>' }}{%- if enable_thinking %}"
    "{{- '<|turn>system\n<|think|>\n<turn|>\n' }}{%- endif %}"
    "{%- for m in messages %}{{- '<|turn>' + ('model' if m['role'] == 'assistant' else m['role'])"
    " + '\n' }}{%- if m.reasoning %}{{- '<|channel>thought\n' + m.reasoning + '\n<channel|>' }}"
    "{%- endif %}{{- m['content'] + '<turn|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|turn>model\n' }}"
)
MISTRAL = (
    "{%- for m in messages %}{%- if m['role'] == 'user' %}{{- '[INST] ' + m['content'] + "
    "' [/INST]' }}{%- else %}{{- ' ' + m['content'] + '</s>' }}{%- endif %}{%- endfor %}"
)
MAGISTRAL = (
    "{{- '[SYSTEM_PROMPT]First draft your thinking: [THINK]Your thoughts[/THINK]Then the answer."
    "[/SYSTEM_PROMPT]' }}{%- for m in messages %}{%- if m['role'] == 'user' %}"
    "{{- '[INST]' + m['content'] + '[/INST]' }}{%- else %}{{- m['content'] + '</s>' }}"
    "{%- endif %}{%- endfor %}"
)
PHI_4 = (
    "{{- '<|im_start|>system<|im_sep|>Use the format: <think> {Thought} </think> {Solution}"
    "<|im_end|>' }}{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '<|im_sep|>' + "
    "m['content'] + '<|im_end|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant<|im_sep|>' }}"
)
GLM = (
    "{{- '[gMASK]<sop>' }}{%- for m in messages %}{{- '<|' + m['role'] + '|>\n' }}"
    "{%- if m['role'] == 'assistant' %}{{- '<think></think>\n' + m['content'] }}{%- else %}"
    "{{- m['content'] }}{%- if enable_thinking is defined and not enable_thinking %}"
    "{{- '/nothink' }}{%- endif %}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<|assistant|>' }}{%- if enable_thinking is defined and not enable_thinking %}"
    "{{- '\n<think></think>' }}{%- endif %}"
)
NEMOTRON = (
    "{%- set ns = namespace(think=true) %}{%- for m in messages %}{%- if '/no_think' in "
    "m['content'] %}{%- set ns.think = false %}{%- endif %}{%- endfor %}"
    "{{- '<SPECIAL_10>System\n\n' }}{%- for m in messages %}{%- if m['role'] == 'user' %}"
    "{{- '<SPECIAL_11>User\n' + m['content'].replace('/no_think', '') + '\n' }}{%- else %}"
    "{{- '<SPECIAL_11>Assistant\n' + m['content'] + '\n<SPECIAL_12>\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<SPECIAL_11>Assistant\n' }}{%- if ns.think %}"
    "{{- '<think>\n' }}{%- else %}{{- '<think></think>' }}{%- endif %}"
)
EXAONE = (
    "{%- for m in messages %}{{- '[|' + m['role'] + '|]' + m['content'].split('</thought>')[-1] + "
    "'[|endofturn|]\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '[|assistant|]<thought>\n' }}"
)
SWITCH_OFF = "{%- if enable_thinking is defined and enable_thinking is false %}"
SWITCH_ON = "{%- if enable_thinking is defined and enable_thinking is true %}"
FI, OPEN = "{%- endif %}", "{{- '<think>\n' }}"
SHUT = "{{- '" + EMPTY + "' }}"

FAMILIES = {
    "Qwen2.5": Family(TEMPLATE, "plain", A, A, "<|im_end|>"),
    "s1": Family(TEMPLATE, "s1", A + "<|im_start|>think", A, "<|im_end|>", pad="<|fim_pad|>"),
    "Qwen3": Family(
        TURNS + SWITCH_OFF + SHUT + FI + FI, "think-tags", A + "<think>", A + EMPTY, "<|im_end|>",
        TAGS,
    ),
    "Qwen3-Instruct": Family(CHATML + FI, "plain", A, A, "<|im_end|>", TAGS),
    "Qwen3.5": Family(
        TURNS + SWITCH_OFF + SHUT + "{%- else %}" + OPEN + FI + FI, "opened-by-template",
        A + "<think>\n", A + EMPTY, "<|im_end|>", TAGS,
    ),
    "Qwen3.5, small": Family(
        TURNS + SWITCH_ON + OPEN + "{%- else %}" + SHUT + FI + FI, "opened-by-template",
        A + "<think>\n", A + EMPTY, "<|im_end|>", TAGS,
    ),
    "QwQ": Family(
        TURNS + OPEN + FI, "opened-by-template", A + "<think>\n", A + EMPTY, "<|im_end|>", TAGS
    ),
    "SmolLM2": Family(
        SYSTEM + CHATML + FI, "plain", A, A, "<|im_end|>", eos="<|endoftext|>"
    ),
    "SmolLM3": Family(
        SYSTEM + TURNS + SWITCH_OFF + SHUT + FI + FI, "think-tags", A + "<think>", A + EMPTY,
        "<|im_end|>", TAGS,
    ),
    "DeepSeek-R1-Distill": Family(
        R1 + OPEN + FI, "opened-by-template", "<｜Assistant｜><think>\n", "<｜Assistant｜>" + EMPTY,
        "<｜end▁of▁sentence｜>", TAGS + DEEPSEEK, "<｜end▁of▁sentence｜>",
    ),
    "DeepSeek-V3.1": Family(
        R1 + "{{- '<think>' if thinking else '</think>' }}" + FI, "opened-by-template",
        "<｜Assistant｜><think>", "<｜Assistant｜></think>",
        "<｜end▁of▁sentence｜>", TAGS + DEEPSEEK, "<｜end▁of▁sentence｜>",
    ),
    "Nemotron": Family(
        NEMOTRON + FI, "opened-by-template", "\n<SPECIAL_11>Assistant\n<think>\n",
        "\n<SPECIAL_11>Assistant\n" + EMPTY, "<SPECIAL_12>",
        (*TAGS, "<SPECIAL_10>", "<SPECIAL_11>", "<SPECIAL_12>"), "<SPECIAL_12>",
    ),
    "Phi-4-reasoning": Family(
        PHI_4 + FI, "think-tags", "<|im_end|><|im_start|>assistant<|im_sep|><think>",
        "<|im_end|><|im_start|>assistant<|im_sep|>" + EMPTY, "<|im_end|>", (*TAGS, "<|im_sep|>"),
    ),
    "GLM-4.5": Family(
        GLM + FI, "think-tags", "<|assistant|><think>", "/nothink<|assistant|>\n<think></think>",
        "<|endoftext|>", (*TAGS, "<|user|>", "<|assistant|>"), "<|endoftext|>",
    ),
    "EXAONE Deep": Family(
        EXAONE + FI, "opened-by-template", "[|endofturn|]\n[|assistant|]<thought>\n",
        "[|endofturn|]\n[|assistant|]<thought>\n\n</thought>\n\n", "[|endofturn|]",
        ("<thought>", "</thought>", "[|endofturn|]"), "[|endofturn|]",
    ),
    "Magistral": Family(
        MAGISTRAL, "think-tags", "[/INST][THINK]", "[/INST][THINK]\n\n[/THINK]\n\n", "</s>",
        ("[THINK]", "[/THINK]", "[INST]", "[/INST]", "</s>"), "</s>",
    ),
    "Mistral": Family(
        MISTRAL, "plain", " [/INST]", " [/INST]", "</s>", ("[INST]", "[/INST]", "</s>"), "</s>"
    ),
    "Llama-3.1": Family(
        HEADERS + FI, "plain",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", LLAMA,
        "<|eot_id|>",
    ),
    "Gemma": Family(
        GEMMA + FI, "plain", "<end_of_turn>\n<start_of_turn>model\n",
        "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>",
        ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"), "<eos>",
    ),
    "Gemma 4": Family(
        GEMMA_4 + FI, "think-tags", "<turn|>\n<|turn>model\n<|channel>thought",
        "<turn|>\n<|turn>model\n", "<turn|>",
        ("<bos>", "<eos>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>"), "<eos>",
    ),
}  # fmt: skip

# gpt-oss's harmony: channels, and a template that opens a message, not the text in it.
HARMONY = (
    "{%- for m in messages %}{{- '<|start|>' + m['role'] + ('<|channel|>final' if m['role'] == "
    "'assistant' else '') + '<|message|>' + m['content'] + '<|end|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}"
)
PICTURES = (
    "{%- for m in messages %}{{- m['role'] + ': ' }}{%- for part in m['content'] %}"
    "{%- if part.type == 'text' %}{{- part.text }}{%- endif %}{%- endfor %}{%- endfor %}"
)


def tokenizer_for(family: Family, leave_out: tuple[str, ...] = ()):
    """A tokenizer of characters with the family's template and control tokens."""
    tokenizer = build_tokenizer()
    new = [t for t in family.tokens if t not in leave_out]
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in new])
    tokenizer.eos_token, tokenizer.pad_token = family.eos, family.pad
    tokenizer.chat_template = family.template
    return tokenizer
