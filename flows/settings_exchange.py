"""Settings of the simulated exchange where it takes orders: what its account is granted, and what goes wrong there."""

from typing import Annotated, Any

from pydantic import Field

from flows.settings_section import Section, Share
from market.errors import SettingsError
from simulator.orders.faults import OrderFaults
from simulator.orders.rules import Rules

Amount = Annotated[float, Field(ge=0, le=1e12)]
Milliseconds = Annotated[float, Field(ge=0, le=1e6)]
Most = Annotated[int, Field(ge=0, le=10**9)]


class ExchangeSettings(Section):
    """The order side of the simulated exchange: what its account is granted, and what goes wrong with orders."""

    capital: Amount = Field(1_000_000.0, description="quote currency, at the start")
    maker_fee_bps: Amount = Field(2.0, description="of a fill of an order that rested")
    taker_fee_bps: Amount = Field(5.0, description="of a fill of an order that came to meet one")
    leverage: int = Field(20, ge=1, le=125, description="notional that a unit of equity may carry")
    open_orders: int = Field(200, ge=1, le=1_000, description="per instrument; a further one is refused, code -2025")
    orders_per_10s: Most = Field(0, description="a further one is refused with 429, code -1015; 0: no limit")
    weight_per_minute: Most = Field(0, description="of questions; beyond it 429, code -1003; 0: no limit")
    funding_every_s: float = Field(8 * 3600.0, ge=1, le=1e12, description="between two fundings of positions")
    latency_ms: Milliseconds = Field(0.0, description="median from a request's arrival to its matching, lognormal")
    latency_sigma: Milliseconds = Field(0.5, description="standard deviation of its logarithm")
    spike: Share = Field(0.0, description="probability that an order request takes spike_ms longer")
    spike_ms: Milliseconds = Field(250.0, description="see spike")
    reject: Share = Field(0.0, description="probability that an order or a cancel is refused for no reason")
    lose: Share = Field(0.0, description="… that it never arrives, and is never answered")
    unavailable_lost: Share = Field(0.0, description="… that it never arrives, and is answered with 503")
    mute: Share = Field(0.0, description="… that it is done, and never answered")
    unavailable: Share = Field(0.0, description="… that it is done, and answered with 503")
    timeout: Share = Field(0.0, description="… that it is done, and answered with -1007: execution status unknown")
    disconnect: Share = Field(0.0, description="… that it is done, and its connection is cut instead of an answer")
    double: Share = Field(0.0, description="… that it is done, and answered twice, where the connection can")
    blind: Share = Field(0.0, description="probability that a question is answered with 503")
    event_drop: Share = Field(0.0, description="probability that an event of the user stream is not told")
    event_double: Share = Field(0.0, description="… that it is told twice")
    event_late: Share = Field(0.0, description="… that it is told late_ms later")
    late_ms: Milliseconds = Field(500.0, description="see event_late")
    stream_cut: Share = Field(0.0, description="… that all user streams are cut after it")
    seed: int = Field(0, description="the same requests in the same order meet the same faults")

    def rules(self) -> Rules:
        """What the account is granted."""
        return Rules(**self._of(Rules))

    def faults(self) -> OrderFaults:
        """What goes wrong; raises SettingsError where probabilities are more than 1 together."""
        try:
            return OrderFaults(**self._of(OrderFaults))
        except ValueError as error:
            raise SettingsError(f"[exchange]: {error}") from None

    def _of(self, what: Any) -> dict[str, Any]:
        return self.model_dump(include=set(what.__dataclass_fields__))
