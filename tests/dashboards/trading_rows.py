"""Rows of trading that take longer than a short market: measured risk, rebalances, orders at a venue outside."""

import math
from decimal import Decimal
from typing import Any

SECOND_NS = 1_000_000_000
NAN = float("nan")
BITCOIN, ETHER = "binance-usdm|BTCUSDT", "binance-usdm|ETHUSDT"


def tables(start_ns: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by table."""
    known = [_known(start_ns, second) for second in range(2, 100, 2)]
    return {
        "risk": [
            {**when, "account": account, **_risk(number)}
            for account in ("paper", "swing")
            for number, when in enumerate(known)
        ],
        "risk_parts": [
            {**known[-1], "measure": measure, "dimension": dimension, "name": name, "amount": amount}
            for measure in ("var", "es")
            for dimension, parts in PARTS.items()
            for name, amount in parts.items()
        ],
        "limits": [
            {**known[2], **_moved("", "max_gross_notional")},
            {**known[3], **_moved("BTCUSDT", "max_order_notional")},
        ],
        "rebalances": [{**known[4], **REBALANCE, "row": 0}, {**known[5], **REBALANCE, "gain_bps": -math.inf, "row": 0}],
        "correlations": [{**when, **BLOCK, "row": 0} for when in known[:3]],
        "problems": [{**known[4], **PROBLEM, "row": 0}],
        "solutions": [{**known[5], **SOLUTION, "row": 0}],
        **_outside(start_ns),
    }


PARTS: dict[str, dict[str, int]] = {
    "instrument": {BITCOIN: 700_000_000, ETHER: 300_000_000},
    "strategy": {"medium": 1_000_000_000},
    "regime": {"calm/bull/trending": 1_000_000_000},
}
REBALANCE: dict[str, Any] = {
    "trigger": "drift",
    "decision": "trade",
    "reason": "drift 0.12 over 0.10",
    "regime": "calm/bull/trending",
    "drift": 0.12,
    "risk": 0.0,
    "gain_bps": 3.0,
    "cost_bps": 1.0,
    "equity": 99_000.0,
    "instruments": 2,
}
BLOCK: dict[str, Any] = {
    "concentration": 0.4,
    "distance": NAN,
    "p_value": 0.2,
    "alarm": False,
    "changed": False,
    "instruments": 2,
    "clusters": {"one": "BTCUSDT, ETHUSDT"},
}
PROBLEM: dict[str, Any] = {
    "request": 7,
    "regime": "calm/bull/trending",
    "limits": {"gross": 1.0},
    **{
        name: {BITCOIN: 0.2, ETHER: 0.1}
        for name in ("expected", "confidence", "volatility", "current", "half_spread", "impact", "caps")
    },
    "clusters": {"one": [BITCOIN, ETHER]},
}
SOLUTION: dict[str, Any] = {
    "request": 7,
    "rung": "relaxed",
    "reason": "turnover cannot be kept",
    "weights": {BITCOIN: 0.5, ETHER: -0.1},
    "duals": {"gross": 0.02},
    "slack": {"turnover": 0.05},
    "solver": "CLARABEL 0.11 optimal",
    "elapsed_ms": 12.5,
}


def _known(start_ns: int, second: int) -> dict[str, Any]:
    time_ns = start_ns + second * SECOND_NS + 500
    return {"account": "paper", "time": time_ns, "receive_time": time_ns, "offset": 20_000 + second}


def _risk(number: int) -> dict[str, Any]:
    """A swinging equity, so that some losses are larger than the value at risk."""
    equity = 100_000.0 + 1_000.0 * math.sin(number)
    tails = {"historical": 900.0, "normal": 1_600.0}
    amounts = ("gross", "net", "long", "short", "largest", "deviation", "budget", "gap_loss")
    shares = ("drawdown", "worst_drawdown", "day_loss", "leverage", "volatility_ratio", "drawdown_scale")
    return {
        "state": "active",
        "equity": equity,
        "peak_equity": 101_000.0,
        **dict.fromkeys(amounts, 5_000.0),
        **dict.fromkeys(shares, 0.1),
        "effective": 1.5,
        "level": 0.99,
        "horizon_s": 4.0,
        "scenarios": 500,
        "var": tails,
        "es": {name: 1.2 * value for name, value in tails.items()},
        "stress": {"crash": 4_000.0, "rally": -2_000.0},
        "reverse_distance": 3.0,
    }


def _moved(instrument: str, limit: str) -> dict[str, Any]:
    venue = "binance-usdm" if instrument else ""
    told = {"value": 50_000.0, "previous": 100_000.0, "fixed": 200_000.0, "reason": "volatility"}
    return {"venue": venue, "instrument": instrument, "limit": limit, **told, "factors": {"volatility": 0.25}}


def _outside(start_ns: int) -> dict[str, list[dict[str, Any]]]:
    """An order that nobody knows the fate of, one that was acknowledged, and a payment."""
    own = {"venue": "binance-usdm", "instrument": "BTCUSDT", "side": 1, "size": 0.01, "limit_price": 60_000.0}
    lives = {"in doubt": ("submitted", "unknown"), "known": ("submitted", "accepted", "cancelled")}
    unmade = {**_known(start_ns, 1), **own, "client_order_id": "o1", "refused": "quote_age_s", "row": 0}
    payment = {"venue": "binance-usdm", "instrument": "BTCUSDT", "kind": "funding", "reference": "f1"}
    postings = (("cash", "-1.25"), ("funding", "1.25"))
    return {
        "orders": [
            {
                **_known(start_ns, 10 + step),
                **own,
                "client_order_id": name,
                "state": state,
                "reason": "",
                "checks": {},
                "row": number,
            }
            for number, (name, states) in enumerate(lives.items())
            for step, state in enumerate(states)
        ],
        "intents": [unmade],
        "ledger": [
            {**_known(start_ns, 20), **payment, "book": book, "amount": Decimal(amount), "row": row}
            for row, (book, amount) in enumerate(postings)
        ],
    }
