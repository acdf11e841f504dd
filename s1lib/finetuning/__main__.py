from s1lib.errors import run_command
from s1lib.finetuning.run import main

run_command(main)
