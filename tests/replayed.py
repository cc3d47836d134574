"""A market of a hundred seconds, replayed through the flows into a store of its own that then serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.settings import load
from flows.tables import opened_store
from simulator.tape import write_capture
from sinks.clickhouse.client import connect
from tests.flows.pipe import barograph, settings_file

SECONDS, RATE = 100, 40
# Small costs and small orders, so that a short market is traded.
CHOICES: dict[str, dict[str, object]] = {
    "execution": {"fee_bps": 0.0},
    "portfolio": {"no_trade_band": 0.001},
    # A switch that a short market moves, and a reserve as small as its moves, or next to nothing would be held.
    "risk": {
        "max_order_notional": 1500.0,
        "max_drawdown": 0.002,
        "reducing_share": 0.001,
        "max_daily_loss": 0.000002,
        "least_gap": 0.0005,
        "gap_share": 1.0,
        "step_s": 0.5,
        "half_life_s": 10.0,
        "every_s": 5.0,
        "loosen_after_s": 5.0,
        "paths": 200,
    },
}
# Latencies are measured live and never in a replay.
LATENCIES = """
insert into latency (venue, shard, stage, receive_time, count, p50_ns, p99_ns, p999_ns, max_ns)
select 'binance-usdm', 'binance-usdm/btcusdt+ethusdt', arrayJoin(['features', 'sink', 'store']),
    (select min(receive_time) from quotes) + number, 40, 2e5, 9e5 + number, 2e6, 4e6
from numbers(100)
"""


@contextmanager
def replayed_market(folder: Path) -> Iterator[str]:
    """The DSN of a store that holds it, roll-ups and all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_capture(folder / "tape.gz", instruments=["BTCUSDT", "ETHUSDT"], seed=3, seconds=SECONDS, rate=RATE)
    config = settings_file(folder, **CHOICES)
    barograph("import", folder / "tape.gz", "--venue", "binance-usdm", "--config", config)
    barograph("replay", "--config", config)
    with opened_store(load(config)) as dsn:
        client = connect(dsn)
        client.command(LATENCIES)
        client.close()
        yield dsn
