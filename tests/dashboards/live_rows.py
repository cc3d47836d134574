"""Rows that a clean replay never has: proofs, clock steps, halts, an open gap, an unread frame, refusals."""

from typing import Any

from clickhouse_connect.driver.client import Client

from tests.dashboards import trading_rows

SECOND_NS = 1_000_000_000
SHARD = "binance-usdm/0"
NAN = float("nan")


def fill(client: Client, start_ns: int) -> None:
    """Insert them, from `start_ns` on."""
    for table, rows in tables(start_ns).items():
        names = list(rows[0])
        client.insert(table, [[row[name] for name in names] for row in rows], column_names=names)


def tables(start_ns: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by table."""
    at_ns = start_ns + SECOND_NS
    origin = {"shard": SHARD, "offset": 1, "frame": 0}
    where = {"venue": "binance-usdm", "receive_time": at_ns, **origin}
    account = {"account": "paper", "time": at_ns, "receive_time": at_ns, "client_order_id": "o1", "offset": 9_999}
    return {
        **trading_rows.tables(start_ns),
        "clock_steps": [{**where, "step_ns": -3_000_000, "adopted": True}],
        "market_status": [
            {
                **where,
                "instrument": "BTCUSDT",
                "exchange_time": None,
                "phase": "halted",
                "code": "HALT",
                "reason": "volatility",
                "lower_price": NAN,
                "upper_price": 61_000.0,
            }
        ],
        "dead_letters": [{**where, "reason": "not JSON", "raw": b"\xff{"}],
        "gaps": [
            {
                **where,
                "instrument": "ETHUSDT",
                "channel": "mark",
                "cause": "silent",
                "state": "open",
                "start_time": None,
                "expected_sequence": -1,
                "received_sequence": -1,
            }
        ],
        "reconciliations": [
            {
                "shard": SHARD,
                "source": "abc",
                "first_offset": 1,
                "last_offset": 9,
                "receive_time": at_ns,
                "time": at_ns,
                "verdict": "proven",
                "reason": "",
                "blocks": 2,
                "holes": 0,
                "overlaps": 0,
                "frames": 9,
                "received": 9,
                "applied": 8,
                "duplicate": 0,
                "dead_lettered": 1,
                "control": 0,
                "shed": 0,
                "rows_committed": 9,
                "rows_found": 9,
            }
        ],
        "risk_events": [
            {
                **account,
                "venue": "binance-usdm",
                "instrument": "BTCUSDT",
                "event": "refused",
                "reason": "quote_age_s",
                "values": {"quote_age_s": 6.5},
                "row": 0,
            },
            {
                **account,
                "venue": "",
                "instrument": "",
                "event": "reducing",
                "reason": "drawdown",
                "values": {"drawdown": 0.051},
                "client_order_id": "",
                "row": 1,
            },
            *(
                {
                    **account,
                    "venue": "binance-usdm",
                    "instrument": instrument,
                    "event": event,
                    "reason": "the venue is right",
                    "values": {"size_before": 1.0, "size": 2.0},
                    "row": number,
                }
                for number, (event, instrument) in enumerate(DIFFERENCES, 2)
            ),
        ],
    }


DIFFERENCES = (("adopted_position", "BTCUSDT"), ("adopted_cash", ""), ("foreign_order", "ETHUSDT"))
