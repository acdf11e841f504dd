"""The s1 text format, and the small tokenizer that speaks it.

s1 keeps Qwen2.5's chat template and reuses its control token `<|im_start|>` as
a delimiter inside the assistant's turn: `<|im_start|>think` opens the thinking,
`<|im_start|>answer` closes it (paper section 4.1; data/tokenization.py in the s1 repository).
"""

from jinja2 import TemplateError
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from s1lib.errors import CourseError

END_OF_TEXT, IM_START, IM_END, PAD = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_pad|>"
THINK, ANSWER = f"{IM_START}think", f"{IM_START}answer"
SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

# Qwen2.5's template without its tool branch.
TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' %}"
    "{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>system\\n" + SYSTEM + "<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in messages %}{%- if message['role'] != 'system' or not loop.first %}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build a byte-level BPE without merges: characters as tokens, digits one by one.

    Any text can be written in it. The role words and the default system prompt are one
    token each, so that the template costs a row 13 tokens and not 120.
    """
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = [END_OF_TEXT, IM_START, IM_END, PAD]
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in specials])
    words = ["system", "user", "assistant", "think", "answer", SYSTEM]
    tokenizer.add_tokens([AddedToken(w, special=False, normalized=False) for w in words])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=IM_END,
        pad_token=PAD,  # never used in text, so that masking pads cannot mask the end of a turn
        additional_special_tokens=[END_OF_TEXT, IM_START],
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )
    fast.chat_template = TEMPLATE
    return fast


def prompt_text(tokenizer: PreTrainedTokenizerBase, question: str) -> str:
    """Write system turn, user turn and the opened assistant turn, as text.

    Raises CourseError if the tokenizer has no chat template, or a damaged one.
    """
    messages = [{"role": "user", "content": question}]
    fix = f"restore the file chat_template.jinja of {tokenizer.name_or_path or 'the model'}."
    if not tokenizer.chat_template:
        raise CourseError(f"the tokenizer has no chat template: {fix}")
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except (TemplateError, TypeError) as error:
        raise CourseError(f"the chat template is damaged ({error}): {fix}") from None


def thinking_text(trajectories: list[str] | None) -> str:
    """Join a row's `thinking_trajectories` to one text, as data/tokenization.py of s1 does."""
    return "\n".join(text or "" for text in trajectories or [])


def completion_text(thinking: str | None, answer: str) -> str:
    """Write what the model is trained to write after the prompt: thinking, then answer.

    `thinking=None` gives the bare answer of a model that does not think.
    As in s1, "Answer: " is put in front of an answer that does not contain it.
    """
    answer = answer if "Answer:" in answer else f"Answer: {answer}"
    if thinking is None:
        return f"{answer}{IM_END}"
    return f"{THINK}\n{thinking}\n{ANSWER}\n{answer}{IM_END}"
