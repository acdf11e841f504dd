"""The error that a reader can fix, and how a command reports it."""

from collections.abc import Callable


class CourseError(Exception):
    """Something the reader can fix; the message names the problem and the fix."""


def run_command(main: Callable[[], None]) -> None:
    """Run a command's `main` and report a CourseError as one sentence, without a traceback."""
    try:
        main()
    except CourseError as error:
        raise SystemExit(f"error: {error}") from None
