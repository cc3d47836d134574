"""A regime in a few characters: "▼» stressed 76%".

The word and its colour say how much a market moves, the first mark where it goes (▲ bull, ■ neutral, ▼ bear), the
second what it makes of its own moves (» trending: goes on, ~ random: forgets, « reverting: takes back), the number how
sure that is: the smallest probability of the three. No meaning rests on colour alone.
"""

from collections.abc import Sequence

from rich.text import Text

from gateway.rows import time_text
from market.regimes import UNKNOWN, VIEWS

MOODS = {"calm": "cyan", "normal": "blue", "stressed": "yellow"}
WAYS = {"bull": "▲", "neutral": "■", "bear": "▼"}
WAY_STYLES = {"bull": "green", "neutral": "bright_black", "bear": "red"}
DYNAMICS = {"trending": "»", "random": "~", "reverting": "«"}
LEGEND = "  ".join(f"{mark} {state}" for state, mark in (WAYS | DYNAMICS).items())
DIM = "bright_black"
NONE = "–"
WIDTH = 15  # of "▼» stressed 99%"


def parts(regime: str) -> dict[str, str]:
    """The state of each view; a view that the regime does not name is unknown.

    >>> parts("calm/bull/trending")
    {'volatility': 'calm', 'direction': 'bull', 'dynamics': 'trending'}
    >>> parts("unknown")
    {'volatility': 'unknown', 'direction': 'unknown', 'dynamics': 'unknown'}
    """
    named = regime.split("/")
    return {view: next((state for state in named if state in states), UNKNOWN) for view, states in VIEWS.items()}


def short(regime: str, confidence: float | None) -> Text:
    """At most WIDTH characters; a regime of which nothing is known is "warming up"."""
    now = parts(regime)
    if set(now.values()) == {UNKNOWN}:
        return Text("warming up", DIM)
    way, mood = now["direction"], now["volatility"]
    return Text.assemble(
        (WAYS.get(way, "·"), WAY_STYLES.get(way, DIM)),
        (DYNAMICS.get(now["dynamics"], "·"), DIM if now["dynamics"] == "random" else ""),
        (f" {mood}", MOODS.get(mood, DIM)),
        (f" {percent(confidence)}" if confidence is not None else "", DIM),
    )


def long(regime: str) -> Text:
    """The regime in words, with their colours: "stressed/bear/trending"."""
    styles = MOODS | WAY_STYLES
    words: list[str | tuple[str, str]] = []
    for word in regime.split("/"):
        words += [("/", DIM), (word, styles.get(word, DIM if word == UNKNOWN else ""))]
    return Text.assemble(*words[1:])


def percent(share: float | None) -> str:
    """At most three characters, because nothing that is inferred is certain.

    >>> percent(0.764), percent(0.9999), percent(None)
    ('76%', '99%', '–')
    """
    return NONE if share is None else f"{min(share, 0.99):.0%}"


def moment(time_ns: int) -> str:
    """A time of UTC to the second; a midnight is its day.

    >>> moment(1_700_000_000_000_000_000), moment(1_699_920_000_000_000_000)
    ('2023-11-14 22:13:20', '2023-11-14')
    """
    return time_text(time_ns)[:19].replace("T", " ").removesuffix(" 00:00:00")


def mean(shares: Sequence[float | None]) -> float | None:
    """Mean of those that are known; None if none is."""
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None
