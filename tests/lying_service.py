"""A service that lies: over a hundred kinds of fault, as data, behind both protocols of a teacher.

A question names its fault. Each kind is a function of what was asked that returns the bytes to
send, or yields bytes and, as numbers, seconds to wait. `FAULTS` says with each whether the row is
answered all the same.
"""

import gzip
import json
import socket
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

RESET = -1.0  # in place of a pause: the connection is reset
HANG = 30.0  # seconds; longer than any deadline of the tests


def http(status: object = 200, body: bytes = b"", *headers: str, length: object = None) -> bytes:
    """A whole HTTP reply."""
    head = [f"HTTP/1.1 {status} X", *headers, "Connection: close"]
    if length is not False:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape") + body


@dataclass
class Asked:
    """One request, and ways to make replies to it that are good but for one thing."""

    protocol: str
    question: str
    key: str
    times: int  # how often this question was asked before
    elsewhere: str  # the address of another host, which must never see the key
    here: str
    texts: tuple[str, str] = ("Let me see.", "Answer: 3")
    finish: object = "stop"
    usage: object = field(default_factory=dict)

    @property
    def body(self) -> dict:
        """A good reply, as data."""
        thinking, answer = self.texts
        if self.protocol == "openai":
            message = {"role": "assistant", "content": answer, "reasoning_content": thinking}
            choice = {"index": 0, "message": message, "finish_reason": self.finish}
            usage = {"prompt_tokens": 5, "completion_tokens": 9}
            names = ("prompt_tokens", "completion_tokens", "completion_tokens")
        else:
            parts = [{"text": thinking, "thought": True}, {"text": answer}]
            finish = self.finish.upper() if isinstance(self.finish, str) else self.finish
            choice = {"content": {"role": "model", "parts": parts}, "finishReason": finish}
            usage = {"promptTokenCount": 5, "candidatesTokenCount": 4, "thoughtsTokenCount": 5}
            names = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
        if isinstance(self.usage, dict):
            usage |= {names["pct".index(k)]: v for k, v in self.usage.items()}
        else:
            usage = self.usage
        row, tokens = self.names
        return {"model": "m", row: [choice], tokens: usage}

    @property
    def names(self) -> tuple[str, str]:
        """What the protocol calls its answers and its tokens."""
        return (
            ("choices", "usage") if self.protocol == "openai" else ("candidates", "usageMetadata")
        )

    def good(self, **changes: object) -> bytes:
        """The body of a good reply, with other `texts`, `finish` or `usage`."""
        for name, value in changes.items():
            setattr(self, name, value)
        return json.dumps(self.body).encode()

    def with_x(self, value: bytes) -> bytes:
        """A good reply with one field more."""
        return http(200, self.good()[:-1] + b',"x":' + value + b"}")

    def rows(self, rows: object) -> bytes:
        """A reply with this in the place of its list of answers."""
        return http(200, json.dumps(self.body | {self.names[0]: rows}).encode())


def error(status: object, message: str, *headers: str, **fields: object) -> bytes:
    """An error in the shape that both protocols share."""
    body = {"error": {"message": message, "code": status, **fields}}
    return http(status, json.dumps(body).encode(), *headers)


def drip(content: bytes, at: int) -> Iterator[bytes | float]:
    """Send all before `at` at once, then byte by byte without end."""
    yield content[:at]
    for byte in content[at:] * 1000:
        yield bytes([byte])
        yield 0.1


def then_good(first: bytes) -> Callable[[Asked], bytes]:
    """Send `first` twice, then a good reply."""
    return lambda a: first if a.times < 2 else http(200, a.good())


def redirect(status: int, same: bool = False) -> Callable[[Asked], bytes]:
    """Send on to another host, or back here."""
    return lambda a: http(status, b"", f"Location: {a.here if same else a.elsewhere}/v1/x")


def text(thinking: str, answer: str) -> Callable[[Asked], bytes]:
    """A good reply with these texts; KEY stands for the key."""
    return lambda a: http(
        200, a.good(texts=(thinking.replace("KEY", a.key), answer.replace("KEY", a.key)))
    )


def usage(value: object) -> Callable[[Asked], bytes]:
    """A good reply with these counts: p(rompt), c(ompletion), t(houghts)."""
    return lambda a: http(200, a.good(usage=value))


def finish(value: object) -> Callable[[Asked], bytes]:
    """A good reply that ends for this reason."""
    return lambda a: http(200, a.good(finish=value))


def raw(content: bytes) -> Callable[[Asked], bytes]:
    """These bytes as the body."""
    return lambda a: http(200, content)


def packed(form: str, pack: Callable[[bytes], bytes]) -> Callable[[Asked], bytes]:
    """A good reply, compressed."""
    return lambda a: http(200, pack(a.good()), f"Content-Encoding: {form}")


def chunked(content: bytes) -> Callable[[Asked], bytes]:
    """A body in chunks that are wrong."""
    return lambda a: http(200, b"", "Transfer-Encoding: chunked", length=False) + content


def in_two(a: Asked) -> Iterator[bytes | float]:
    """A good reply, slowly but in time."""
    content = http(200, a.good())
    yield content[:90]
    yield 0.2
    yield content[90:]


def flood(a: Asked) -> Iterator[bytes | float]:
    """ "Wait" without end, which HTTP allows."""
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 10
        yield 0.05


YES, NO = True, False
BOMB = gzip.compress(bytes(200 << 20), 1)  # 200 MB of zeros
TOMORROW = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202eback\u2066 \u200f\x00 "
FAULTS: dict[str, tuple[bool, Callable[[Asked], bytes | Iterator[bytes | float]]]] = {
    "good": (YES, lambda a: http(200, a.good())),
    # the way there
    "closed at once": (NO, lambda a: b""),
    "reset": (NO, lambda a: iter([RESET])),
    "reset in the body": (NO, lambda a: iter([http(200, b"{", length=100), RESET])),
    "silent": (NO, lambda a: iter([HANG])),
    "silent after the headers": (NO, lambda a: iter([http(200, b"", length=100), HANG])),
    "dripping status line": (NO, lambda a: drip(b"HTTP/1.1 200 OK", 3)),
    "dripping headers": (NO, lambda a: drip(b"HTTP/1.1 200 OK\r\nX-Long: abcdefgh", 20)),
    "dripping body": (NO, lambda a: drip(http(200, a.good(), length=10**6), 120)),
    "dripping chunks": (NO, lambda a: drip(chunked(b"1\r\n{\r\n1\r\n \r\n" * 99)(a), 90)),
    "in two parts": (YES, in_two),
    "continue without end": (NO, flood),
    # the status
    **{f"redirect {n}": (NO, redirect(n)) for n in (301, 302, 303, 307, 308)},
    "redirect to itself": (NO, redirect(307, same=True)),
    "redirect without a place": (NO, lambda a: http(302)),
    "redirect with an escape": (NO, lambda a: http(302, b"", "Location: http://x/%1b[2J\x1b[2J")),
    **{f"status {n}": (NO, lambda a, n=n: http(n, b"", length=False))
       for n in (201, 204, 205, 300, 304)},
    **{f"status {n}": (NO, lambda a, n=n: error(n, "no"))
       for n in (400, 404, 405, 408, 409, 410, 413, 418, 422, 451,
                 500, 501, 502, 503, 504, 529, 599)},
    "moderated": (NO, lambda a: error(403, "your input was flagged by moderation")),
    "too long a question": (NO, lambda a: error(400, "max_tokens: the context length is 8")),
    "html error": (NO, lambda a: http(502, b"<html>Bad gateway</html>")),
    "error of a list": (NO, lambda a: http(400, b'[{"error": {"message": ["x"], "code": {}}}]')),
    "error of a string": (NO, lambda a: http(400, b'{"error": "no"}')),
    "error that is deep": (NO, lambda a: http(500, b'{"error":' * 100_000)),
    "error that is long": (NO, lambda a: http(500, b"x" * (20 << 20))),
    "error with escapes": (NO, lambda a: error(400, HOSTILE + a.key)),
    "status 600": (NO, lambda a: http(600, a.good())),
    "status 999": (NO, lambda a: http(999, a.good())),
    "status 99999": (NO, lambda a: http(99999, a.good())),
    "status in words": (NO, lambda a: http("fine", a.good())),
    "no http": (NO, lambda a: b"220 mail.example ESMTP\r\n"),
    "http 9.9": (YES, lambda a: http(200, a.good()).replace(b"HTTP/1.1", b"HTTP/9.9")),
    # rate limits
    "429 twice": (YES, then_good(error(429, "slow down"))),
    "429 with a wait": (YES, then_good(error(429, "slow down", "Retry-After: 0.2"))),
    "429 by Google": (YES, then_good(error(429, "slow down", details=[
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}]))),
    "429 for ages": (NO, lambda a: error(429, "slow down", "Retry-After: 99999999999")),
    "429 until tomorrow": (NO, lambda a: error(429, "slow down", f"Retry-After: {TOMORROW}")),
    **{f"429 and wait {w!r}": (YES, then_good(error(429, "slow down", f"Retry-After: {w}")))
       for w in ("-5", "nan", "inf", "soon", "1e999", "Sat, 99 Foo 0000", "")},
    "503 with a wait": (YES, then_good(error(503, "busy", "Retry-After: 0.1"))),
    "429 inside 200": (YES, then_good(http(200, b'{"error": {"code": 429, "message": "x"}}'))),
    # headers
    "long header": (NO, lambda a: http(200, a.good(), "X-Long: " + "x" * 300_000)),
    "many headers": (NO, lambda a: http(200, a.good(), *(f"X-{i}: y" for i in range(20_000)))),
    "header with an escape": (NO, lambda a: http(200, a.good(), "X-Bad: \x1b[2J\x00")),
    "many cookies": (YES, lambda a: http(200, a.good(), *(
        f"Set-Cookie: a{i}=b" for i in range(500)))),
    "key in a header": (YES, lambda a: http(200, a.good(), f"X-Key: {a.key}")),
    "negative length": (NO, lambda a: http(200, a.good(), length=-5)),
    "length in words": (NO, lambda a: http(200, a.good(), length="ten")),
    "length of 10^30": (NO, lambda a: http(200, a.good(), length=10**30)),
    "two lengths": (NO, lambda a: http(200, a.good(), "Content-Length: 3")),
    "too long a length": (NO, lambda a: http(200, a.good(), length=5000)),
    "too short a length": (NO, lambda a: http(200, a.good(), length=20)),
    "chunk of no size": (NO, chunked(b"zz\r\n{}\r\n0\r\n\r\n")),
    "chunk of a huge size": (NO, chunked(b"ffffffffffffffff\r\n{}")),
    "chunks without an end": (NO, chunked(b"2\r\n{}\r\n")),
    # compression
    "gzip": (YES, packed("gzip", gzip.compress)),
    "deflate": (YES, packed("deflate", zlib.compress)),
    "gzip that is none": (NO, packed("gzip", lambda c: c)),
    "gzip that is cut": (NO, packed("gzip", lambda c: gzip.compress(c)[:-12])),
    "gzip twice": (NO, packed("gzip, gzip", lambda c: gzip.compress(gzip.compress(c)))),
    "gzip bomb": (NO, packed("gzip", lambda c: BOMB)),
    "brotli": (NO, packed("br", lambda c: c)),
    "unknown compression": (NO, packed("\x1b[2J", lambda c: c)),
    # JSON
    **{f"body {body[:12]!r}": (NO, raw(body)) for body in (
        b"", b"null", b"5", b"true", b'"text"', b"[]", b"{}", b"{", b"<html>", b"\xff\xfe\x00",
        b"NaN", b"{} {}", b'{"a": Infinity}', b"\x00" * 99)},
    "deep lists": (NO, raw(b"[" * 100_000 + b"]" * 100_000)),
    "deep objects": (NO, raw(b'{"candidates":' * 100_000 + b"1" + b"}" * 100_000)),
    "deep in a good reply": (NO, lambda a: a.with_x(b"[" * 500 + b"]" * 500)),
    "wide": (NO, lambda a: a.with_x(b"[" + b"{}," * 300_000 + b"{}]")),
    "many answers": (NO, lambda a: a.rows([{}] * 200_000)),
    "long": (NO, raw(b'{"x": "' + b"y" * (50 << 20) + b'"}')),
    "without an end": (NO, lambda a: (b"y" * 65536 if i else http(200, b'{"x": "', length=False)
                                      for i in range(10**6))),
    "number of 5,000 digits": (NO, lambda a: a.with_x(b"9" * 5000)),
    # errors inside a reply with status 200
    "error inside": (NO, raw(b'{"error": {"message": "the model is overloaded", "code": 503}}')),
    "error inside without a code": (NO, raw(b'{"error": {"message": "no"}}')),
    "error inside, a string": (NO, raw(b'{"error": "no"}')),
    "error inside a list": (NO, raw(b'[{"error": {"message": "no", "code": 400}}]')),
    "error inside with a huge code": (NO, raw(b'{"error": {"code": ' + b"9" * 999 + b"}}")),
    # what stands in the reply
    **{f"answers {rows!r}": (NO, lambda a, rows=rows: a.rows(rows))
       for rows in (None, [], [None], [5], [{}], "x", {}, [[]])},
    "no text": (NO, text("", "")),
    "no thinking": (NO, text("", "3")),
    "no answer": (NO, text("Hm.", "")),
    "blank answer": (NO, text("Hm.", " \n\t")),
    "think tags": (YES, text("", "<think>Hm.</think>Answer: 3")),
    "think opened by the template": (YES, text("", "Hm.</think>Answer: 3")),
    "think without an end": (NO, text("", "<think>Hm. Answer: 3")),
    "half a character": (YES, text("So \ud83d.", "3 \ud83d")),
    "escapes in the text": (YES, text(HOSTILE, HOSTILE + "3")),
    "key in the text": (YES, text("The key is KEY.", "KEYKEY 3")),
    "long text": (YES, text("So. " * 100_000, "3")),
    "finish cut": (NO, finish("MAX_TOKENS")),
    **{f"finish {str(value)[:9]!r}": (NO, finish(value))
       for value in (None, 5, ["stop"], {}, "x" * 9999, HOSTILE, "")},
    "key in the finish": (NO, lambda a: http(200, a.good(finish=a.key))),
    # tokens
    "no usage": (YES, lambda a: http(200, json.dumps({a.names[0]: a.body[a.names[0]]}).encode())),
    **{f"usage {value!r}": (YES, usage(value)) for value in (None, "x", 5, [], [1])},
    **{f"tokens {str(value)[:9]!r}": (YES, usage({"p": value, "c": value, "t": value}))
       for value in (-1, -(10**9), 0, 1.5, "7", None, True, [], {}, 2**63, 10**30, 1e300)},
    "negative completion": (YES, usage({"c": -50_000})),
    "more tokens than asked for": (YES, usage({"c": 10**7})),
}  # fmt: skip
# These end the run: no request would be answered.
ENDS = {
    "401": (lambda a: error(401, f"Incorrect API key provided: {a.key}"), "refuses the key"),
    "401 of a string": (lambda a: http(401, a.key.encode()), "refuses the key"),
    "403": (lambda a: error(403, f"{HOSTILE} {a.key} has no access"), "refuses the key"),
    "400 key": (lambda a: error(400, "API key not valid. Please pass one."), "refuses the key"),
    "402": (lambda a: error(402, f"{a.key} has no credits"), "account is used up"),
    "quota": (lambda a: http(429, json.dumps({"error": {"code": "insufficient_quota", "message":
              "You exceeded your current quota"}}).encode()), "account is used up"),
    "parameter": (lambda a: error(400, "Unsupported parameter: 'max_tokens' or "
                  "'maxOutputTokens' is not supported with this model.",
                  param="max_tokens"), "refuses a setting.*is not supported with"),
    "parameter inside 200": (lambda a: http(200, error(400, "Unknown name: max_tokens, "
                             "maxOutputTokens").split(b"\r\n\r\n")[1]), "refuses a setting"),
    "model": (lambda a: error(404, "The model `m` does not exist"), "refuses a setting.*not exist"),
}  # fmt: skip


@contextmanager
def lying_service(key: str, protocol: str) -> Iterator[tuple[str, list[str]]]:
    """Serve on the loopback; yields the address, and the requests that reached another host.

    A question is "KIND § anything"; the name of an unknown kind is answered well.
    """
    times: Counter[str] = Counter()
    leaked: list[str] = []
    closing = threading.Event()
    main, other = (socket.create_server(("127.0.0.1", 0), backlog=256) for _ in range(2))
    here, elsewhere = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in (main, other))

    def receive(connection: socket.socket) -> bytes:
        content = b""
        while b"\r\n\r\n" not in content:
            piece = connection.recv(65536)
            if not piece:
                return content
            content += piece
        head, _, body = content.partition(b"\r\n\r\n")
        lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        while lines and len(body) < int(lines[0].split(b":")[1]):
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                content = receive(connection)
                if not content:
                    return
                body = json.loads(content.partition(b"\r\n\r\n")[2])
                if protocol == "openai":
                    question = body["messages"][-1]["content"]
                else:
                    question = body["contents"][-1]["parts"][-1]["text"]
                asked = Asked(protocol, question, key, times[question], elsewhere, here)
                times[question] += 1
                kind = question.split(" § ")[0]
                _, fault = FAULTS.get(kind, FAULTS["good"])
                reply = ENDS[kind][0](asked) if kind in ENDS else fault(asked)
                for piece in [reply] if isinstance(reply, bytes) else reply:
                    if closing.is_set():
                        return
                    if piece == RESET:
                        now = struct.pack("ii", 1, 0)  # closing does not wait: a reset
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                        return
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        closing.wait(piece)
            except OSError:  # the client has enough
                pass

    def leak(connection: socket.socket) -> None:
        with connection:
            leaked.append(receive(connection).decode(errors="replace"))

    def serve(server: socket.socket, work: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # closed: the end
                return
            threading.Thread(target=work, args=(connection,), daemon=True).start()

    for server, work in ((main, answer), (other, leak)):
        threading.Thread(target=serve, args=(server, work), daemon=True).start()
    try:
        yield here, leaked
    finally:
        closing.set()
        for server in (main, other):
            server.shutdown(socket.SHUT_RDWR)
            server.close()
