"""Making .venv: what it brings, and what is said when it cannot be done."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import install
import pytest

import course

# What pip 24 to 26 wrote in its log, cut.
DEAD_PROXY = """\
2026-11-29T14:06:05,841 Could not fetch URL https://pypi.org/simple/idna/: connection error: \
HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded with url: /simple/idna/ \
(Caused by ProxyError('Cannot connect to proxy.', NewConnectionError('<pip>: Failed to establish')))
2026-11-29T14:06:05,878 ERROR: Could not find a version that satisfies the requirement idna==99 \
(from versions: none)
2026-11-29T14:06:05,878 ERROR: No matching distribution found for idna==99
"""
NO_NETWORK = DEAD_PROXY.replace(
    "ProxyError('Cannot connect to proxy.', NewConnectionError('<pip>: Failed to establish'))",
    "NewConnectionError('<pip>: Failed: [Errno -2] Name or service not known')",
)
CERTIFICATE = DEAD_PROXY.replace(
    "ProxyError('Cannot connect to proxy.', NewConnectionError('<pip>: Failed to establish'))",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))",
)
WRONG_PYTHON = f"""\
2026-11-29T14:06:18,023 ERROR: Ignored the following versions that require a different python \
version: 4.1.2 Requires-Python >=3.11.5
2026-11-29T14:06:18,023 ERROR: Could not find a version that satisfies the requirement \
soupsieve==4.1.2 (from versions: {", ".join(f"1.{i}" for i in range(90))})
2026-11-29T14:06:18,046 ERROR: No matching distribution found for soupsieve==4.1.2
"""
FULL = "2026-11-29T14:06:18,046 ERROR: Could not install packages due to an OSError: [Errno 28] \
No space left on device\n"
OTHER_INDEX = "\n".join(DEAD_PROXY.splitlines()[1:])
CONFLICT = """\
2026-11-29T14:06:18,046 ERROR: Cannot install a==1 and b==2 because these package versions have \
conflicting dependencies.
2026-11-29T14:06:18,046 ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""


@pytest.mark.parametrize(
    "log, reason, fix",
    [
        (DEAD_PROXY, "https://pypi.org/simple/idna/ cannot be fetched (ProxyError)",
         "the proxy does not answer"),
        (NO_NETWORK, "cannot be fetched (NewConnectionError)", "connect to the network"),
        (CERTIFICATE, "cannot be fetched (SSLError)", "PIP_CERT"),
        (WRONG_PYTHON, "4.1.2 Requires-Python >=3.11.5", "use another Python"),
        (FULL, "No space left on device", "free some disk space"),
        (OTHER_INDEX, "No matching distribution found for idna==99", "pip config list"),
        (CONFLICT, "conflicting dependencies", "read pip's lines above"),
        ("", "it gave no reason", "read pip's lines above"),
    ],
)  # fmt: skip
def test_the_reason_of_pip_is_told_and_not_guessed(log, reason, fix):
    text = install.explain(log)
    assert reason in text.splitlines()[0] and fix in text.splitlines()[1]
    assert "network" not in text or log == NO_NETWORK
    assert len(text) < 900


# Which build of torch


@pytest.fixture
def record(monkeypatch, tmp_path):
    """No pip and no venv: what would be run is recorded."""
    calls: list[tuple] = []
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "COMPLETE", tmp_path / ".venv/.complete")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(install, "base_python", lambda: [sys.executable])
    monkeypatch.setattr(install, "pip", lambda *arguments: calls.append(arguments))
    done = SimpleNamespace(returncode=0, stdout="")
    monkeypatch.setattr(install.subprocess, "run", lambda *args, **more: done)
    space = SimpleNamespace(free=90e9)
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: space)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setattr(install, "has_nvidia_card", lambda: False)
    monkeypatch.setattr(install, "unreachable", lambda address: None)
    return SimpleNamespace(calls=calls, space=space)


def test_linux_without_a_card_tries_the_cpu_builds_first(record, capsys):
    install.make_venv("it lacks torch", ["dev"])
    first, second = record.calls
    assert first[-2:] == (install.CPU_INDEX, "torch==2.13.0") and "--index-url" in first
    assert first[first.index("--retries") + 1] == "0" and "--timeout" in first
    assert second[0] == "-c" and second[-1] == f"{install.ROOT}[dev]"
    assert install.COMPLETE.read_text() == install.stamp()
    assert "cannot be used" not in capsys.readouterr().err


@pytest.mark.parametrize("silent", ["does not answer", "pip fails"])
def test_without_that_index_the_cost_is_said(record, monkeypatch, capsys, silent):
    if silent == "does not answer":
        monkeypatch.setattr(install, "unreachable", lambda address: "no answer in 5 seconds")
    else:

        def pip(*arguments):
            record.calls.append(arguments)
            if "--index-url" in arguments:
                raise install.CannotInstall("pip could not install: no build\nWhat to do: x")

        monkeypatch.setattr(install, "pip", pip)  # fmt: skip
    record.space.free = 6e9
    install.make_venv("it lacks torch", ["dev"])
    said = capsys.readouterr().err
    assert f"{install.CPU_INDEX}) cannot be used" in said and "3 GB more to download" in said
    assert "no answer in 5 seconds" in said or "no build" in said
    assert "Only 6 GB are free" in said
    assert record.calls[-1][-1] == f"{install.ROOT}[dev]"


@pytest.mark.parametrize("why_not", ["a card", "macOS", "Windows", "no index", "wheels"])
def test_elsewhere_the_ordinary_build_is_right(record, monkeypatch, why_not):
    if why_not == "a card":
        monkeypatch.setattr(install, "has_nvidia_card", lambda: True)
    elif why_not == "no index":
        monkeypatch.setenv("PIP_NO_INDEX", "1")
    elif why_not != "wheels":
        monkeypatch.setattr(install.sys, "platform", {"macOS": "darwin"}.get(why_not, "win32"))
    install.make_venv("it lacks torch", [], "/stick/wheels" if why_not == "wheels" else None)
    (only,) = record.calls
    assert ("--no-index" in only) == (why_not == "wheels")
    assert (only[-1] == str(install.ROOT)) == (why_not == "wheels")


@pytest.mark.parametrize(
    "code, output, card",
    [(0, "GPU 0: NVIDIA H200 (UUID: x)", True), (0, "No devices found", False), (9, "", False)],
)
def test_a_card_is_one_that_the_driver_shows(monkeypatch, code, output, card):
    monkeypatch.setattr(install.Path, "glob", lambda path, pattern: iter(()))
    done = SimpleNamespace(returncode=code, stdout=output)
    monkeypatch.setattr(install.subprocess, "run", lambda *args, **more: done)
    assert install.has_nvidia_card() == card


def test_no_driver_is_no_card(monkeypatch):
    monkeypatch.setattr(install.Path, "glob", lambda path, pattern: iter(()))
    monkeypatch.setattr(install.shutil, "which", lambda name: "/no/such/nvidia-smi")
    assert not install.has_nvidia_card()


class Index(BaseHTTPRequestHandler):
    """A package index that answers, or keeps one waiting."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if "slow" in self.path:
            time.sleep(2)
        self.send_response(404 if "gone" in self.path else 200)
        self.end_headers()

    def log_message(self, *args) -> None:
        pass


def test_an_index_is_asked_once_and_not_longer_than_allowed():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert install.unreachable(f"{address}/torch/", 10) is None
        assert install.unreachable(f"{address}/slow/", 0.2).startswith("no answer in 0 seconds")
        assert "Not Found" in install.unreachable(f"{address}/gone/", 10)
        assert Index.asked == ["/torch/", "/slow/", "/gone/"]
    finally:
        server.shutdown()
        server.server_close()
    assert "refused" in install.unreachable(address, 10).lower()


# What is missing before pip is asked


def test_too_little_disk(record):
    record.space.free = 3e9
    with pytest.raises(install.CannotInstall, match="4 GB of free disk space .* 3 GB are free"):
        install.make_venv("it lacks torch", [])
    assert record.calls == []


@pytest.mark.parametrize(
    "pythons, text",
    [
        ({"a": ((3, 11), 1)}, "Python 3.11 is here without its venv module: .*python3.11-venv"),
        ({"a": ((3, 9), 0), "b": ((3, 14), 0)}, "needs Python 3.11, 3.12 or 3.13 and found 3.9, 3"),
    ],
)
def test_no_python_to_install_with(monkeypatch, pythons, text):
    monkeypatch.setattr(course, "pythons", lambda: [[name] for name in pythons])
    monkeypatch.setattr(course, "version_of", lambda command: pythons[command[0]][0])

    def run(command, **more):
        return SimpleNamespace(returncode=pythons[command[0]][1], stdout="")

    monkeypatch.setattr(install.subprocess, "run", run)
    with pytest.raises(install.CannotInstall, match=text):
        install.base_python()


def test_an_environment_is_not_made_by_itself():
    """Python inside .venv would remove itself while it makes .venv again."""
    (python,) = install.base_python()
    code = "import sys; print(sys.prefix == sys.base_prefix)"
    assert subprocess.run([python, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_two_commands_install_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(install, "ROOT", tmp_path)
    order = []

    def second() -> None:
        with install.locked():
            order.append("second")

    with install.locked():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert "Another command is installing" in capsys.readouterr().err


def test_the_stamp_follows_both_files(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "ROOT", tmp_path)
    stamps = set()
    for pins, project in (("a", "b"), ("a2", "b"), ("a", "b2")):
        (tmp_path / "constraints.txt").write_text(pins)
        (tmp_path / "pyproject.toml").write_text(project)
        stamps.add(install.stamp())
    assert len(stamps) == 3 and hashlib.sha256(b"ab").hexdigest() in stamps


def test_settings_of_other_installations_do_not_reach_pip(tmp_path, monkeypatch):
    """`--user` or `--target` in pip's settings would put the packages elsewhere."""
    seen = {}

    def run(command, env, **more):
        seen.update(env)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install.subprocess, "run", run)
    for name in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
        monkeypatch.setenv(name, "1")
    install.pip("x")
    assert {n: seen.get(n) for n in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")} == {
        "PIP_USER": "0", "PIP_TARGET": None, "PIP_PREFIX": None,
    }  # fmt: skip


@pytest.mark.slow
def test_without_a_network_the_reason_is_told(tmp_path):
    """The real pip, which may ask no index."""
    script = (
        "import install, pathlib, sys; "
        f"install.VENV = pathlib.Path({str(tmp_path / '.venv')!r}); "
        "install.COMPLETE = install.VENV / '.complete'; print(install.make_venv('empty', []))"
    )
    env = os.environ | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    env["PYTHONPATH"] = os.pathsep.join([str(install.ROOT / "scripts"), str(install.ROOT)])
    env.pop("PIP_FIND_LINKS", None)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 1 and done.stdout == ""
    assert "pip could not install the packages: Could not find a version" in done.stderr
    assert "What to do: the package index that pip is set to" in done.stderr
    assert not (tmp_path / ".venv/.complete").exists()
