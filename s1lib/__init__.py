"""s1lib: the tested helper package of the s1 course."""

import logging

# Where it is installed, it looks for a CPU kernel on import and says that there is none.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
