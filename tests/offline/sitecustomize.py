"""Python runs this file at start when its folder is on PYTHONPATH: see tests/conftest.py."""

import block_network

block_network.block()
