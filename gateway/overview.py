"""What a person watches: one row per instrument with its price, flow, regimes and position, and the pulse of the whole.

The console page and the terminal view both show an `Overview`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway import rows
from gateway.limits import DEFAULT_WINDOW_S, MAX_ACCOUNTS, MAX_INSTRUMENTS, MAX_ROWS
from gateway.regime_rows import Regime
from gateway.rows import Time
from gateway.store import Store

TIMEFRAMES = ("ultra_short", "short", "medium", "long")  # of regimes, in the order they are shown
SIGNAL_STAGE = "sink"  # of the market flow, where signals are the last thing made
TRADING = "trading/"  # shards of the trading flow
NOTHING_YET = "1970-01-01T00:00:00.000000000Z"  # max() of an empty table


@dataclass(frozen=True, kw_only=True)
class RegimeNow:
    """The regime of one timeframe; agreement is the share of the other timeframes' states that are the same, 0 … 1."""

    regime: str  # such as calm/bull/trending
    confidence: float | None  # smallest probability of its parts, 0 … 1
    agreement: float | None = None
    anomaly: float | None = None  # 0 … 1: no known regime explains this
    time: Time


@dataclass(frozen=True, kw_only=True)
class InstrumentNow:
    """One instrument. Prices, position value and pnl in quote currency; None where not known."""

    venue: str
    instrument: str
    detection: str  # how a lost book message shows on the venue; none: its books are unverifiable
    receive_time: Time | None = None
    mid_price: float | None = None
    spread_bps: float | None = None
    ofi_50: float | None = None
    regimes: dict[str, RegimeNow]  # by timeframe
    position: float | None = None
    pnl: float | None = None  # realised after fees plus unrealised, all accounts
    mid_prices: list[float | None]  # last two minutes, one a second, oldest first


@dataclass(frozen=True, kw_only=True)
class AccountNow:
    """Whether an account may trade: active, reducing (only what makes positions smaller) or halted; and its worth."""

    account: str
    state: str
    since: Time | None = None  # None: it was never anything but active
    reason: str = ""  # name of the check, or who and why
    equity: float | None = None  # quote currency, at the marks; None: not known
    drawdown: float | None = None  # share of the peak of equity that is lost


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All instruments and the pulse; `data_time` is the newest receive time in the tables."""

    time: Time
    data_time: Time | None
    frames_per_s: float
    latency_p50_ns: int | None  # receive → signal
    latency_p99_ns: int | None
    gaps_open: int
    dead_letters: int
    sql_endpoint: str
    accounts: list[AccountNow] = field(default_factory=list)
    instruments: list[InstrumentNow]


def overview(store: Store, *, now_ns: int, sql_endpoint: str) -> Overview:
    """Gather it from the store; raises StoreError. Times and rates are of recorded data, so a replay shows its own."""
    rate = store.one("rate", rows.Rate)
    latency = signal_latency(store.rows("latency_latest", rows.Latency, limit=MAX_ROWS))
    return Overview(
        time=rows.time_text(now_ns),
        data_time=None if rate.data_time == NOTHING_YET else rate.data_time,
        frames_per_s=rate.frames_per_s,
        latency_p50_ns=latency.p50_ns if latency else None,
        latency_p99_ns=latency.p99_ns if latency else None,
        gaps_open=len(store.rows("gaps_open", rows.OpenGap, limit=MAX_ROWS)),
        dead_letters=store.one("dead_letters_count", rows.DeadLetters).dead_letters,
        sql_endpoint=sql_endpoint,
        accounts=store.rows("trading_state", AccountNow, limit=MAX_ACCOUNTS),
        instruments=instruments(store),
    )


def instruments(store: Store) -> list[InstrumentNow]:
    """Every defined instrument by name, with what the tables know about it now."""
    defined = store.rows("instruments", rows.Instrument, instrument="", limit=MAX_INSTRUMENTS)
    found = {
        (row.venue, row.instrument): InstrumentNow(
            venue=row.venue, instrument=row.instrument, detection=row.detection, regimes={}, mid_prices=[]
        )
        for row in sorted(defined, key=lambda row: (row.venue, row.instrument))
    }
    for features in store.rows(
        "features_latest", rows.Features, instrument="", window_s=DEFAULT_WINDOW_S, limit=MAX_INSTRUMENTS
    ):
        _update(found, features, **_measures(features))
    for mids in store.rows("mids_recent", rows.Mids, limit=MAX_INSTRUMENTS):
        _update(found, mids, mid_prices=mids.mid_prices)
    _add_regimes(found, store.rows("regimes_latest", Regime, instrument="", timeframe="", limit=MAX_ROWS))
    _add_positions(found, store.rows("positions_latest", rows.Position, instrument="", account="", limit=MAX_ROWS))
    return list(found.values())


def signal_latency(measured: Sequence[rows.Latency]) -> rows.Latency | None:
    """Receive → signal of the slowest shard: a batch of market data that reached the sinks has its signals made."""
    made = [row for row in measured if row.stage == SIGNAL_STAGE and not row.shard.startswith(TRADING)]
    return max(made, key=lambda row: row.p99_ns, default=None)


Found = dict[tuple[str, str], InstrumentNow]


def _update(found: Found, row: rows.Features | rows.Mids, **values: object) -> None:
    key = (row.venue, row.instrument)
    if key in found:
        found[key] = replace(found[key], **values)  # type: ignore[arg-type]


def _measures(row: rows.Features) -> dict[str, object]:
    return {
        "receive_time": row.receive_time,
        "mid_price": row.mid_price,
        "spread_bps": row.spread_bps,
        "ofi_50": row.ofi_50,
    }


def _add_regimes(found: Found, regimes: Sequence[Regime]) -> None:
    for row in regimes:
        present = found.get((row.venue, row.instrument))
        if present is not None:
            present.regimes[row.timeframe] = RegimeNow(
                regime=row.regime,
                confidence=row.confidence,
                agreement=row.agreement,
                anomaly=row.anomaly,
                time=row.time,
            )


def _add_positions(found: Found, positions: Sequence[rows.Position]) -> None:
    """Accounts are summed: the page shows what is held, the API who holds it."""
    sizes: dict[tuple[str, str], float] = defaultdict(float)
    pnls: dict[tuple[str, str], float] = defaultdict(float)
    for row in positions:
        sizes[row.venue, row.instrument] += row.size
        pnls[row.venue, row.instrument] += (row.realised_pnl or 0.0) + (row.unrealised_pnl or 0.0)
    for key, size in sizes.items():
        if key in found:
            found[key] = replace(found[key], position=size, pnl=pnls[key])


def without_account(seen: Overview) -> Overview:
    """The same for who may not see the account."""
    instruments = [replace(one, position=None, pnl=None) for one in seen.instruments]
    return replace(seen, accounts=[], instruments=instruments)
