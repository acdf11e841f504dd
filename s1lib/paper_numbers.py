"""Numbers that others published: those of "s1: Simple test-time scaling", arXiv 2501.19393v3, by
table and figure; costs of training as each source gives them. Accuracies are percentages.

None marks what the source does not give.
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
    (
        "r1",
        "more than 800,000",
        79.8,
        97.3,
        71.5,
        "$294,000 after its base model (Nature, 2025)",
    ),
    ("r1-distill, 32B", "800,000", 72.6, 94.3, 62.1, NOT_PUBLISHED),
    ("Sky-T1-32B-Preview", "17,000", 43.3, 82.4, 56.8, "19 h on 8 H100, under $450 (its blog)"),
    ("Bespoke-32B", "17,000", 63.3, 93.0, 58.1, NOT_PUBLISHED),
    ("s1 without budget forcing", "1,000", 50.0, 92.6, 56.6, "26 min on 16 H100: 7 GPU-hours"),
    ("s1-32B", "1,000", 56.7, 93.0, 59.6, "the same"),
]

# Training set: accuracy on AIME24, MATH500 and GPQA Diamond under a limit of about 30,000 thinking
# tokens and without Waits, each with the 95% interval of its difference from s1K, in points
TABLE_2 = {
    "random": ((36.7, -26.7, -3.3), (90.6, -4.8, 0.0), (52.0, -12.6, 2.5)),
    "diverse": ((26.7, -40.0, -10.0), (91.2, -4.0, 0.2), (54.6, -10.1, 5.1)),
    "longest": ((33.3, -36.7, 0.0), (90.4, -5.0, -0.2), (59.6, -5.1, 10.1)),
    "full": ((53.3, -13.3, 20.0), (92.8, -2.6, 2.2), (58.1, -6.6, 8.6)),
    "curated": ((50.0,), (93.0,), (57.6,)),
}

# Method: Control, Scaling per doubling of the tokens, Performance, number of runs; on AIME24
TABLE_3 = {
    "budget forcing": ("100%", 15, 56.7, 5),
    "token-conditional": ("40%", -24, 40.0, 5),
    "token-conditional, forced": ("100%", 13, 40.0, 5),
    "step-conditional": ("60%", 3, 36.7, 5),
    "step-conditional, forced": ("100%", 6, 36.7, 5),
    "class-conditional": ("50%", 25, 36.7, 2),
    "rejection sampling": ("100%", -35, 40.0, 5),
}

# Appended string: AIME24, MATH500, GPQA Diamond
TABLE_4 = {
    "no extrapolation": (50.0, 93.0, 57.6),
    "nothing": (50.0, 90.2, 55.1),
    "Alternatively": (50.0, 92.2, 59.6),
    "Hmm": (50.0, 93.0, 59.6),
    "Wait": (53.3, 93.0, 59.6),
}

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

# Training length, share of rows it cuts, AIME24 and its thinking tokens, MATH500, GPQA Diamond
TABLE_8 = [
    (4096, "74%", 30.0, 20721, 90.0, 52.5),
    (32768, "0%", 50.0, 6984, 91.0, 53.0),
]

# Tokens the question asks for; tokens used and AIME24 without forcing; the same with forcing
TABLE_12 = [
    (1024, 7939, 26.7, 1024, 3.3),
    (2048, 7158, 30.0, 2048, 30.0),
    (4096, 8263, 33.3, 4031, 33.3),
    (8192, 7108, 33.3, 5664, 33.3),
    (16384, 7500, 40.0, 6330, 40.0),
]

# Steps the question asks for; tokens and AIME24 without forcing; with forcing; tokens per step
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

# Name, limit, Waits, thinking tokens, right answers of AIME24's 30; read off the vector figure in
# the s1 repository, with the Waits of its caption. Without a limit of its own a run has the
# context's, 32,768 tokens. The base model, which does not think, is Table 1's.
FIGURE_4 = [
    ("sft-limit-500", 500, 0, 500, 0),
    ("sft-limit-1000", 1000, 0, 1000, 4),
    ("sft-limit-2000", 2000, 0, 2000, 9),
    ("sft-limit-4000", 4000, 0, 3933, 13),
    ("sft", 32768, 0, 5300, 15),
    ("sft-wait-2", 32768, 2, 6657, 16),
    ("sft-wait-4", 32768, 4, 7320, 17),
    ("sft-wait-6", 32768, 6, 8500, 17),
    ("base-direct", None, 0, 0, 8),
]

# Limit, tries needed, mean thinking tokens, AIME24; read off the vector figure
FIGURE_6 = [
    (3500, 655, 2974, 40.0),
    (4000, 97, 3703, 36.7),
    (5000, 8, 4344, 33.3),
    (6000, 3, 4734, 30.0),
    (8000, 2, 5193, 26.7),
    (16000, 1, 5293, 23.3),
]

# What others measured later: what was changed, accuracy before and after, source
_WAIT = "ICLR 2026 blog post “Wait, do we need to wait?”; scb-10x/test-time-scaling-debunk"
_CUT = "abuahmad369/llm-budget-forcing, RESULTS.md; one seed"
_LIMO = "tatehertel.com/research/limo, 2026"
FOLLOW_UPS = [
    ("an answer forced at 4K tokens, VibeThinker-3B, AIME25", 27.5, 40.8, _CUT),
    ("an answer forced at 8K tokens", 46.7, 55.8, _CUT),
    ("an answer forced at 16K tokens", 63.3, 70.8, _CUT),
    ("“Wait”, s1.1-7B, MATH500", 73.6, 74.2, _WAIT),
    ("“Let” in its place", 73.6, 76.2, _WAIT),
    ("“Wait”, OpenThinker3-7B, MATH500", 81.0, 87.0, _WAIT),
    ("“Wait”, Llama-3.1-8B, MATH500", 46.5, 40.8, _WAIT),
    ("“Wait”, Qwen2.5-7B-Instruct, MATH500", 69.0, 61.0, _WAIT),
    ("s1K, Qwen2.5-1.5B-Instruct, MATH500", 49.4, 27.8, _LIMO),
    ("LIMO's 817 rows, the same model", 49.4, 26.4, _LIMO),
    ("s1K, a base model of 3B, MATH500", 59.4, 29.2, "FengJin1117/post-train, references/s1K"),
    ("the same, GSM8K", 52.0, 56.6, "FengJin1117/post-train, references/s1K"),
]

# How to run each at full scale; {set} is aime24, aime25, math500 or gpqa
EVALUATE = "python -m s1lib.evaluation --profile h100x16 --set {set} --model"
TRAIN = "the README's command for h100x16"
FULL_SCALE = {
    "Tables 1 and 5, Figures 1 and 4": f"{EVALUATE} simplescaling/s1-32B",
    "Table 2": "python -m s1lib.curation --profile h100x16 --ablations "
    f"with the whole pool's traces; {TRAIN} with --data build/ablations/random.jsonl; "
    f"{EVALUATE} build/sft",
    "Tables 3 and 12": f"{EVALUATE} simplescaling/token-conditional-control "
    '--ask "Think for up to 2048 tokens."',
    "Table 4": f"{EVALUATE} simplescaling/s1-32B --string Hmm",
    "Table 8": f'{TRAIN} with max_length = 4096 and overlong = "cut" in the profile; '
    f"{EVALUATE} build/sft",
    "Table 13": "no command: its models count steps in a format of their own",
    "Table 14": f'{EVALUATE} simplescaling/s1-32B --ask "Think for a short time."',
    "NoWait": f"{EVALUATE} simplescaling/s1-32B --suppress Wait",
    "Figures 6 and 7": "no command: s1lib.results.figure6 shows the calls, `open_engine` of "
    "s1lib.inference with the profile's vLLM and Sampling(temperature=1.0, seeds=...)",
}
