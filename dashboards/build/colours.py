"""One colour per state, the same as in pictures of regimes and on the console page; and what else means good or bad."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    MappingType,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from flows.regime_palette import STATES

BUY, SELL, PLAIN = "#20579a", "#d2613c", "#8b929b"  # prices of bull, bear and neutral in the same pictures
GOOD, WARN, BAD, UNKNOWN = "#2f8f5b", "#d9a514", "#c4362b", "#7d8792"
STAGES = {"features": "#5794f2", "sink": "#8e6bd1", "store": "#d9a514"}
TRADING = {"active": GOOD, "resumed": GOOD, "warning": WARN, "reducing": WARN, "halted": BAD}
FEED = {"up": GOOD, "unverifiable": "#8e9bd0", "down": BAD, "closed": UNKNOWN}
GREY = {"unknown": UNKNOWN, "no data": "#3a3f47"}
ALL_STATES = {**STATES, **GREY}


def worded(colours: Mapping[str, str]) -> list[ValueMapping]:
    """A mapping of words to their colours."""
    results = {
        word: ValueMappingResult(text=word, color=colour, index=number)
        for number, (word, colour) in enumerate(colours.items())
    }
    return [ValueMap(options=results)]


def steps(*above: tuple[float, str], first: str = GOOD) -> ThresholdsConfig:
    """Colours of a number: `first`, and another from each value on."""
    made = [Threshold(value=None, color=first), *(Threshold(value=value, color=colour) for value, colour in above)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(made)


__all__ = ["MappingType", "steps", "worded"]
