"""Answers that are sound, odd, late, early, told twice or of another account; what is followed is looked up slowly."""

import random
from math import isfinite
from typing import Any

import polars as pl

from market.decisions import Decisions
from market.messages import AnyMessage, Solution
from operators.portfolio import follow
from operators.portfolio.follow import Trust
from operators.portfolio.optimizer.tables import SOLUTION
from operators.portfolio.rebalance import TARGET
from tests.contract import Case, Tables
from tests.operators.portfolio.decision_stream import CONTRACTS, FIRST, SECOND, START, VENUE, empty, quote, spread_out

TRUST = Trust(answer_s=10.0, life_s=60.0)
NAMES = tuple(f"{VENUE}|{symbol}" for symbol in CONTRACTS)


def stream(seed: int, length: int) -> list[Decisions]:
    rng = random.Random(seed)
    found = []
    for step in range(300 * length):
        time = START + step * SECOND
        messages: list[AnyMessage] = []
        if rng.random() < 0.9:
            messages.append(quote("AAAUSDT", time, FIRST["AAAUSDT"], FIRST["AAAUSDT"] * 1.001))
        if rng.random() < 0.3:
            messages.append(_answer(rng, time, step))
        found.append(Decisions("trading/0", step + 1, time, tuple(messages)))
    return found


def _answer(rng: random.Random, time: int, step: int) -> Solution:
    odd: Any = rng.choice([{}] * 6 + [{"equity": 0.0}, {"names": (), "weights": ()}, {"account": "other"},
                                      {"weights": (float("nan"), 0.0, 0.0)}, {"weights": (0.1,)}])  # fmt: skip
    known: dict[str, Any] = {
        "venue": "", "instrument": "", "time_ns": time - rng.choice([0, 2, 9, 10, 11, 40]) * SECOND, "account": "paper",
        "request": step + rng.choice([-30, -3, 0, 0, 0, 0, 3]), "rung": "optimal", "reason": "", "names": NAMES,
        "weights": tuple(rng.uniform(-0.3, 0.3) for _ in NAMES), "duals": {}, "slack": {}, "solver": "",
        "elapsed_ms": 1.0, "equity": 50_000.0,
    }  # fmt: skip
    return Solution(**(known | odd))


def output(items: list[Decisions]) -> Tables:
    tables = {
        name: pl.concat([pl.DataFrame(schema=schema), *(item.tables[name] for item in items if name in item.tables)])
        for name, schema in (("solutions", SOLUTION), ("targets", TARGET))
    }
    refused = tables["solutions"].with_columns(pl.col("refused") != "").select("request", "refused", "offset", "row")
    return {"solutions": refused, "targets": tables["targets"].drop("reason")}


def oracle(items: list[Decisions]) -> Tables:
    told, targets = [], []
    past: list[AnyMessage] = []
    answered = [0]
    for item in items:
        place = 0
        for message in item.messages:
            past.append(message)
            if not isinstance(message, Solution) or message.account != "paper":
                continue
            newest = max([one.time_ns for one in past if not isinstance(one, Solution)] + [item.receive_time])
            wrong = (
                len(message.weights) != 3 or not all(map(isfinite, message.weights)) or message.equity != 50_000.0
                or message.request <= max(answered) or message.request >= item.offset
                or newest - message.time_ns > 10 * SECOND
            )  # fmt: skip
            if message.request < item.offset:
                answered.append(message.request)
            told.append((message.request, wrong, item.offset, place))
            place += 1
            if not wrong:
                targets += [
                    ("paper", VENUE, name.partition("|")[2], message.time_ns, item.receive_time, 50_000.0 * weight,
                     item.offset)
                    for name, weight in zip(message.names, message.weights, strict=True)
                ]  # fmt: skip
    schema: Any = {"request": pl.Int64, "refused": pl.Boolean, "offset": pl.Int64, "row": pl.Int32}
    kinds = {name: kind for name, kind in TARGET.items() if name != "reason"}
    return {
        "solutions": pl.DataFrame(told, schema=schema, orient="row"),
        "targets": pl.DataFrame(targets, schema=kinds, orient="row"),
    }


CASE = Case("portfolio.follow", lambda: follow.stage(trust=TRUST), stream, spread_out, output, oracle, empty)
