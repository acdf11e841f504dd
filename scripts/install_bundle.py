"""Install the course from this folder, without a network: python install.py [FOLDER]"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLATFORM = "PLATFORM"
PYTHON = "PYTHON"


def damaged():
    """List the files that are missing or not as they were made."""
    wrong = []
    for line in (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        told = hashlib.sha256()
        try:
            with (HERE / name).open("rb") as file:
                for part in iter(lambda: file.read(1 << 20), b""):
                    told.update(part)
        except OSError:
            wrong.append(name)
            continue
        if told.hexdigest() != digest:
            wrong.append(name)
    return wrong


def main():
    """Check, copy, install; returns the exit code."""
    if "{}.{}".format(*sys.version_info) != PYTHON:
        print(f"This folder is for Python {PYTHON} on {PLATFORM}, and this is Python "
              "{}.{}.".format(*sys.version_info), f"Start it with python{PYTHON} install.py "
              f"(Windows: py -{PYTHON} install.py).", file=sys.stderr)  # fmt: skip
        return 1
    wrong = damaged()
    if wrong:
        shown = ", ".join(wrong[:3]) + (" ..." if len(wrong) > 3 else "")
        print(f"{len(wrong)} files are damaged or missing: {shown}. Copy the folder again.",
              file=sys.stderr)  # fmt: skip
        return 1
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path.home() / "s1-course").resolve()
    shutil.copytree(HERE / "course", target, dirs_exist_ok=True)
    command = [sys.executable, str(target / "course.py"), "setup", "--wheels", str(HERE / "wheels")]
    code = subprocess.run(command, env=os.environ | {"PYTHON": sys.executable}).returncode
    if code == 0:
        print(f"The course is in {target}. Next, there: python course.py check")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command begins again.")
