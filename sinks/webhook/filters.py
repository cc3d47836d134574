"""`Filters`: which events an endpoint wants, chosen before anything is queued.

An empty list lets all pass. A filter holds back only what has the column it looks at: events of kind `risk_event` have
neither timeframe nor confidence, and one without an instrument is about the whole account. The confidence of a change
of regime is its `probability`; one that is not known (NaN, so null) does not pass a `min_confidence`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from market.regimes import REGIME_TIMEFRAMES
from sinks.webhook.errors import WebhookError
from sinks.webhook.limits import FILTER_VALUES, NAME_CHARACTERS

KINDS = ("signal", "regime_change", "risk_event")
PRIVATE_KINDS = ("risk_event",)  # of the account, which is of tenant `default` alone
DEFAULT_TENANT = "default"
CONFIDENCE = {"signal": "confidence", "regime_change": "probability"}


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint wants; empty: all."""

    kinds: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    min_confidence: float = 0.0  # 0 … 1


def checked(filters: Filters, tenant: str) -> Filters:
    """The filters, sorted and without repetitions; raises WebhookError where one can never let anything pass."""
    kinds = KINDS if tenant == DEFAULT_TENANT else tuple(kind for kind in KINDS if kind not in PRIVATE_KINDS)
    _known("kind", filters.kinds, kinds)
    _known("timeframe", filters.timeframes, tuple(REGIME_TIMEFRAMES))
    for name, values in (("venues", filters.venues), ("instruments", filters.instruments)):
        if len(values) > FILTER_VALUES:
            raise WebhookError(f"a filter may name {FILTER_VALUES} {name}, this one names {len(values)}")
        if any(not value.isprintable() or not 0 < len(value) <= NAME_CHARACTERS for value in values):
            raise WebhookError(f"the names in {name} have 1 to {NAME_CHARACTERS} printable characters")
    if not 0 <= filters.min_confidence <= 1:
        raise WebhookError(f"the least confidence is a number from 0 to 1, not {filters.min_confidence}")
    return Filters(
        kinds=_once(filters.kinds),
        venues=_once(filters.venues),
        instruments=_once(filters.instruments),
        timeframes=_once(filters.timeframes),
        min_confidence=float(filters.min_confidence),
    )


def passes(filters: Filters, tenant: str, kind: str, columns: Mapping[str, Any]) -> bool:
    """Whether an endpoint of a tenant wants an event."""
    if kind not in KINDS or (kind in PRIVATE_KINDS and tenant != DEFAULT_TENANT):
        return False
    if filters.kinds and kind not in filters.kinds:
        return False
    if not (_wanted(filters.venues, columns.get("venue")) and _wanted(filters.instruments, columns.get("instrument"))):
        return False
    if "timeframe" in columns and filters.timeframes and columns["timeframe"] not in filters.timeframes:
        return False
    if filters.min_confidence <= 0 or kind not in CONFIDENCE:
        return True
    confidence = columns.get(CONFIDENCE[kind])
    return isinstance(confidence, int | float) and confidence >= filters.min_confidence


def _wanted(names: tuple[str, ...], name: object) -> bool:
    return not names or not name or name in names


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for value in given:
        if value not in known:
            raise WebhookError(f"unknown {what} {value[:NAME_CHARACTERS]!r}; there are {', '.join(known)}")


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(values)))
