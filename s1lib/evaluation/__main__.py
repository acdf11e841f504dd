from s1lib.errors import run_module

run_module("s1lib.evaluation.run")
