"""s1lib: the tested helper package of the s1 course."""

from s1lib.stopping import end_on_signals, starts_a_command

if starts_a_command():  # before anything else is imported
    end_on_signals()

import logging

from s1lib.threads import prepare_openmp

prepare_openmp()  # before torch is imported

# Where it is installed, it looks for a CPU kernel on import and says that there is none.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
