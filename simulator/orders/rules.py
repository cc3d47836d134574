"""What the exchange grants its one account."""

from dataclasses import dataclass
from math import isfinite

KEY = "simulated"
SECRET = "simulated-is-no-secret"  # everybody may know it: it opens nothing but this exchange  # noqa: S105
MONEY = 10**8  # units of money in one of the quote currency; all money is whole units
MONEY_DECIMALS = 8
PARTS = 10**6  # a fee rate is so many millionths
FUNDING_RATE = 100  # millionths of the notional, as the stream of marks prints it
MIN_NOTIONAL = 5  # quote currency


@dataclass(frozen=True)
class Rules:
    """Capital, fees and limits."""

    capital: float = 1_000_000.0  # quote currency, at the start
    maker_fee_bps: float = 2.0
    taker_fee_bps: float = 5.0
    leverage: int = 20
    open_orders: int = 200  # at most, per instrument
    orders_per_10s: int = 0  # at most; 0: as many as there are
    weight_per_minute: int = 0  # of questions, at most (the venue: 2400); 0: as many as there are; orders have none
    funding_every_s: float = 8 * 3600.0

    def __post_init__(self) -> None:
        for name in ("capital", "maker_fee_bps", "taker_fee_bps", "funding_every_s"):
            if not (isfinite(getattr(self, name)) and 0 <= getattr(self, name) <= 1e12):
                raise ValueError(f"{name} is {getattr(self, name)}, must be from 0 to 1e12")
        for name, least, most in (("leverage", 1, 125), ("open_orders", 1, 1_000), ("orders_per_10s", 0, 10**9),
                                  ("weight_per_minute", 0, 10**9)):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, must be from {least} to {most}")
        if self.funding_every_s < 1.0:
            raise ValueError(f"funding_every_s is {self.funding_every_s}, must be at least 1")

    def fee(self, notional: int, *, maker: bool) -> int:
        """The fee of a trade, units of money, rounded half up.

        >>> Rules().fee(1_000_000, maker=False)
        500
        """
        rate = round((self.maker_fee_bps if maker else self.taker_fee_bps) * PARTS / 10_000)
        return (notional * rate + PARTS // 2) // PARTS
