"""What a teacher's reply says: thinking, answer, how it ended, and how many tokens it took.

Whatever a service states is checked here: text is made storable, the key is taken out of it, and a
count of tokens that cannot be true is not taken for one.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from google.genai import types

from s1lib.config import TeacherConfig
from s1lib.errors import printable
from s1lib.services.failures import Kind, ServiceError, failure_from, without_key

FINISHED = ("STOP", "stop")
GEMINI_COUNTS = ("promptTokenCount", "thoughtsTokenCount", "candidatesTokenCount")
MAX_PROMPT_TOKENS = 1 << 20  # more than any question has
MOST_BYTES_PER_TOKEN = 32  # on average; text that claims fewer tokens was not counted
OPENED = re.compile(r"\s*<(think|thinking)>(.*?)</\1>(.*)", re.S)
CLOSED = re.compile(r"(.*?)</(?:think|thinking)>(.*)", re.S)


@dataclass(frozen=True)
class Reply:
    """What a service returned: an answer, or a failure with its reason and kind.

    Counts of tokens are None where the service states none that can be true.
    """

    thinking: str | None = None
    thinking_kind: str | None = None
    attempt: str | None = None
    failure: str | None = None
    failure_kind: Kind | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    thinking_tokens: int | None = None
    answer_tokens: int | None = None

    @classmethod
    def failed(cls, reason: str, kind: Kind = "row") -> Self:
        """Make a reply that holds only the reason why there is no answer."""
        return cls(failure=reason, failure_kind=kind)

    @property
    def written_tokens(self) -> int | None:
        """Tokens of output, None if they are not known."""
        if self.thinking_tokens is None or self.answer_tokens is None:
            return None
        return self.thinking_tokens + self.answer_tokens


def parse_gemini(
    response: types.GenerateContentResponse, teacher: TeacherConfig, key: str | None = None
) -> Reply:
    """Read a response. A blocked or cut one raises nothing: it has to be looked at."""
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    feedback, usage = response.prompt_feedback, response.usage_metadata
    reason = None
    if candidate and candidate.finish_reason:
        reason = candidate.finish_reason.value
    elif feedback and feedback.block_reason:
        reason = f"BLOCKED {feedback.block_reason.value}"
    counts: tuple[int | None, ...] = (None, None, None)
    if usage and usage.candidates_token_count is not None:
        counts = (
            usage.prompt_token_count,
            usage.thoughts_token_count or 0,
            (usage.candidates_token_count),
        )
    thinking, attempt = split_thinking(
        "".join(p.text for p in parts if p.thought and p.text),
        "".join(p.text for p in parts if not p.thought and p.text),
    )
    return make_reply(thinking, attempt, reason, counts, teacher, key)


def tidy_gemini(body: dict[str, Any]) -> dict[str, Any]:
    """Keep of a response what is read here; of counts and reasons only what can be true.

    Google's client refuses a whole reply for an odd count, and prints names that it does not know.
    """
    usage = body.get("usageMetadata")
    usage = usage if isinstance(usage, dict) else {}
    kept: dict[str, Any] = {
        "usageMetadata": {name: usage[name] for name in GEMINI_COUNTS if is_count(usage.get(name))}
    }
    candidates = body.get("candidates")
    if isinstance(candidates, list) and candidates and isinstance(candidates[0], dict):
        content, reason = candidates[0].get("content"), candidates[0].get("finishReason")
        parts = content.get("parts") if isinstance(content, dict) else None
        parts = [
            {name: part.get(name) for name in ("text", "thought")}
            for part in (parts if isinstance(parts, list) else ())
            if isinstance(part, dict)
        ]
        reason = _known(reason, types.FinishReason)
        kept["candidates"] = [{"content": {"parts": parts}, "finishReason": reason}]
    feedback = body.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        reason = _known(feedback["blockReason"], types.BlockedReason)
        kept["promptFeedback"] = {"blockReason": reason}
    return kept


def _known(reason: Any, names: Any) -> str | None:
    """Return a reason that Google's client knows, OTHER for one that it does not."""
    if reason is None or (isinstance(reason, str) and reason in names.__members__):
        return reason
    return "OTHER"


def parse_chat(body: dict[str, Any], teacher: TeacherConfig, key: str | None = None) -> Reply:
    """Read the reply of an OpenAI-compatible server; vLLM has a field of its own for thinking.

    Other servers leave the thinking in the content, between tags. Raises ServiceError for a reply
    that is no reply, or an error in its place.
    """
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if choices == []:
        return make_reply("", "", "BLOCKED", (None, None, None), teacher, key)
    if isinstance(choice, dict) and choice.get("error"):
        raise failure_from(500, {}, choice, key)
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise ServiceError("unreadable: no message", "passing", billed=True)
    texts = [message.get(name) for name in ("reasoning_content", "reasoning", "content")]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ServiceError("unreadable: a text is no text", "passing", billed=True)
    thinking, content = texts[0] or texts[1] or "", texts[2] or ""
    thinking, content = split_thinking(thinking, content)
    reason = choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    return make_reply(thinking, content, reason, _chat_counts(body.get("usage")), teacher, key)


def split_thinking(thinking: str, content: str) -> tuple[str, str]:
    """Take thinking between `<think>` tags out of the content; a template may have opened it."""
    if match := OPENED.fullmatch(content):
        inside, rest = match[2], match[3]
    elif not thinking and (match := CLOSED.fullmatch(content)):
        inside, rest = match[1], match[2]
    else:
        return thinking, content
    if inside.strip() in thinking:
        return thinking, rest.strip()
    return f"{thinking}\n{inside.strip()}".strip(), rest.strip()


def _chat_counts(usage: Any) -> tuple[Any, Any, Any]:
    if not isinstance(usage, dict) or not is_count(usage.get("completion_tokens")):
        return None, None, None
    details = usage.get("completion_tokens_details")
    thought = details.get("reasoning_tokens") if isinstance(details, dict) else 0
    thought = min(thought, usage["completion_tokens"]) if is_count(thought) else 0
    return usage.get("prompt_tokens"), thought, usage["completion_tokens"] - thought


def is_count(value: object) -> bool:
    """Tell whether a value can be a number of tokens, and be stored."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def make_reply(
    thinking: str,
    attempt: str,
    reason: str | None,
    counts: tuple[Any, ...],
    teacher: TeacherConfig,
    key: str | None = None,
) -> Reply:
    """Make a reply of texts and counts (prompt, thinking, answer) as a service states them."""
    reason = printable(without_key(reason, key), 60) if reason else None
    failure = None
    if reason not in FINISHED:
        failure = reason or "no reason given"
    elif not thinking.strip():
        failure = "no thinking"
        if "<think" in attempt:
            failure = "no thinking of its own: a <think> in the answer does not end"
    elif not attempt.strip():
        failure = "no answer"
    written = len((thinking + attempt).encode(errors="replace"))
    counted = all(map(is_count, counts))
    if counted:
        asked, thought, answered = counts
        thought = min(thought, teacher.max_output_tokens)
        answered = min(answered, teacher.max_output_tokens - thought)
        counts = min(asked, MAX_PROMPT_TOKENS), thought, answered
        counted = (thought + answered) * MOST_BYTES_PER_TOKEN >= written

    def stored(text: str) -> str | None:  # half a character cannot be written to a file
        return without_key(text.encode(errors="replace").decode(), key) or None

    return Reply(
        stored(thinking),
        "raw" if teacher.kind != "gemini" else teacher.thinking_kind,
        stored(attempt),
        failure,
        "row" if failure else None,
        reason,
        *(counts if counted else (None, None, None)),
    )
