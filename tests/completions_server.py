"""A loopback server in the shapes of vLLM's OpenAI-compatible one, with the real model behind."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

NAME = "tiny"


@torch.inference_mode()
def continue_text(model, body: dict) -> tuple[list[int], str, int | None]:
    """Greedy continuation, written out: the ids, vLLM's finish reason and its stop reason."""
    text, new = list(body["prompt"]), []
    stops = set(body["stop_token_ids"])
    banned = [int(token) for token, bias in body["logit_bias"].items() if bias <= -100]
    while len(new) < body["max_tokens"]:
        logits = model(torch.tensor([text + new]), logits_to_keep=1).logits[0, -1]
        logits[banned] = -torch.inf
        if len(new) < body["min_tokens"]:
            logits[list(stops)] = -torch.inf
        new.append(int(logits.argmax()))
        if new[-1] in stops:
            return new, "stop", new[-1]
    return new, "length", None


@contextmanager
def completions_server(model, context: int, fault=None, models: bytes | None = None):
    """The address of a running server. `fault(body)` may return (status, bytes) to send instead,
    `models` replaces the list of models."""
    lock = threading.Lock()
    seen: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self):
            if models is not None:
                return self.send(200, models)
            card = {"id": NAME, "object": "model", "created": 0, "owned_by": "vllm",
                    "max_model_len": context}  # fmt: skip
            self.send(200, json.dumps({"object": "list", "data": [card]}).encode())

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if fault and (answer := fault(body)):
                return self.send(*answer)
            with lock:
                seen.append(body)
                ids, finish, stop = continue_text(model, body)
            choice = {"index": 0, "text": "", "logprobs": None, "finish_reason": finish,
                      "stop_reason": stop, "token_ids": ids if body["return_token_ids"] else None,
                      "prompt_token_ids": body["prompt"]}  # fmt: skip
            reply = {"id": "cmpl-0", "object": "text_completion", "created": 0, "model": NAME,
                     "choices": [choice]}  # fmt: skip
            self.send(200, json.dumps(reply).encode())

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
