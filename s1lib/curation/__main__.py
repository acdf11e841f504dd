from s1lib.curation.run import main
from s1lib.errors import run_command

run_command(main)
