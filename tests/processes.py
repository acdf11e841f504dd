"""Servers that a test starts as processes of their own."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextmanager
def running(command: list[str], url: str, log: Path, seconds: int, **popen) -> Iterator[None]:
    """Run a server while the context lasts, once `url` answers; fails with its log if it ends."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **popen)
    try:
        for _ in range(2 * seconds):
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                urllib.request.urlopen(url, timeout=2)
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise AssertionError(f"no answer in {seconds} s: {log.read_text()[-3000:]}")
        yield
    finally:
        process.terminate()
        process.wait(30)
