"""s1lib: the tested helper package of the s1 course."""

import logging

from s1lib.threads import prepare_openmp

prepare_openmp()  # before torch is imported

# Where it is installed, it looks for a CPU kernel on import and says that there is none.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
