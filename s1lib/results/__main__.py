from s1lib.errors import run_module

if __name__ == "__main__":  # its workers import this module
    run_module("s1lib.results.run")
