"""The kill switch of one account: active → reducing → halted, by drawdown, a day's loss or a person's command.

- active: the gate judges every order by its limits. At 80 % of either limit it says `warning`, once.
- reducing: from the allowed drawdown on, or from `reducing_share` of it so that what closing costs still fits; or from
  the allowed loss of a day on. Only orders that reduce a position pass, targets count as 0.
- halted: once reducing has left nothing held and nothing working, or at once by command. No order passes; working
  orders are cancelled. What is still held stays until a person says `reduce` or `resume`.

Only a Command leads back: `resume` makes the equity of that moment the new peak; who counts a day's loss begins the day
anew with it too. Drawdown is 1 − equity / peak.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf, isfinite
from typing import NamedTuple

from market.messages import Command

WARNING_SHARE = 0.8


class SwitchState(StrEnum):
    """What the account may do."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class Switch(NamedTuple):
    """State of the kill switch."""

    peak_equity: float  # quote currency
    state: SwitchState = SwitchState.ACTIVE
    warned: tuple[str, ...] = ()  # of what, since the last resume or new peak


class Event(NamedTuple):
    """Something that happened to the switch; a row of risk_events."""

    event: str  # warning, reducing, halted, resumed
    reason: str
    values: dict[str, float]


def drawdown(switch: Switch, equity: float) -> float:
    """Share of the peak that is lost.

    >>> drawdown(Switch(peak_equity=200.0), 150.0)
    0.25
    """
    return 1.0 - equity / switch.peak_equity


def watch(
    switch: Switch, equity: float, *, is_flat: Callable[[], bool], max_drawdown: float, reducing_share: float = 1.0,
    day_loss: float = 0.0, max_daily_loss: float = inf,
) -> tuple[Switch, tuple[Event, ...]]:  # fmt: skip
    """The switch after the account's equity is known; is_flat: nothing held, nothing working; asked while reducing.

    reducing_share: of max_drawdown, above 0 and at most 1, at which reducing begins. day_loss: share of the equity at
    the day's beginning. An equity that is not finite moves nothing here: the gate refuses every order until it is.
    """
    if switch.state is SwitchState.HALTED or not isfinite(equity):
        return switch, ()
    if switch.state is SwitchState.REDUCING:
        return _halted(switch, "flat after reducing", equity) if is_flat() else (switch, ())
    if equity > switch.peak_equity:
        switch = Switch(equity)
    said: tuple[Event, ...] = ()
    for reason, lost, most, share, limit in (
        ("drawdown", drawdown(switch, equity), max_drawdown, reducing_share, {"max_drawdown": max_drawdown}),
        ("day loss", day_loss, max_daily_loss, 1.0, {"day_loss": day_loss, "max_daily_loss": max_daily_loss}),
    ):
        values = _values(switch, equity) | limit
        if lost >= share * most:
            switch = switch._replace(state=SwitchState.REDUCING)
            said = (*said, Event("reducing", reason, values))
            return _halted(switch, "flat after reducing", equity, said) if is_flat() else (switch, said)
        if lost >= WARNING_SHARE * most and reason not in switch.warned:
            switch = switch._replace(warned=(*switch.warned, reason))
            said = (*said, Event("warning", reason, values))
    return switch, said


def obey(switch: Switch, command: Command, equity: float) -> tuple[Switch, tuple[Event, ...]]:
    """The switch after a person's command."""
    if command.action == "halt":
        return _halted(switch, command.reason, equity)
    if command.action == "reduce":
        event = Event("reducing", command.reason, _values(switch, equity))
        return switch._replace(state=SwitchState.REDUCING), (event,)
    if not (isfinite(equity) and equity > 0):
        return switch, (Event("refused", "resume without positive equity", {}),)
    return Switch(equity), (Event("resumed", command.reason, _values(switch, equity)),)


def _halted(
    switch: Switch, reason: str, equity: float, said: tuple[Event, ...] = ()
) -> tuple[Switch, tuple[Event, ...]]:
    return switch._replace(state=SwitchState.HALTED), (*said, Event("halted", reason, _values(switch, equity)))


def _values(switch: Switch, equity: float) -> dict[str, float]:
    return {"equity": equity, "peak_equity": switch.peak_equity, "drawdown": drawdown(switch, equity)}
