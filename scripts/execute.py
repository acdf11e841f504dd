"""Execute one notebook in a kernel of the running interpreter."""

import asyncio
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from outputs import hidden_error, plain

ROOT = Path(__file__).resolve().parent.parent
TAIL = 12  # lines of an error that are shown


class NotebookFailed(Exception):
    """A cell failed, or showed nothing for far too long; the message says which and why."""


class _ThisPython(KernelSpecManager):
    """Every kernel is the running interpreter, whatever is registered on this computer."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        return KernelSpec(
            argv=[*argv, "-f", "{connection_file}"], display_name="Python 3", language="python"
        )


class _Client(NotebookClient):
    """nbclient that can be stopped from outside, by Ctrl-C or by a clock.

    Its own handlers end the kernel and report it as dead, which would read like a fault.
    """

    task: asyncio.Task  # the one that executes
    stopped: str | None = None  # who stopped it: "user" or "clock"
    silent = -math.inf  # seconds since the kernel last sent anything; counted from the first cell

    def create_kernel_manager(self) -> AsyncKernelManager:
        self.km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=_ThisPython())
        return self.km

    async def async_start_new_kernel(self, **kwargs) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop, "user")
        await super().async_start_new_kernel(**kwargs)

    def stop(self, who: str) -> None:
        self.stopped = self.stopped or who
        self.task.cancel()

    def process_message(self, msg, cell, cell_index):
        """Every message of a cell, be it printed, drawn or a widget's, is a sign of progress."""
        self.silent = 0
        return super().process_message(msg, cell, cell_index)

    async def end_kernel(self) -> None:
        """nbclient leaves a kernel that was stopped while it started."""
        if self.km is not None and self.km.has_kernel:
            await self.km.shutdown_kernel(now=True)


def kernel_environment(profile: str, build: Path) -> dict[str, str]:
    """The environment of a kernel: offline, this copy of s1lib, this build folder."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "S1_PROFILE": profile,
        "S1_BUILD": str(build),
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # Threads that wait in a loop for long slow each other down on a busy computer.
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "1000"),
    }


def execute(
    nb: NotebookNode,
    folder: Path,
    env: dict[str, str],
    log: Path,
    patience: float,
    progress: Callable[[int, int, float], None],
) -> float:
    """Run all cells of `nb` in `folder`; the outputs are written into `nb`.

    `progress(done, cells, seconds)` is called every second. `log` receives what the kernel
    prints outside of cells. Returns the seconds it took. Raises NotebookFailed when a cell fails
    or shows nothing (no output, no message) for `patience` seconds, and KeyboardInterrupt on
    Ctrl-C. How long the whole takes is never a reason to stop it.
    """
    with log.open("wb") as stream:
        return asyncio.run(_execute(nb, folder, env, stream, log, patience, progress))


async def _execute(nb, folder, env, stream, log, patience, progress) -> float:
    code = [i for i, c in enumerate(nb.cells) if c.cell_type == "code" and c.source.strip()]
    current = {"done": 0}
    start = time.monotonic()

    def started(cell, cell_index):
        current["done"] = code.index(cell_index) if cell_index in code else current["done"]
        client.silent = 0

    async def tick():
        while True:
            progress(current["done"], len(code), time.monotonic() - start)
            await asyncio.sleep(1)
            client.silent += 1  # not by the clock: while the computer sleeps, no time passes
            if client.silent >= patience:
                client.stop("clock")

    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nb.metadata.pop("widgets", None)
    client = _Client(
        nb,
        timeout=None,
        startup_timeout=300,  # a busy computer starts Python slowly
        record_timing=False,  # time stamps would make every saved copy differ
        on_cell_execute=started,
        resources={"metadata": {"path": str(folder)}},
    )
    client.task = asyncio.current_task()
    ticker = asyncio.create_task(tick())
    try:
        await client.async_execute(env=env, stdout=stream, stderr=stream)
    except (CellExecutionError, DeadKernelError, RuntimeError, asyncio.CancelledError) as error:
        if client.stopped == "clock":
            raise NotebookFailed(
                f"stopped in cell {current['done'] + 1} of {len(code)}, which showed nothing for "
                f"{patience / 60:.3g} minutes. If it needs longer, allow more: `--patience 120`."
            ) from None
        if client.stopped == "user" or isinstance(error, asyncio.CancelledError):
            raise KeyboardInterrupt from None
        raise NotebookFailed(_explain(error, nb, code, current["done"], log)) from None
    finally:
        ticker.cancel()
        await client.end_kernel()
    seconds = time.monotonic() - start
    if found := hidden_error(nb):
        raise NotebookFailed(f"an error that did not stop the notebook:\n{_tail(found)}")
    progress(len(code), len(code), seconds)
    return seconds


def _explain(error: Exception, nb: NotebookNode, code: list[int], done: int, log: Path) -> str:
    where = f"cell {done + 1} of {len(code)} failed"
    if code and (source := nb.cells[code[done]].source.strip()):
        where += f" (it begins `{source.splitlines()[0][:60]}`)"
    if isinstance(error, DeadKernelError):
        text = log.read_text(encoding="utf-8", errors="replace")
        return f"{where}: its Python process died, often for want of memory.\n{_tail(text)}"
    return f"{where}:\n{_tail(str(error))}"


def _tail(text: str) -> str:
    lines = [line for line in plain(text).splitlines() if line.strip()]
    return "\n".join("    " + line for line in lines[-TAIL:])
