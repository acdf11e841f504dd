"""The paper's own numbers where no module of ours runs them again: Tables 1, 5, 13 and 14 of
"s1: Simple test-time scaling", arXiv 2501.19393v3; costs as each source gives them.

None stands for what the source does not give.
"""

NOT_PUBLISHED = "not published"

# System, examples of fine-tuning, AIME24, MATH500, GPQA Diamond, cost of training
TABLE_1 = [
    ("o1-preview", None, 44.6, 85.5, 73.3, NOT_PUBLISHED),
    ("o1-mini", None, 70.0, 90.0, 60.0, NOT_PUBLISHED),
    ("o1", None, 74.4, 94.8, 77.3, NOT_PUBLISHED),
    ("Gemini 2.0 Flash Thinking", None, 60.0, None, None, NOT_PUBLISHED),
    ("Qwen2.5-32B-Instruct", None, 26.7, 84.0, 49.0, NOT_PUBLISHED),
    ("QwQ-32B-preview", None, 50.0, 90.6, 54.5, NOT_PUBLISHED),
    ("r1", "more than 800,000", 79.8, 97.3, 71.5, NOT_PUBLISHED),
    ("r1-distill, 32B", "800,000", 72.6, 94.3, 62.1, NOT_PUBLISHED),
    ("Sky-T1-32B-Preview", "17,000", 43.3, 82.4, 56.8, "19 h on 8 H100, under $450 (its blog)"),
    ("Bespoke-32B", "17,000", 63.3, 93.0, 58.1, NOT_PUBLISHED),
    ("s1 without budget forcing", "1,000", 50.0, 92.6, 56.6, "26 min on 16 H100: 7 GPU-hours"),
    ("s1-32B", "1,000", 56.7, 93.0, 59.6, "the same"),
]

# System, MATH500, GPQA Diamond, AIME24, AIME25
TABLE_5 = [
    ("o3-mini, low", 95.8, 70.6, 56.3, 42.1),
    ("o3-mini, medium", 97.3, 76.8, 75.8, 70.4),
    ("o3-mini, high", 97.9, 79.7, 83.8, 80.9),
    ("QwQ-32B-preview", 90.6, 54.5, 46.7, 32.7),
    ("r1", 97.3, 71.5, 79.8, 70.0),
    ("r1-distill, Llama 70B", 94.5, 65.2, 57.1, 56.3),
    ("r1-distill, Qwen 14B", 93.9, 59.1, 61.7, 48.0),
    ("r1-distill, Qwen 32B", 94.3, 62.1, 58.3, 49.6),
    ("LIMO, 817 rows", 94.8, 66.7, 56.3, 44.6),
    ("s1 without budget forcing", 92.6, 56.6, 50.0, 26.7),
    ("s1, 1 Wait", 92.8, 59.6, 53.3, 30.0),
    ("s1, 2 Waits", 93.0, 59.6, 53.3, 33.3),
    ("s1, 4 Waits", 92.2, 58.6, 56.7, 36.7),
    ("s1.1 without budget forcing", 94.4, 60.6, 56.7, 50.0),
    ("s1.1, 1 Wait", 95.4, 62.6, 56.7, 50.0),
    ("s1.1, 2 Waits", 95.4, 63.6, 56.7, 50.0),
]

# Steps asked for; tokens and AIME24 left to itself; the same, forced; tokens per step
TABLE_13 = [
    (16, 7252, 33.3, 1517, 23.3, 96),
    (32, 6277, 23.3, 2963, 23.3, 94),
    (64, 5396, 33.3, 4636, 33.3, 80),
    (128, 5552, 36.7, 5409, 36.7, 70),
    (256, 7551, 33.3, 7551, 33.3, 56),
]

# What the question asks for; accuracy and thinking tokens on AIME24, MATH500, GPQA Diamond
TABLE_14 = [
    ("a short thought", (30.0, 8033), (90.4, 2537), (56.6, 4177)),
    ("a long thought", (36.7, 9651), (91.4, 3875), (51.0, 4827)),
    ("nothing", (50.0, 6109), (93.0, 3298), (57.6, 3510)),
]

# How to run each at full scale; {set} is aime24, aime25, math500 or gpqa
EVALUATE = "python -m s1lib.evaluate --profile h100x16 --set {set} --model"
TRAIN = "the README's command for h100x16"
FULL_SCALE = {
    "Tables 1 and 5, Figures 1 and 4": f"{EVALUATE} simplescaling/s1-32B",
    "Table 2": "python -m s1lib.curate --profile h100x16 --ablations; "
    f"{TRAIN} with --data build/ablations/random.jsonl; {EVALUATE} build/sft",
    "Tables 3 and 12": f"{EVALUATE} simplescaling/token-conditional-control "
    '--ask "Think for up to 2048 tokens."',
    "Table 4": f"{EVALUATE} simplescaling/s1-32B --string Hmm",
    "Table 8": f'{TRAIN} with max_length = 4096 and longer = "cut" in the profile; '
    f"{EVALUATE} build/sft",
    "Table 13": "no command: its models count steps in a format of their own",
    "Table 14": f'{EVALUATE} simplescaling/s1-32B --ask "Think for a short time."',
    "NoWait": f"{EVALUATE} simplescaling/s1-32B --suppress Wait",
    "Figures 6 and 7": "no command: s1lib.results.figure6 shows the calls, with the `think` of "
    "s1lib.engines.vllm and Sampling(temperature=1.0, seeds=...)",
}
