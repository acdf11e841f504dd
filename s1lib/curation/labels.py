"""Subjects: the label of each question, for the diversity stage."""

from collections.abc import Callable

from s1lib.config import TeacherConfig
from s1lib.distillation.answer_store import AnswerStore, TeacherResponse
from s1lib.distillation.run import Progress, distill
from s1lib.errors import CourseError
from s1lib.prompts import LABEL_REQUEST

UNKNOWN = "unknown"


async def label_questions(
    teacher: TeacherConfig,
    questions: list[str],
    store: AnswerStore,
    report: Callable[[Progress], None] | None = None,
    cap: float | None = None,
) -> dict[str, str]:
    """Ask the teacher for the subject of each question, through the same client and store.

    s1 asks Claude 3.5 Sonnet for a Mathematics Subject Classification code, on the last line of
    the reply. A question whose request failed gets the label "unknown"; it is asked again the
    next time. Raises CourseError if the spending cap stops it.
    """
    requests = {question: LABEL_REQUEST + question for question in questions}
    responses, state = await distill(
        teacher, requests.values(), store, report, cap, retry_failed=True
    )
    if state.stopped:
        raise CourseError(f"{state.stopped}: run again to go on.")
    return {q: _subject(responses.get(request)) for q, request in requests.items()}


def _subject(response: TeacherResponse | None) -> str:
    """The last line of a reply; a label needs no thinking."""
    if response is None or response.failure not in (None, "no thinking"):
        return UNKNOWN
    lines = (response.attempt or "").strip().splitlines()
    return lines[-1].strip() if lines else UNKNOWN
