"""Wiring: the dataflows, their settings, the processes that run them and the command line."""
