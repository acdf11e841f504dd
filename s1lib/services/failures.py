"""Why a request got no usable answer: one error for all that a service, or the way to it, does.

Services state their errors in different shapes (OpenAI's, Google's, FastAPI's, a gateway's HTML),
as HTTP errors or inside a reply with status 200. Here each becomes a `ServiceError` whose text can
be printed and holds no key.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from s1lib.errors import printable

# unreachable: no connection; nothing was done and nothing is charged.
# busy: a rate limit. passing: another try may help. row: this request is refused.
# settings: a setting is refused that every request has. key: the key is refused.
# account: there is nothing left to pay with.
Kind = Literal["unreachable", "busy", "passing", "row", "settings", "key", "account"]
MAY_PASS: tuple[Kind, ...] = ("unreachable", "busy", "passing")

LEAST_KEY = 8  # a shorter "key" is a placeholder such as EMPTY, and stands in ordinary texts
MODERATED = re.compile(r"moderat|flagged|polic|safety|content|harm", re.I)
ABOUT_LENGTH = re.compile(r"context (length|window)|too long|input tokens|reduce the length", re.I)
ABOUT_MODEL = re.compile(r"\bmodels?\b.*(not found|not exist|not supported|not available)", re.I)
ABOUT_THINKING = re.compile(r"thinking|reasoning", re.I)
NO_SETTINGS = {"messages", "contents", "content", "prompt", "parts", "role", "text", "model"}


class ServiceError(Exception):
    """Why there is no answer. `billed`: the work may have been done and charged.

    `wait` is how many seconds the service asks to wait, None if it does not say.
    """

    def __init__(
        self, reason: str, kind: Kind, billed: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(reason)
        self.kind, self.billed, self.wait = kind, billed, wait


def without_key(text: str, key: str | None) -> str:
    """Replace the key in a text that a service sent; it may repeat what it was sent."""
    if not key or len(key) < LEAST_KEY:
        return text
    return re.sub(re.escape(key), "…", text, flags=re.I)


def failure_from(
    status: int, headers: Mapping[str, str], body: Any, key: str | None, sent: Any = None
) -> ServiceError:
    """Read what an error means off its status and its body (parsed JSON, or None).

    `sent` is the body of the request: a refusal that names one of its settings meets all requests.
    """
    error = _error_of(body)
    message = error.get("message") or error.get("detail") or ""
    message = message if isinstance(message, str) else json.dumps(message)
    words = printable(without_key(message, key), 300)
    reason = f"HTTP {status} ({words})" if words else f"HTTP {status}"
    code = str(error.get("code") or error.get("type") or "").lower()
    wait = _asked_wait(headers, error)

    if status == 401 or "API key not valid" in words:
        return ServiceError(reason, "key")
    if status == 403 and not MODERATED.search(words):
        return ServiceError(reason, "key")
    if status == 402 or code == "insufficient_quota":
        return ServiceError(reason, "account")
    if status == 429 or (status == 503 and wait is not None):
        return ServiceError(reason, "busy", wait=wait)
    if status in (408, 425) or status >= 500:
        return ServiceError(reason, "passing", billed=status != 503, wait=wait)
    if status in (400, 404, 422) and _names_setting(words, error, code, sent):
        return ServiceError(reason, "settings")
    return ServiceError(reason, "row")


def error_inside(body: Any) -> tuple[int, Any] | None:
    """Find an error in a reply with status 200, as gateways send it; its status and the body."""
    if isinstance(body, list) and len(body) == 1:  # Google's streams
        body = body[0]
    if not isinstance(body, dict) or not body.get("error"):
        return None
    if body.get("choices") or body.get("candidates"):
        return None
    error = _error_of(body)
    for status in (str(error.get(name)) for name in ("code", "status", "status_code")):
        if re.fullmatch("[45][0-9]{2}", status):
            return int(status), body
    named = f"{error.get('code')} {error.get('status')} {error.get('type')}".lower()
    return (429 if "rate" in named or "resource_exhausted" in named else 500), body


def _error_of(body: Any) -> dict[str, Any]:
    """Return the fields of an error, whatever its shape."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _asked_wait(headers: Mapping[str, str], error: dict[str, Any]) -> float | None:
    """Return how many seconds a service asks to wait: Retry-After, or Google's RetryInfo."""
    found = headers.get("retry-after", "").strip()
    wait = _seconds(found)
    if wait is None and found:
        try:
            wait = (parsedate_to_datetime(found) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            wait = None
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("RetryInfo"):
            delay = _seconds(str(detail.get("retryDelay", "")).removesuffix("s"))
            wait = max(filter(None, (wait, delay)), default=None)
    return None if wait is None else max(0.0, wait)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _names_setting(words: str, error: dict[str, Any], code: str, sent: Any) -> bool:
    """Tell whether a refusal is about a setting that every request carries."""
    if ABOUT_LENGTH.search(words):  # of this question, or of all: the run's end will tell
        return False
    if error.get("param") == "model" or code == "model_not_found" or ABOUT_MODEL.search(words):
        return True
    settings = set(_settings(sent))
    if str(error.get("param")) in settings or code in (
        "unsupported_parameter",
        "unknown_parameter",
    ):
        return True
    plain = words.lower().replace("_", "")
    named = {name.lower().replace("_", "") for name in settings}
    if any("thinking" in name or "reasoning" in name for name in named):
        return bool(ABOUT_THINKING.search(words)) or any(name in plain for name in named)
    return any(re.search(rf"\b{re.escape(name)}\b", plain) for name in named)


def _settings(sent: Any) -> Iterator[str]:
    """Yield the names of all settings in the body of a request."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name not in NO_SETTINGS:
                yield name
                yield from _settings(value)
