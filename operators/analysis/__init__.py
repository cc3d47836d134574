"""One instrument at a time, for people: what the operators of the market flow measure, asked for in one place."""

from operators.analysis.analyzer import OrderBookAnalyzer

__all__ = ["OrderBookAnalyzer"]
