"""Labelled markets: bars whose regimes are known, the best that can be known of them causally, and how to score it."""
