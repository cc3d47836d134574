"""What answers of Alpaca's trading API mean: the whole table of verdicts, and that we read what alpaca-py reads."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace as replaced

from market.messages import Fill, Funding, Held, OrderState, OrderUpdate, Side, Statement
from tests.venues.alpaca.broker import Broker
from tests.venues.alpaca.case import NOW_MS, NOW_NS, approved, venue_at
from tests.venues.alpaca.stub import Faults, Stub
from venues.alpaca.order_ids import Ids
from venues.alpaca.order_read import ENDED, WORKING
from venues.alpaca.orders import AlpacaOrders
from venues.orders import Answered, OrderRequest, Verb, Verdict

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from alpaca.trading import enums, models

DONE, REFUSED, MISSING, IN_DOUBT = Verdict.DONE, Verdict.REFUSED, Verdict.MISSING, Verdict.IN_DOUBT
POOR = b'{"code":40310000,"message":"insufficient buying power"}'
DUPLICATE = b'{"code":40010001,"message":"client_order_id must be unique"}'
UNKNOWN = b'{"code":40410000,"message":"order not found for bg-1"}'
SINCE_MS = 1_700_000_000_000
GATEWAY = b"<html>504 Gateway Time-out</html>"
ORDER = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "128.4"}


def answered(request: OrderRequest, status: int, body: bytes, venue: AlpacaOrders | None = None) -> Answered:
    return (venue or venue_at()).answered(request, status, body, NOW_NS)


def requests(venue: AlpacaOrders) -> dict[Verb, OrderRequest]:
    found = [
        venue.place(approved(), NOW_MS),
        venue.cancel("AAPL", "bg-1", NOW_MS),
        *venue.cancel_all(NOW_MS),
        venue.query("AAPL", "bg-1", NOW_MS),
        *venue.account_state(NOW_MS),
        venue.fills_since(NOW_MS, NOW_MS),
        venue.suspend(on=True, now_ms=NOW_MS),
        venue.suspend(on=False, now_ms=NOW_MS),
        venue.close("AAPL", 1.0, "bg-2", NOW_MS),
    ]
    return {request.verb: request for request in found if request}


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (0, b"", IN_DOUBT),
        (200, b"", IN_DOUBT),
        (200, b'{"id":"61e6', IN_DOUBT),
        (200, b"null", IN_DOUBT),
        (204, b"", IN_DOUBT),
        (301, b"", IN_DOUBT),
        (400, POOR, REFUSED),
        (401, b'{"code":40110000,"message":"request is not authorized"}', REFUSED),
        (403, POOR, REFUSED),
        (403, b"<html>forbidden</html>", REFUSED),
        (404, b'{"code":40410000,"message":"endpoint not found"}', REFUSED),
        (404, b"<html>no such page</html>", IN_DOUBT),
        (408, POOR, IN_DOUBT),
        (409, POOR, IN_DOUBT),
        (422, DUPLICATE, IN_DOUBT),
        (422, b'{"message":"client order id must be unique"}', IN_DOUBT),
        (422, b'{"code":42210000,"message":"invalid limit_price 290.123. sub-penny increment"}', REFUSED),
        (422, b"<html>", IN_DOUBT),
        (425, POOR, IN_DOUBT),
        (429, b'{"code":42910000,"message":"rate limit exceeded"}', REFUSED),
        (429, b"", REFUSED),
        (499, POOR, IN_DOUBT),
        (500, POOR, IN_DOUBT),
        (502, GATEWAY, IN_DOUBT),
        (503, b'{"code":50310000,"message":"unavailable"}', IN_DOUBT),
        (504, GATEWAY, IN_DOUBT),
        (599, b"", IN_DOUBT),
    ],
)
def test_the_table_of_verdicts_on_a_placed_order(status: int, body: bytes, verdict: Verdict) -> None:
    found = answered(venue_at().place(approved(), NOW_MS), status, body)
    assert (found.verdict, found.said, found.more) == (verdict, (), None)
    assert found.reason, "it says why"


@pytest.mark.parametrize("verb", Verb)
def test_every_status_of_every_verb_has_a_verdict_and_only_alpaca_says_missing(verb: Verb) -> None:
    venue = venue_at()
    request = requests(venue).get(verb, venue.place(approved(), NOW_MS)._replace(verb=verb))
    for status in (-1, 0, *range(100, 600), 999):
        for body in (b"", GATEWAY, UNKNOWN):
            found = answered(request, status, body, venue)
            if status >= 500 or status < 200:
                assert found.verdict is IN_DOUBT
            if found.verdict is MISSING:
                assert (status, body) == (404, UNKNOWN)


def test_an_order_is_missing_only_where_alpaca_itself_says_so() -> None:
    venue = venue_at()
    for request in (venue.query("AAPL", "bg-1", NOW_MS), venue.cancel("AAPL", "bg-1", NOW_MS)):
        assert answered(request, 404, UNKNOWN).verdict is MISSING
        assert answered(request, 404, b"<html>nginx</html>").verdict is IN_DOUBT
        assert answered(request, 404, b"").verdict is IN_DOUBT


def test_an_answer_about_another_order_is_no_answer() -> None:
    broker = Broker()
    _, order = broker.submit({**ORDER, "client_order_id": "bg-other"})
    for request in (venue_at().place(approved(), NOW_MS), venue_at().query("AAPL", "bg-1", NOW_MS)):
        assert answered(request, 200, json.dumps(order).encode()).verdict is IN_DOUBT


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Orders in all their states."""
    broker = Broker()
    for number, status in enumerate([*WORKING, *ENDED]):
        broker.submit({**ORDER, "client_order_id": f"bg-{number}"})
        order = broker.named(f"bg-{number}")
        if number % 2:
            broker.fill(order, Decimal(3 + 7 * (status == "filled")), Decimal("128.37"))
        order["status"] = status
        yield status, order


@pytest.mark.parametrize(("status", "order"), list(bodies()))
def test_an_order_is_read_as_alpaca_s_own_model_reads_it(status: str, order: dict[str, Any]) -> None:
    model = models.Order(**order)
    request = venue_at().query("AAPL", order["client_order_id"], NOW_MS)
    (update,) = answered(request, 200, json.dumps(order).encode()).said
    assert isinstance(update, OrderUpdate)
    assert (update.client_order_id, update.venue_order_id) == (model.client_order_id, str(model.id))
    assert update.filled == float(model.filled_qty or 0)
    assert update.instrument == model.symbol
    assert update.state is not OrderState.UNKNOWN
    assert (update.state in set(ENDED.values())) == (status in ENDED)
    assert model.status == enums.OrderStatus(status)


def test_all_words_of_alpaca_s_own_enumerations_are_known() -> None:
    assert {status.value for status in enums.OrderStatus} == {*WORKING, *ENDED}


def served(stub: Stub, venue: AlpacaOrders, request: OrderRequest) -> tuple[Answered, OrderRequest | None]:
    """An answer of the stub's broker, without a network."""
    parts = urlsplit(request.url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    status, said = stub.done(request.method, parts.path, asked, request.body)
    found = venue.answered(request, status, b"" if said is None else json.dumps(said).encode(), NOW_NS)
    return found, found.more


def followed(stub: Stub, venue: AlpacaOrders, request: OrderRequest) -> tuple[list[Any], list[OrderRequest]]:
    """All that is said page by page, and the requests."""
    said: list[Any] = []
    made: list[OrderRequest] = []
    more: OrderRequest | None = request
    while more is not None:
        made.append(more)
        found, more = served(stub, venue, more)
        assert found.verdict is DONE, found.reason
        said += found.said
        assert len(made) < 100
    return said, made


def test_an_unknown_id_is_asked_for_and_then_cancelled_and_what_has_ended_is_not() -> None:
    stub, venue = Stub(Broker(), Faults()), venue_at()
    stub.broker.submit({**ORDER, "client_order_id": "bg-1"})
    said, made = followed(stub, venue, venue.cancel("AAPL", "bg-1", NOW_MS))
    assert [request.method for request in made] == ["GET", "DELETE"]
    assert {request.verb for request in made} == {Verb.CANCEL}
    assert stub.broker.named("bg-1")["status"] == "canceled"
    fresh = venue_at()
    said, made = followed(stub, fresh, fresh.cancel("AAPL", "bg-1", NOW_MS))
    assert [request.method for request in made] == ["GET"]
    assert [update.state for update in said] == [OrderState.CANCELLED]
    assert served(stub, venue, venue.cancel("AAPL", "bg-1", NOW_MS))[0].verdict is REFUSED, "already cancelled"
    assert served(stub, venue, venue.cancel("AAPL", "bg-9", NOW_MS))[0].verdict is MISSING


def test_all_orders_are_cancelled_or_it_is_said_that_some_are_not() -> None:
    (request,) = venue_at().cancel_all(NOW_MS)
    assert answered(request, 207, b'[{"id":"a","status":200},{"id":"b","status":204}]').verdict is DONE
    assert answered(request, 207, b"[]").verdict is DONE
    assert answered(request, 200, b"").verdict is DONE
    some = answered(request, 207, b'[{"id":"a","status":200},{"id":"b","status":500}]')
    assert (some.verdict, some.reason) == (REFUSED, "1 of 2 orders not cancelled: 500")
    assert answered(request, 207, b"").verdict is IN_DOUBT


def test_the_account_is_told_in_parts_that_add_up() -> None:
    stub, venue = Stub(Broker(cash="100000"), Faults()), venue_at()
    stub.broker.submit({**ORDER, "client_order_id": "bg-1"})
    stub.broker.fill(stub.broker.named("bg-1"), Decimal(4), Decimal("128.25"))
    stub.broker.held["BTCUSD"] = (Decimal("-0.5"), Decimal(61_000))
    said = [message for request in venue.account_state(NOW_MS) for message in followed(stub, venue, request)[0]]
    (working,) = (message for message in said if isinstance(message, OrderUpdate))
    assert (working.client_order_id, working.state) == ("bg-1", OrderState.PARTIALLY_FILLED)
    statements = [message for message in said if isinstance(message, Statement)]
    assert [held for statement in statements for held in statement.positions] == [
        Held("AAPL", 4.0, 128.25),
        Held("BTC/USD", -0.5, 61_000.0),
    ]
    assert sum(statement.cash for statement in statements) == 100_000 - 4 * 128.25
    for row in stub.broker.positions()[1]:
        model = models.Position(**row)
        assert model.qty == row["qty"]


@pytest.mark.parametrize("size", ["-5", "5"])
def test_a_short_position_is_negative_whichever_way_its_size_is_written(size: str) -> None:
    row = {"symbol": "AAPL", "asset_class": "us_equity", "qty": size, "side": "short", "avg_entry_price": "128.25"}
    (_, request, _) = venue_at().account_state(NOW_MS)
    (statement,) = answered(request, 200, json.dumps([row]).encode()).said
    assert isinstance(statement, Statement)
    assert statement.positions == (Held("AAPL", -5.0, 128.25),)


def test_a_key_of_another_account_tells_nothing_and_a_blocked_one_says_so() -> None:
    stub, venue = Stub(Broker(number="PA1"), Faults()), replace(venue_at(), account_number="PA2")
    (_, _, request) = venue.account_state(NOW_MS)
    found, _ = served(stub, venue, request)
    assert (found.verdict, found.said) == (REFUSED, ())
    assert found.reason == "the key is of account PA1, not of PA2"
    stub.broker.configuration["suspend_trade"] = True
    assert served(stub, replace(venue, account_number="PA1"), request)[0].reason == "trade_suspended_by_user"


def test_listed_fills_name_their_orders_by_alpaca_s_ids() -> None:
    broker = Broker(cash="10000000")
    stub = Stub(broker, Faults())
    for number in range(260):
        broker.submit({**ORDER, "client_order_id": f"bg-{number}", "qty": "1"})
        broker.fill(broker.named(f"bg-{number}"), Decimal(1), Decimal("128.25"))
    broker.paid("DIV", "12.5", "AAPL")
    broker.paid("CFEE", "-0.25")
    broker.paid("CSD", "1000")
    said, made = followed(stub, venue_at(), venue_at().fills_since(SINCE_MS, NOW_MS))
    fills = [message for message in said if isinstance(message, Fill)]
    assert [fill.venue_order_id for fill in fills] == [broker.named(f"bg-{number}")["id"] for number in range(260)]
    assert len({fill.fill_id for fill in fills}) == 260
    assert [urlsplit(request.url).path.removeprefix("/v2/") for request in made] == [
        *["account/activities/FILL"] * 3,
        "account/activities",
    ]
    money = [(message.kind, message.amount) for message in said if isinstance(message, Funding)]
    assert money == [("dividend", 12.5), ("fee", -0.25), ("transfer", 1000.0)]


def test_a_fill_of_the_stream_and_of_the_list_is_the_same_fill() -> None:
    broker, venue = Broker(), venue_at()
    stub = Stub(broker, Faults())
    streamed: list[Any] = []
    broker.listeners.append(lambda update: streamed.extend(venue.stream_said(json.dumps(update).encode(), NOW_NS)))
    broker.submit({**ORDER, "client_order_id": "bg-1"})
    for size in ("2.5", "2.5", "5.00"):
        broker.fill(broker.named("bg-1"), Decimal(size), Decimal("128.25"))
    said, _ = followed(stub, venue, venue.fills_since(SINCE_MS, NOW_MS))
    told, heard = ([message for message in both if isinstance(message, Fill)] for both in (said, streamed))
    assert len(told) == 3
    assert {fill.client_order_id for fill in heard} == {"bg-1"}
    same = {"client_order_id": "", "time_ns": 0}
    assert [replaced(fill, **same) for fill in told] == [replaced(fill, **same) for fill in heard]
    assert all(abs(one.time_ns - other.time_ns) < 10_000_000 for one, other in zip(told, heard, strict=True))


def test_sides_of_executions_are_more_than_those_of_orders_and_a_trade_taken_back_is_no_fill() -> None:
    broker = Broker()
    stub = Stub(broker, Faults())
    broker.submit({**ORDER, "client_order_id": "bg-1", "side": "sell"})
    broker.fill(broker.named("bg-1"), Decimal(4), Decimal("128.25"))
    (row,) = broker.activities
    for side, expected in (("sell_short", Side.SELL), ("sell_short_exempt", Side.SELL), ("buy_minus", Side.BUY)):
        row["side"] = side
        said, _ = followed(stub, venue_at(), venue_at().fills_since(SINCE_MS, NOW_MS))
        assert [fill.side for fill in said if isinstance(fill, Fill)] == [expected]
    row["side"] = "undisclosed"
    page = json.dumps([row]).encode()
    known = venue_at()
    known.ids.learn("bg-1", row["order_id"])
    assert answered(known.fills_since(SINCE_MS, NOW_MS), 200, page, known).verdict is IN_DOUBT
    page = json.dumps([{**row, "side": "sell", "type": "trade_bust"}]).encode()
    assert answered(known.fills_since(SINCE_MS, NOW_MS), 200, page, known).said == ()


def test_an_order_of_several_legs_that_somebody_else_placed_is_told_and_hinders_nothing() -> None:
    row = {**Broker().submit({**ORDER, "client_order_id": "x"})[1], "symbol": None, "side": None, "asset_class": None}
    found = answered(venue_at().open_orders(NOW_MS), 200, json.dumps([row]).encode())
    assert [update.client_order_id for update in found.said if isinstance(update, OrderUpdate)] == ["x"]


def test_open_orders_come_in_pages_without_a_gap() -> None:
    broker = Broker(cash="10000000")
    stub, venue = Stub(broker, Faults()), venue_at()
    for number in range(1_203):
        broker.submit({**ORDER, "client_order_id": f"bg-{number}", "qty": "1"})
    said, made = followed(stub, venue, venue.open_orders(NOW_MS))
    assert {update.client_order_id for update in said} == {f"bg-{number}" for number in range(1_203)}
    assert len(made) >= 3


def test_a_list_that_never_ends_is_in_doubt() -> None:
    row = Broker().submit({**ORDER, "client_order_id": "bg-1"})[1] | {"submitted_at": "2025-11-24T16:00:00Z"}
    venue = venue_at()
    first = answered(venue.open_orders(NOW_MS), 200, json.dumps([row] * 500).encode())
    assert first.more is not None
    assert answered(first.more, 200, json.dumps([row] * 500).encode()).verdict is IN_DOUBT


def test_suspending_counts_only_where_the_account_says_that_it_is_suspended() -> None:
    on, off = (venue_at().suspend(on=word, now_ms=NOW_MS) for word in (True, False))
    assert on is not None
    assert off is not None
    assert (json.loads(on.body), json.loads(off.body)) == ({"suspend_trade": True}, {"suspend_trade": False})
    assert answered(on, 200, b'{"suspend_trade":true}').verdict is DONE
    assert answered(on, 200, b'{"suspend_trade":false}').verdict is REFUSED
    assert answered(off, 200, b'{"suspend_trade":false}').verdict is DONE
    assert answered(off, 200, b'{"suspend_trade":true}').verdict is REFUSED
    assert answered(on, 200, b"{}").verdict is IN_DOUBT


def test_closing_never_sells_more_than_is_held() -> None:
    stub, venue = Stub(Broker(), Faults()), venue_at()
    stub.broker.submit({**ORDER, "client_order_id": "bg-1"})
    stub.broker.fill(stub.broker.named("bg-1"), Decimal(10), Decimal("128.25"))
    stub.broker.configuration["suspend_trade"] = True
    assert served(stub, venue, venue.close("AAPL", 10.0, "bg-2", NOW_MS))[0].verdict is REFUSED
    stub.broker.configuration["suspend_trade"] = False
    found, _ = served(stub, venue, venue.close("AAPL", 10.0, "bg-2", NOW_MS))
    assert found.verdict is DONE
    assert [message.state for message in found.said if isinstance(message, OrderUpdate)] == [OrderState.FILLED]
    assert served(stub, venue, venue.close("AAPL", 10.0, "bg-2", NOW_MS))[0].verdict is MISSING, "asked again"
    assert stub.broker.held["AAPL"][0] == 0


def test_ids_are_remembered_up_to_a_limit_and_then_the_oldest_is_forgotten() -> None:
    ids = Ids(most=3)
    for number in range(5):
        ids.learn(f"ours-{number}", f"theirs-{number}")
        ids.learn(f"ours-{number}", f"theirs-{number}")
    assert len(ids) == 3
    assert [ids.theirs(f"ours-{number}") for number in (0, 1, 2, 4)] == [None, None, "theirs-2", "theirs-4"]
