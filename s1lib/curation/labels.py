"""Subjects: the label of each question, for the diversity stage.

s1 asks Claude 3.5 Sonnet for a Mathematics Subject Classification code. Here the teacher is asked,
or the rows themselves are: a released set says the subject of many of its questions.
"""

from collections import Counter
from collections.abc import Callable

from s1lib.config import TeacherConfig
from s1lib.distillation.answer_store import AnswerStore, TeacherResponse
from s1lib.distillation.hub_datasets import parse_metadata
from s1lib.distillation.run import Progress, distill
from s1lib.distillation.sources import group_of
from s1lib.errors import CourseError
from s1lib.prompts import LABEL_REQUEST

UNKNOWN = "unknown"
# Where the released sets' `metadata` holds a subject, the most telling first.
SUBJECT_KEYS = (
    "subject",
    "subfield",
    "Subdomain",
    "domain",
    "High-level domain",
    "category",
    "topic",
    "type",
    "problem_type",
)


async def label_questions(
    teacher: TeacherConfig,
    questions: list[str],
    store: AnswerStore,
    report: Callable[[Progress], None] | None = None,
    cap: float | None = None,
) -> dict[str, str]:
    """Ask the teacher for the subject of each question, through the same client and store.

    The subject is the last line of the reply. A question whose request failed gets the label
    "unknown"; it is asked again the next time.
    Raises CourseError if the spending cap stops it.
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


def label_of_row(row: dict) -> tuple[str, str]:
    """Read the subject of a question off its row; also return where it was found.

    First its `metadata`, then the path in its source's name ("qfq/openaimath/Geometry"), else
    its source's group with `cot_type`.
    """
    metadata = parse_metadata(row.get("metadata"))
    for key in SUBJECT_KEYS:
        value = metadata.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value.strip(), f"metadata[{key!r}]"
    source = row.get("source_type") or UNKNOWN
    path = source.split("/")
    if len(path) > 2:
        return path[-1], "the source's name"
    return " ".join(filter(None, (group_of(source), row.get("cot_type")))), "source and cot_type"


def labels_from_rows(rows: list[dict]) -> tuple[dict[str, str], Counter[str]]:
    """Read the subject of every question off its row, and count where the labels were found."""
    found = {row["question"]: label_of_row(row) for row in rows}
    labels = {question: label for question, (label, _) in found.items()}
    return labels, Counter(where for _, where in found.values())
