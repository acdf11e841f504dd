"""How much does the store cost? `python benchmarks/distillation.py`.

The same questions, server and concurrency, asked by the bare `google-genai` client and by
`s1lib.distillation` with everything stored: the median of ratios of requests per second, taken
side by side in one run. Prints a card, and one JSON line last.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from s1lib.config import load_profile
from s1lib.distillation.answer_store import AnswerStore
from s1lib.distillation.clients import gemini_client, gemini_config
from s1lib.distillation.run import distill
from s1lib.io import DATA, read_rows
from s1lib.toyworld.fake_gemini import serve_fake_gemini


async def bare(service, questions: list[str]) -> int:
    """Only the client, under a semaphore."""
    client = gemini_client(service, service.url, "none-needed")
    config, gate = gemini_config(service), asyncio.Semaphore(service.concurrency)

    async def one(question: str) -> bool:
        async with gate:
            response = await client.aio.models.generate_content(
                model=service.model, contents=question, config=config
            )
        return bool(response.candidates)

    answered = sum(await asyncio.gather(*map(one, questions)))
    await client.aio.aclose()
    return answered


def main() -> None:
    """Take both in turns."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    pool = read_rows(DATA / "pool.jsonl")
    questions = list(dict.fromkeys(row["question"] for row in pool))[: args.questions]
    laptop = load_profile("laptop").teacher
    pairs = []
    with serve_fake_gemini() as address, tempfile.TemporaryDirectory() as folder:
        service = replace(laptop, url=address)
        for turn in range(args.repeats + 1):
            start = time.perf_counter()
            assert asyncio.run(bare(service, questions)) == len(questions)
            middle = time.perf_counter()
            with AnswerStore(Path(folder) / f"{turn}.db") as store:
                asyncio.run(distill(service, questions, store))
                assert len(store) == len(questions)
            end = time.perf_counter()
            if turn:  # the first pair warms up
                pairs.append(((middle - start) / (end - middle), len(questions) / (end - middle)))
    ratio = statistics.median(p[0] for p in pairs)
    speed = statistics.median(p[1] for p in pairs)
    print(f"google-genai {version('google-genai')}, {laptop.concurrency} requests in flight")
    print(f"requests per second, everything stored   {speed:8.0f}")
    print(f"against the bare client                  {ratio:8.2f}×\n")
    print(json.dumps({"requests_per_second": round(speed), "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
