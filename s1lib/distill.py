"""Distillation: ask a teacher every question of the pool and keep its thinking.

`python -m s1lib.distill --profile laptop`. The client is the real `google-genai`; in the
laptop profile it talks to the embedded teacher on the loopback.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from getpass import getpass
from pathlib import Path

from google import genai
from google.genai import errors, types

from s1lib.profile import Profile, load_profile
from s1lib.store import CourseError, locate, output, read_rows, write_rows
from s1lib.world.server import serve_teacher


def api_key(profile: Profile) -> str:
    """The key from GEMINI_API_KEY or a hidden prompt; the embedded teacher needs none."""
    if profile.teacher_url == "embedded":
        return "none-needed"
    return os.environ.get("GEMINI_API_KEY") or getpass("Gemini API key: ")


def read_response(response) -> dict:
    """What is kept of a response: thinking, attempt and how it ended."""
    candidate = response.candidates[0] if response.candidates else None
    content = candidate.content if candidate else None
    parts = (content.parts if content else None) or []
    thinking = "".join(p.text for p in parts if p.thought and p.text)
    attempt = "".join(p.text for p in parts if not p.thought and p.text)
    reason = candidate.finish_reason if candidate else None
    failure = None
    if not thinking or not attempt:
        failure = (
            f"no {'answer' if thinking else 'thinking'} ({reason.value if reason else 'BLOCKED'})"
        )
    return {"thinking": thinking or None, "attempt": attempt or None, "failure": failure}


async def ask(client: genai.Client, model: str, question: str) -> dict:
    """One question, as in s1: nothing but the question, no system prompt, no settings."""
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True)
    )
    try:
        response = await client.aio.models.generate_content(
            model=model, contents=question, config=config
        )
    except (errors.APIError, TimeoutError, OSError) as error:
        reason = getattr(error, "status", None) or type(error).__name__
        return {"thinking": None, "attempt": None, "failure": reason}
    return read_response(response)


async def distill(
    profile: Profile,
    pool: list[dict],
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict]:
    """Ask every question once; the answers lie in `out` as they come in.

    A restart asks only what is missing. Returns one record per distinct question:
    {"question", "thinking", "attempt", "failure"}; asked = answered + failed.
    """
    questions = list(dict.fromkeys(row["question"] for row in pool))
    stored = {r["question"]: r for r in read_rows(out)} if out.exists() else {}
    done = {q: stored[q] for q in questions if q in stored}
    todo = [q for q in questions if q not in done]
    gate = asyncio.Semaphore(profile.concurrency)
    embedded = profile.teacher_url == "embedded"
    with serve_teacher() if embedded else nullcontext(profile.teacher_url) as address:
        options = types.HttpOptions(
            base_url=address,
            timeout=600_000,
            retry_options=types.HttpRetryOptions(attempts=4, initial_delay=1.0, max_delay=60.0),
        )
        client = genai.Client(api_key=api_key(profile), http_options=options)
        with open(out, "a", encoding="utf-8") as lines:

            async def one(question: str) -> None:
                async with gate:
                    record = {"question": question} | await ask(
                        client, profile.teacher_model, question
                    )
                lines.write(json.dumps(record) + "\n")
                lines.flush()
                done[question] = record
                if progress:
                    progress(len(done), len(questions))

            await asyncio.gather(*(one(q) for q in todo))
        await client.aio.aclose()
    return [done[q] for q in questions]


def join(pool: list[dict], records: list[dict]) -> list[dict]:
    """The pool with the teacher's words: s1's columns `thinking_trajectories` and `attempt`."""
    by_question = {r["question"]: r for r in records}
    rows = []
    for row in pool:
        record = by_question.get(row["question"], {})
        thinking = record.get("thinking")
        rows.append(
            row
            | {
                "thinking_trajectories": [thinking] if thinking else None,
                "attempt": record.get("attempt"),
            }
        )
    return rows


def load_pool(profile: Profile) -> list[dict]:
    """The pool, or the first questions of it if the profile asks for fewer."""
    rows = read_rows(locate("pool.jsonl"))
    return rows[: profile.pool_questions or None]


def main() -> None:
    """Distil the pool."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    profile = load_profile(parser.parse_args().profile)
    pool = load_pool(profile)

    def progress(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            print(f"{done}/{total} questions", flush=True)

    records = asyncio.run(distill(profile, pool, output("answers.jsonl"), progress))
    failed = sum(r["failure"] is not None for r in records)
    print(f"asked {len(records)} = answered {len(records) - failed} + failed {failed}")
    write_rows(output("traces.jsonl"), join(pool, records))


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        raise SystemExit(f"error: {error}") from None
