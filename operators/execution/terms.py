"""Everything an account trades by."""

from dataclasses import dataclass, field

from operators.execution.intents import Manner
from operators.execution.outside import Outside
from operators.execution.paper import Venue
from operators.risk.gate import Limits
from operators.risk.measure import Measurement


@dataclass(frozen=True)
class Terms:
    """Name and capital of an account, its limits, how its risk is measured, its venue and how it makes orders."""

    account: str = "paper"
    capital: float = 100_000.0  # quote currency; outside, until the first statement tells
    limits: Limits = field(default_factory=Limits)
    risk: Measurement | None = None  # None: not measured, and the limits do not move
    venue: Venue | Outside = field(default_factory=Venue)
    manner: Manner = field(default_factory=Manner)

    def __post_init__(self) -> None:
        if not (self.account and 0 < self.capital < float("inf")):
            raise ValueError(f"an account needs a name and a capital above 0, got {self.account!r}, {self.capital}")
