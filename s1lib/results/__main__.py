from s1lib.errors import run_command
from s1lib.results.run import main

if __name__ == "__main__":
    run_command(main)
