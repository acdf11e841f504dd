"""Prompts that are sent to a teacher beside the bare question."""

# s1 asks for a Mathematics Subject Classification code on the last line (data/featurization.py).
LABEL_REQUEST = "Name the subject of this question in a few words, on the last line: "
