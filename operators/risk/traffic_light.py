"""Basel's traffic light: how likely at least so few exceedances are if the VaR is right, as a colour and a multiplier.

green below 95 % of the binomial distribution, yellow below 99.99 %, red from there. For 250 days at 99 %: green to 4,
yellow 5 to 9, red from 10; the addition to the capital multiplier then is 0.40, 0.50, 0.65, 0.75, 0.85 and 1.00. The
addition is stated by Basel for that case alone; for any other it is NaN unless green (0) or red (1).

Reference: Basel Committee (1996), Supervisory framework for the use of backtesting; Basel framework MAR32.
"""

from math import nan
from typing import Literal, NamedTuple

from scipy.special import bdtr

from operators.risk.checked import checked_level

YELLOW, RED = 0.95, 0.9999
ADDITIONS = {5: 0.40, 6: 0.50, 7: 0.65, 8: 0.75, 9: 0.85}


class Light(NamedTuple):
    """What the supervisor sees."""

    colour: Literal["green", "yellow", "red"]
    cumulative: float  # P(at most so many exceedances | the VaR is right)
    addition: float  # to the capital multiplier


def traffic_light(exceedances: int, days: int, level: float = 0.99) -> Light:
    """The light after so many days.

    >>> [traffic_light(count, 250).colour for count in (4, 5, 9, 10)]
    ['green', 'yellow', 'yellow', 'red']
    """
    if not 0 <= exceedances <= days or days < 1:
        raise ValueError(f"exceedances must be 0 to days, days at least 1, got {exceedances} of {days}")
    cumulative = float(bdtr(exceedances, days, 1.0 - checked_level(level)))
    if cumulative < YELLOW:
        return Light("green", cumulative, 0.0)
    if cumulative >= RED:
        return Light("red", cumulative, 1.0)
    return Light("yellow", cumulative, ADDITIONS.get(exceedances, nan) if (days, level) == (250, 0.99) else nan)
