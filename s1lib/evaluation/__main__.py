from s1lib.errors import run_command
from s1lib.evaluation.run import main

run_command(main)
