"""A loopback server that answers the Gemini REST protocol with the embedded teacher.

The real `google-genai` client talks to it unchanged; only the address, the model name and
the key differ from the real service.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from s1lib.world.families import parse
from s1lib.world.teacher import Habits, reply


def generate(question: str, habits: Habits, seed: int) -> dict:
    """The body of a generateContent response: a thought part and an answer part.

    A question that is not of this world, or on which the teacher stays silent, comes back
    as the real service would: a candidate with a finish reason and no content.
    """
    problem = parse(question)
    told = reply(problem, habits, seed) if problem else None
    if told is None:
        return {"candidates": [{"finishReason": "OTHER", "index": 0}]}
    parts = [{"text": told.thinking, "thought": True}, {"text": f"Answer: {told.answer}"}]
    usage = {
        "promptTokenCount": len(question),
        "candidatesTokenCount": len(told.answer) + 8,
        "thoughtsTokenCount": len(told.thinking),
    }
    content = {"role": "model", "parts": parts}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage,
    }


@contextmanager
def serve_teacher(habits: Habits | None = None, seed: int = 0) -> Iterator[str]:
    """Run the teacher on a free loopback port; yields its base address."""
    habits = habits or Habits()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = self.path.split("?")[0].endswith(":generateContent")
            if known:
                status = 200
                result = generate(body["contents"][-1]["parts"][-1]["text"], habits, seed)
            else:
                status = 404
                error = {"code": 404, "message": "unknown method", "status": "NOT_FOUND"}
                result = {"error": error}
            payload = json.dumps(result).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args) -> None:
            """Keep the notebook quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # the default of 5 refuses a burst of connections
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
