"""What is measured of every message, in the order of the data: raw frames in, structs of features out.

The market flow, the analyzer and the benchmarks run this one list.
"""

from collections.abc import Callable
from typing import Any

from operators.accounting import accounting
from operators.book.consolidate import consolidate
from operators.book.rebuild import rebuild
from operators.decode import decode
from operators.features.depth import depth
from operators.features.micro_price import micro_price
from operators.features.moments import moments
from operators.features.order_flow import order_flow
from operators.features.spreads import spreads
from operators.features.trade_flow import trade_flow
from operators.features.volatility import volatility
from operators.impact.calibrate import calibrate
from operators.stage import REGISTRY, Stage

MEASURES = (
    *(decode, consolidate, rebuild, accounting),
    *(order_flow, trade_flow, spreads, depth, micro_price, volatility, moments),
    calibrate,
)


def measures() -> list[Stage]:
    """The stages without an engine: each takes the batches of the one before."""
    return [stage_of(step) for step in MEASURES]


def stage_of(step: Callable[..., Any]) -> Stage:
    """The stage of a Bytewax step, with its defaults."""
    return REGISTRY[step.__module__.removeprefix("operators.")]()
