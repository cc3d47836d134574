"""Shards of what we say ourselves; who kills, or speaks for a person, needs their names and nothing of a flow."""

CONTROL = "control/0"
TRADING = "trading/0"
