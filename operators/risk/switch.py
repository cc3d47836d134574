"""The kill switch of one account: active → reducing → halted, by drawdown or by a person's command.

- active: the gate judges every order by its limits. At 80 % of the allowed drawdown it says `warning`, once.
- reducing: from the allowed drawdown on. Only orders that reduce a position pass, targets count as 0.
- halted: once reducing has left nothing held and nothing working, or at once by command. No order passes; working
  orders are cancelled. What is still held stays until a person says `reduce` or `resume`.

Only a Command leads back: `resume` makes the equity of that moment the new peak. Drawdown is 1 − equity / peak.
"""

from collections.abc import Callable
from enum import StrEnum
from math import isfinite
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
    warned: bool = False  # since the last resume or new peak


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
    switch: Switch, equity: float, *, is_flat: Callable[[], bool], max_drawdown: float
) -> tuple[Switch, tuple[Event, ...]]:
    """The switch after the account's equity is known; is_flat: nothing held, nothing working; asked while reducing.

    An equity that is not finite moves nothing here: the gate refuses every order until it is.
    """
    if switch.state is SwitchState.HALTED or not isfinite(equity):
        return switch, ()
    if switch.state is SwitchState.REDUCING:
        return _halted(switch, "flat after reducing", equity) if is_flat() else (switch, ())
    if equity > switch.peak_equity:
        return Switch(equity), ()
    lost = drawdown(switch, equity)
    if lost >= max_drawdown:
        event = Event("reducing", "drawdown", _values(switch, equity) | {"max_drawdown": max_drawdown})
        reducing = switch._replace(state=SwitchState.REDUCING)
        after, said = watch(reducing, equity, is_flat=is_flat, max_drawdown=max_drawdown)
        return after, (event, *said)
    if lost >= WARNING_SHARE * max_drawdown and not switch.warned:
        event = Event("warning", "drawdown", _values(switch, equity) | {"max_drawdown": max_drawdown})
        return switch._replace(warned=True), (event,)
    return switch, ()


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


def _halted(switch: Switch, reason: str, equity: float) -> tuple[Switch, tuple[Event, ...]]:
    return switch._replace(state=SwitchState.HALTED), (Event("halted", reason, _values(switch, equity)),)


def _values(switch: Switch, equity: float) -> dict[str, float]:
    return {"equity": equity, "peak_equity": switch.peak_equity, "drawdown": drawdown(switch, equity)}
