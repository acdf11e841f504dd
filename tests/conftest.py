"""The tests are offline.

Where the kernel allows it (Linux), they and every process they start have a network of their own,
with nothing in it but the loopback. Everywhere else Python's sockets are guarded, here and in each
Python that is started with our PYTHONPATH, notebook kernels among them: not in a `python -I`, and
not in a program that is not written in Python.

The few tests marked `online` ask the package index; they run only with S1_ONLINE set.
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "offline"
ROOT = Path(__file__).parent.parent

# Child processes: they run offline/sitecustomize.py and find s1lib.
_paths = [str(OFFLINE), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(os.pathsep.join(_paths).split(os.pathsep)))
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# What the tests make goes to a folder of its own, and the caller's profile does not matter.
os.environ["S1_BUILD"] = tempfile.mkdtemp(prefix="s1-tests-")
atexit.register(shutil.rmtree, os.environ["S1_BUILD"], ignore_errors=True)
os.environ.pop("S1_PROFILE", None)

# A proxy on this computer would carry requests out of it.
for _name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_name]

# More threads than cores make every process wait for the others.
_threads = os.environ.get("OMP_NUM_THREADS", "2")
os.environ["OMP_NUM_THREADS"] = _threads if _threads == "1" else "2"

# A shell that starts the tests in the background lets them, and all that they start, ignore Ctrl-C.
for _name in ("SIGINT", "SIGQUIT", "SIGHUP"):
    _number = getattr(signal, _name, None)  # Windows has not all of them
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        _own = signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL
        signal.signal(_number, _own)

# This process.
sys.path.insert(0, str(OFFLINE))
import block_network  # noqa: E402
import network_namespace  # noqa: E402

ONLINE = "S1_ONLINE" in os.environ  # set for the tests that ask the package index, and only those
if not ONLINE:
    network_namespace.enter()
    block_network.block()


def pytest_collection_modifyitems(items):
    """Skip what asks the package index wherever there is no network."""
    reason = "asks the package index: `python course.py test-slow` does, or S1_ONLINE=1"
    for item in items:
        if "online" in item.keywords and not ONLINE:
            item.add_marker(pytest.mark.skip(reason=reason))


CONTEXT = 310  # tokens of the model in float64, so that a budget without a limit ends soon


@pytest.fixture(scope="session")
def exact():
    """The fine-tuned model in float64: batches of different shapes round alike."""
    from s1lib.inference.hf import load
    from s1lib.io import DATA

    model, tokenizer = load(DATA / "sft")
    model.config.max_position_embeddings = CONTEXT
    return model.double(), tokenizer


@pytest.fixture(scope="session")
def questions():
    """300 questions of the development set."""
    from s1lib.io import DATA, read_rows

    return [row["question"] for row in read_rows(DATA / "dev.jsonl")[:300]]
