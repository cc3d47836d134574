"""Receive → features → signal → store against the simulated exchange, all of `barograph up` running on this machine.

From the moment a message was taken from its socket until its features are measured (stage `features`), until all
operators are done with it, signals included (`sink`), or until its rows can be queried (`store`), for every message, as
the running system itself writes it into the table `latency` once a second.
The exchange, the store and the gateway share the cores with what is measured: a floor for a dedicated host.

    python benchmarks/latency.py [messages per second …]
"""

import csv
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from flows.settings import load
from flows.settings_text import as_toml

SECONDS = 30
WARM_UP_SECONDS = 8

QUERY = f"""
select shard, stage, count() as seconds, sum(count) as messages,
    round(quantileExactWeighted(0.5)(p50_ns, toUInt64(count)) / 1e6, 2) as p50_ms,
    round(quantileExact(0.5)(p99_ns) / 1e6, 2) as p99_ms,
    round(quantileExact(0.5)(p999_ns) / 1e6, 2) as p999_ms,
    round(max(p99_ns) / 1e6, 2) as worst_p99_ms
from latency
where receive_time > (select min(receive_time) from latency) + interval {WARM_UP_SECONDS} second
group by shard, stage order by shard, stage
"""


def barograph(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments], check=True, capture_output=True, text=True
    ).stdout


def measure(rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load(None, data=Path(folder) / "data")
        settings = settings.model_copy(
            update={
                "store": settings.store.model_copy(update={"port": 0}),
                "gateway": settings.gateway.model_copy(update={"port": 0}),
                "simulator": settings.simulator.model_copy(update={"rate": rate}),
            }
        )
        config = Path(folder) / "barograph.toml"
        config.write_text(as_toml(settings))
        barograph("up", "--plain", "--duration", f"{SECONDS}s", "--config", str(config))
        events = "select count() / dateDiff('second', min(receive_time), max(receive_time)) from {}"
        rates = [
            barograph("sql", events.format(table), "--format", "csv", "--config", str(config))
            for table in ("quotes", "trades")
        ]
        achieved = sum(float(text.splitlines()[1]) for text in rates)
        print(f"asked {rate:.0f} messages/s, stored {achieved:.0f} rows/s of quotes and trades")
        for row in csv.DictReader(io.StringIO(barograph("sql", QUERY, "--format", "csv", "--config", str(config)))):
            where = f"{row['shard']:<12} {row['stage']:<8}"
            of_seconds = (
                f"p99 {row['p99_ms']:>7}  p99.9 {row['p999_ms']:>7}  worst second's p99 {row['worst_p99_ms']:>8}"
            )
            messages = f"{int(row['messages']) / int(row['seconds']):,.0f} messages/s"
            print(f"  {where} p50 {row['p50_ms']:>7}  {of_seconds} ms   {messages} in {row['seconds']} s")


if __name__ == "__main__":
    for asked in [float(word) for word in sys.argv[1:]] or [100.0, 1_000.0, 10_000.0, 30_000.0]:
        measure(asked)
