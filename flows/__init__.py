"""Wiring: the dataflows, their settings, the processes that run them and the command line."""

import os

# Before numpy is loaded, which reads it once. Matrices here are small: threads that wait for each other on a busy
# machine made a measurement of risk 20 times slower, and their number changes the last digits of a sum.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
