"""The words of regimes: the views of a market and the states of each, in the order of their meaning, low to high.

A regime is one state of every view, written "calm/bull/trending", or UNKNOWN until every view has one.
"""

VOLATILITIES = ("calm", "normal", "stressed")  # how much it moves
DIRECTIONS = ("bear", "neutral", "bull")  # where it goes
DYNAMICS = ("reverting", "random", "trending")  # whether a move is undone, forgotten or continued
VIEWS = {"volatility": VOLATILITIES, "direction": DIRECTIONS, "dynamics": DYNAMICS}
STATES = VOLATILITIES + DIRECTIONS + DYNAMICS
UNKNOWN = "unknown"

REGIME_TIMEFRAMES = {"ultra_short": "1s", "short": "1m", "medium": "1h", "long": "1d"}  # and the bars each is made of
