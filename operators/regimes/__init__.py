"""Regimes of a market on four timeframes, as filtered probabilities: what was known at the time, no look-ahead."""

from operators.regimes.bar_file import regimes_of

__all__ = ["regimes_of"]
