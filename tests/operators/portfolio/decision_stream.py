"""A made-up stream of the trading journal: quotes, signals and commands by row; for contract cases and properties."""

import random
from typing import Any

from market.decisions import Decisions
from market.messages import AnyMessage, Command, Quote, Signal, Target

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
VENUE = "simulated"
CONTRACTS: dict[str, dict[str, Any]] = {
    "AAAUSDT": {"tick_size": 0.1, "lot_size": 0.001},
    "BBBUSDT": {"tick_size": 0.01, "lot_size": 0.1},
    "CCCUSD": {"tick_size": 0.5, "lot_size": 1.0, "contract_size": 100.0, "inverse": True},
}
FIRST = {"AAAUSDT": 20_000.0, "BBBUSDT": 50.0, "CCCUSD": 3_000.0}
TIMEFRAMES = ("ultra_short", "short", "medium", "long")


def quote(symbol: str, time_ns: int, bid: float, ask: float, size: float = 1e9, **changes: Any) -> Quote:
    known = {"bid_price": bid, "bid_size": size, "ask_price": ask, "ask_size": size, "valid": True}
    return Quote(venue=VENUE, instrument=symbol, time_ns=time_ns, **(known | CONTRACTS[symbol] | changes))


def target(symbol: str, time_ns: int, notional: float) -> Target:
    return Target(venue=VENUE, instrument=symbol, time_ns=time_ns, notional=notional, reason=f"want {notional:.0f}")


def command(time_ns: int, action: Any, account: str = "paper") -> Command:
    return Command(venue="", instrument="", time_ns=time_ns, account=account, action=action, reason="a person")


def item(offset: int, *messages: AnyMessage) -> Decisions:
    return Decisions("trading/0", offset, max((m.time_ns for m in messages), default=0), messages)


def signals(seed: int, length: int) -> list[Decisions]:
    rng = random.Random(seed)
    found = []
    for step in range(200 * length):
        time = START + step * SECOND
        messages: list[AnyMessage] = []
        for symbol in CONTRACTS:
            messages.append(quote(symbol, time, FIRST[symbol], FIRST[symbol] * 1.001))
            heard = {name: 0.9 if name == "ultra_short" and step % 60 < 50 else 0.05 for name in TIMEFRAMES}
            said = [name for name, share in heard.items() if not 90 < step % 200 < 110 and rng.random() < share]
            messages += [_signal(rng, symbol, name, time - rng.choice([0, 0, 0, 2]) * SECOND) for name in said]
        found.append(item(step, *messages))
    return found


def trades(seed: int, length: int) -> list[Decisions]:
    """Quotes that walk, thin, fail and stall, targets that come and go, now and then a person; ends flat and quiet."""
    rng = random.Random(seed)
    mids = dict(FIRST)
    found = []
    steps = 400 * length
    for step in range(steps):
        time = START + step * SECOND // 4
        messages: list[AnyMessage] = []
        for symbol in CONTRACTS:
            if rng.random() < 0.9 and not 100 < step % 400 < 130:
                mids[symbol] *= 1 + rng.gauss(0, 1e-3)
                messages.append(_walked(rng, symbol, time, mids[symbol]))
            if rng.random() < 0.06:
                messages.append(target(symbol, time, rng.choice([-1, 1]) * rng.uniform(0, 40_000)))
        if step % 400 in (150, 210, 290, 330):
            action = {150: "halt", 210: "resume", 290: "reduce", 330: "resume"}[step % 400]
            messages.append(command(time, action, rng.choice(["paper", "paper", "another"])))
        found.append(item(step, *messages))
    for step in range(steps, steps + 200):
        time = START + step * SECOND // 4
        final = [
            quote(symbol, time, _tick(symbol, mids[symbol]), _tick(symbol, mids[symbol], 1)) for symbol in CONTRACTS
        ]
        if step == steps:
            final += [command(time, "resume"), *(target(symbol, time, 0.0) for symbol in CONTRACTS)]
        found.append(item(step, *final))
    return found


def spread_out(items: list[Decisions], rng: random.Random) -> list[Decisions]:
    """The same rows with empty ones between them; a row of the trading journal itself is never cut."""
    found = []
    for one in items:
        found += [empty(one)] * rng.choice([0, 0, 1, 2]) + [one]
    return found


def empty(of: Decisions) -> Decisions:
    return Decisions(of.shard, of.offset + 10_000_000, of.receive_time, ())


def _signal(rng: random.Random, symbol: str, timeframe: str, time: int) -> Signal:
    volatility = rng.choice([0.0, float("nan")]) if rng.random() < 0.1 else rng.uniform(0.5, 4) * 1e-5
    return Signal(
        venue=VENUE, instrument=symbol, time_ns=time, timeframe=timeframe, direction=rng.uniform(-1, 1),
        confidence=rng.uniform(0, 1), volatility=volatility, regime="calm/bull", evidence={},
    )  # fmt: skip


def _walked(rng: random.Random, symbol: str, time: int, mid: float) -> Quote:
    bid = _tick(symbol, mid)
    size = rng.choice([1e9, 1e9, 0.3, 3.0, 30.0])
    valid = rng.random() < 0.95
    if rng.random() < 0.03:
        return quote(symbol, time - 3 * SECOND, bid, bid + 1)
    return quote(symbol, time, bid, _tick(symbol, mid, 1), size, valid=valid)


def _tick(symbol: str, price: float, more: int = 0) -> float:
    tick = CONTRACTS[symbol]["tick_size"]
    return round((int(price / tick) + more) * tick, 8)
