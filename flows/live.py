"""Whether orders may go to an account with money: two switches, and limits that a person has set.

Paper is the default. Live needs `execution.live = true` in the settings file and BAROGRAPH_LIVE_TRADING in the
environment, which holds the number of the account; one alone refuses to start, as does a limit that nobody set. The
venue is asked for the number too, so that a key of another account never trades.
"""

from collections.abc import Mapping
from math import isfinite

from flows.settings import Settings
from market.errors import SettingsError

VARIABLE = "BAROGRAPH_LIVE_TRADING"
LIMITS = ("max_order_notional", "max_position_notional", "max_gross_notional", "max_drawdown")
FEWEST_LETTERS = 6  # of an account number; "1", "true" and "yes" are none


def limits_set(settings: Settings) -> dict[str, float]:
    """The limits of [risk] that stand in the settings file, defaults left out."""
    return {name: getattr(settings.risk, name) for name in LIMITS if name in settings.risk.model_fields_set}


def permitted(*, live: bool, environment: Mapping[str, str], limits: Mapping[str, float]) -> str:
    """The number of the account that live orders may go to; empty: paper. Raises SettingsError with every reason.

    `live` is execution.live, `limits` what `limits_set` gives.

    >>> permitted(live=False, environment={"BAROGRAPH_LIVE_TRADING": "010203ABCD"}, limits={})
    ''
    """
    if not live:
        return ""
    number = environment.get(VARIABLE, "").strip()
    reasons = [*_number_reasons(number), *_limit_reasons(limits)]
    if reasons:
        raise SettingsError("live trading is refused: " + "; ".join(reasons))
    return number


def _number_reasons(number: str) -> list[str]:
    if not number:
        return [f"{VARIABLE} is not set; set it to the number of the account, as the venue shows it"]
    if len(number) < FEWEST_LETTERS or not number.isalnum():
        return [f"{VARIABLE} is {number[:20]!r}, which is no account number"]
    return []


def _limit_reasons(limits: Mapping[str, float]) -> list[str]:
    missing = [name for name in LIMITS if name not in limits]
    reasons = [f"set {', '.join(missing)} in [risk] of the settings file yourself"] if missing else []
    for name in LIMITS:
        value = limits.get(name)
        if value is None:
            continue
        if not (isfinite(value) and value > 0):
            reasons.append(f"risk.{name} is {value}, which limits nothing; it must be finite and more than 0")
        elif name == "max_drawdown" and value >= 1:
            reasons.append(f"risk.{name} is {value}, which never halts; it must be below 1")
    return reasons
