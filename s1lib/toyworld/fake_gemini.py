"""A loopback server that answers the Gemini REST protocol with the toy world's teacher.

The real `google-genai` client talks to it unchanged; only the address, the model name and
the key differ from the real service. It can be told to fail in all the ways a service does.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from s1lib.prompts import LABEL_REQUEST
from s1lib.toyworld.questions import parse, subject
from s1lib.toyworld.teacher import Habits, respond

FAULT_KINDS = (
    *("408", "429", "500", "502", "503", "504", "timeout", "cut", "not json"),
    *("blocked", "SAFETY", "RECITATION", "MAX_TOKENS", "no thoughts", "empty answer"),
)


@dataclass
class Faults:
    """What goes wrong, and when.

    `script` names the faults of a question, one for each time it is asked; then it is answered.
    Else each request fails with chance `rate`, in one of `kinds`, the same in every run.
    """

    rate: float = 0.0
    kinds: Sequence[str] = FAULT_KINDS
    script: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seed: int = 0
    hang: float = 5.0  # seconds that a "timeout" says nothing
    echo: bool = False  # repeat the key in error messages, as no service should

    def of(self, question: str, time: int) -> str | None:
        """Choose the fault of this question when it is asked for the time-th time, from 0."""
        if question in self.script:
            faults = self.script[question]
            return faults[time] if time < len(faults) else None
        dice = random.Random(f"{self.seed}/{question}/{time}")
        return dice.choice(self.kinds) if dice.random() < self.rate else None


def generate(question: str, habits: Habits, seed: int, fault: str | None = None) -> dict:
    """Write the body of a generateContent response: a thought part and an answer part.

    A question that is not of this world, or on which the teacher stays silent, comes back
    as the real service would: a candidate with a finish reason and no content.
    """
    if fault == "blocked":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    if fault in ("SAFETY", "RECITATION"):
        return {"candidates": [{"finishReason": fault, "index": 0}]}
    if question.startswith(LABEL_REQUEST):
        attempt = subject(question.removeprefix(LABEL_REQUEST))
        thinking = f"What is asked for? It is about {attempt}."
    else:
        problem = parse(question)
        response = respond(problem, habits, seed) if problem else None
        if response is None:
            return {"candidates": [{"finishReason": "OTHER", "index": 0}]}
        thinking, attempt = response.thinking, f"Answer: {response.answer}"
    parts = [{"text": thinking, "thought": True}, {"text": attempt}]
    if fault == "no thoughts":
        parts = parts[1:]
    if fault in ("empty answer", "MAX_TOKENS"):
        parts = parts[:1]
    usage = {
        "promptTokenCount": len(question),
        "candidatesTokenCount": len(attempt),
        "thoughtsTokenCount": len(thinking),
    }
    content = {"role": "model", "parts": parts}
    reason = "MAX_TOKENS" if fault == "MAX_TOKENS" else "STOP"
    return {
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": usage,
    }


@contextmanager
def serve_fake_gemini(
    habits: Habits | None = None, seed: int = 0, faults: Faults | None = None
) -> Iterator[str]:
    """Run the teacher on a free loopback port; yields its base address."""
    teacher_habits, planned = habits or Habits(), faults or Faults()
    asked: Counter[str] = Counter()
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.split("?")[0].rsplit(":", 1)[-1] != "generateContent":
                return self.fail(404, "NOT_FOUND")
            question = body["contents"][-1]["parts"][-1]["text"]
            fault = planned.of(question, asked[question])
            asked[question] += 1
            if fault and fault.isdigit():
                return self.fail(int(fault), "RESOURCE_EXHAUSTED" if fault == "429" else "ERROR")
            if fault == "timeout":
                closing.wait(planned.hang)
            if fault in ("timeout", "cut"):
                self.close_connection = True  # without a word
                return None
            if fault == "not json":
                return self.send(200, "text/html", b"<html>Bad gateway</html>")
            result = generate(question, teacher_habits, seed, fault)
            return self.send(200, "application/json", json.dumps(result).encode())

        def fail(self, status: int, name: str) -> None:
            message = "this teacher cannot answer now"
            if planned.echo:
                message += f", {self.headers['x-goog-api-key']}"
            error = {"code": status, "message": message, "status": name}
            self.send(status, "application/json", json.dumps({"error": error}).encode())

        def send(self, status: int, kind: str, payload: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: Any) -> None:
            """Keep the notebook quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # the default of 5 refuses a burst of connections
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
