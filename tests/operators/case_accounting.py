from functools import reduce

import polars as pl

from market import record
from market.accounts import Accounts
from market.batch import Batch
from operators import accounting, decode
from operators.book import rebuild
from tests import tape
from tests.contract import Case, Tables
from tests.market_case import cut
from tests.operators.case_availability import troubled
from tests.operators.slow_accounting import slow_accounts


def items(seed: int, length: int) -> list[Batch]:
    """The tape with every trouble, an instrument defined again, signs of life and what cannot be read."""
    received = troubled(seed, 1_500 * length)
    for place, frame in (
        (40, record.encode(record.InstrumentDefined("AAAUSDT", "0.1", "0.001"))),
        (90, record.encode(record.Alive())),
        (140, b'{"result":null,"id":1}'),
        (200, b'{"e":"trade","E":1}'),
        (260, record.encode(record.Shed("depth", {"AAAUSDT": 2, "XYZ": 3}))),
        (300, record.encode(record.Snapshot("AAAUSDT", record.msgspec.Raw(OLD_BOOK)))),
    ):
        received.insert(place, (received[place][0], frame))
    return tape.cut(received)


OLD_BOOK = b'{"lastUpdateId":5,"E":1,"T":1,"bids":[["1.0","1"]],"asks":[["2.0","1"]]}'


def table(accounts: Accounts) -> Tables:
    return {"accounts": pl.DataFrame([accounts] if accounts != Accounts() else [], Accounts._fields, orient="row")}


def output(batches: list[Batch]) -> Tables:
    """The sum of all."""
    return table(reduce(Accounts.plus, (batch.accounts for batch in batches), Accounts()))


def oracle(batches: list[Batch]) -> Tables:
    return table(slow_accounts(batches))


CASE = Case(
    "accounting",
    accounting.stage,
    items,
    cut,
    output,
    oracle,
    tape.empty,
    (decode.stage, rebuild.stage),
)
