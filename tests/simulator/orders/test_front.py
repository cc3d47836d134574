"""The order API without sockets: signatures, answers, faults, latency, and that the same requests give the same day."""

import json
import random
from urllib.parse import parse_qsl

import pytest

from simulator.exchange import SLICE_NS, Exchange
from simulator.orders.desk import Desk
from simulator.orders.faults import FATES, OrderFaults
from simulator.orders.front import KEY_LIFE_MS, Front, Request
from simulator.orders.keys import signed_text
from simulator.orders.rules import Rules
from tests.simulator.orders.asking import KEY, ORDER, query, signature

NOW_MS = 1_750_000_000_000


def front_of(faults=None, rules=None):
    exchange = Exchange(instruments=["BTCUSDT", "ETHUSDT"], rate=1000.0, seed=3)
    return Front(Desk(exchange, rules or Rules(), epoch_ns=NOW_MS * 10**6), faults)


def ask(front, method, path, *, now_ms=NOW_MS, stamp=None, key=KEY, text=None, **params):
    """All answers so far, decoded: (status, body)."""
    text = query(now_ms if stamp is None else stamp, **params) if text is None else text
    answers = []
    request = Request(method, path, dict(parse_qsl(text)), key, signed_text(text, ""))
    front.submit(request, now_ms, lambda reply: answers.append((reply.status, json.loads(reply.body or "null"))))
    return answers


def ask_one(front, method, path, **more):
    (answer,) = ask(front, method, path, **more)
    return answer


def place(front, client_id, **changed):
    return ask(front, "POST", "/fapi/v1/order", **{**ORDER, "newClientOrderId": client_id, **changed})


def run(front, slices):
    for _ in range(slices):
        for _ in front.desk.exchange.run(front.desk.exchange.time_ns + SLICE_NS, epoch_ns=0, sent_ns=0):
            pass
        front.advance(front.desk.now_ms)


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"key": ""}, 401, -2014),
        ({"key": "another"}, 401, -2015),
        ({"text": f"symbol=BTCUSDT&timestamp={NOW_MS}"}, 400, -1102),
        ({"text": f"symbol=BTCUSDT&timestamp={NOW_MS}&signature={'0' * 64}"}, 400, -1022),
        ({"text": f"symbol=BTCUSDT&signature={signature('symbol=BTCUSDT')}"}, 400, -1102),
        ({"stamp": NOW_MS - 5_001}, 400, -1021),
        ({"stamp": NOW_MS + 1_000}, 400, -1021),
        ({"stamp": NOW_MS - 101, "recvWindow": 100}, 400, -1021),
        ({"recvWindow": 60_001}, 400, -1131),
    ],
)
def test_whoever_signs_wrongly_or_late_is_not_served(changed, status, code):
    answer = ask_one(front_of(), "GET", "/fapi/v1/openOrders", **changed)
    assert (answer[0], answer[1]["code"]) == (status, code)


def test_signed_texts_join_query_and_body_without_the_signature():
    assert signed_text("a=1&signature=x", "b=2") == signed_text("a=1", "b=2&signature=x") == "a=1b=2"


def test_an_order_is_placed_asked_after_listed_and_cancelled():
    front = front_of()
    ((status, placed),) = place(front, "one")
    assert (status, placed["status"], placed["origQty"], placed["price"]) == (200, "NEW", "0.010", "59000.00")
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "one"}
    assert ask_one(front, "GET", "/fapi/v1/order", **asked) == (200, placed)
    assert ask_one(front, "GET", "/fapi/v1/openOrders") == (200, [placed])
    assert ask_one(front, "GET", "/fapi/v1/openOrders", symbol="ETHUSDT") == (200, [])
    cancelled = ask_one(front, "DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert cancelled[1]["status"] == "CANCELED"
    assert ask_one(front, "DELETE", "/fapi/v1/order", **asked)[1]["code"] == -2011
    assert ask_one(front, "GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="two")[1]["code"] == -2013
    assert ask_one(front, "GET", "/simulator/orders")[1][0]["clientOrderId"] == "one"
    place(front, "three")
    assert ask_one(front, "DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")[1]["code"] == 200
    assert ask_one(front, "GET", "/fapi/v1/openOrders") == (200, [])


def test_account_positions_and_trades_tell_the_same():
    front = front_of()
    place(front, "buy", price="60500.0", timeInForce="IOC", quantity="0.500")
    account = ask_one(front, "GET", "/fapi/v2/account")[1]
    risk = ask_one(front, "GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")[1]
    trades = ask_one(front, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT")[1]
    held = account["positions"][0]
    assert held["positionAmt"] == risk[0]["positionAmt"] == "0.500"
    quantity = sum(float(row["qty"]) for row in trades)
    assert quantity == pytest.approx(0.5)
    paid = sum(float(row["quoteQty"]) for row in trades)
    assert float(held["entryPrice"]) == pytest.approx(paid / quantity)
    fees = sum(float(row["commission"]) for row in trades)
    assert float(account["totalWalletBalance"]) == pytest.approx(1e6 - fees, abs=1e-7)
    assert fees == pytest.approx(paid * 5e-4, abs=1e-7)
    later = ask_one(front, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=trades[-1]["id"])[1]
    assert later == trades[-1:]
    assert ask_one(front, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", startTime=NOW_MS + 1)[1] == []


@pytest.mark.parametrize("fate", FATES)
def test_each_fate_does_what_it_says(fate):
    front = front_of()
    front.faults.strike(fate, after=2)
    assert place(front, "before")[0][0] == 200
    answers = place(front, "hit")
    statuses = [status for status, _ in answers]
    codes = [body and body.get("code") for _, body in answers]
    expected = {
        "reject": ([400], [-2010]), "lose": ([], []), "unavailable_lost": ([503], [-1000]), "mute": ([], []),
        "unavailable": ([503], [-1000]), "timeout": ([408], [-1007]), "double": ([200, 200], [None, None]),
        "disconnect": ([0], [None]),
    }[fate]  # fmt: skip
    assert (statuses, codes) == expected
    taken = front.desk.find("BTCUSDT", client_id="hit") is not None
    assert taken == (fate in ("mute", "unavailable", "timeout", "disconnect", "double"))
    assert front.faults.injected == {fate: 1}
    assert place(front, "after")[0][0] == 200


def test_suspended_takes_no_new_order_but_lets_old_ones_be_cancelled():
    front = front_of()
    place(front, "old")
    assert ask_one(front, "POST", "/simulator/suspend")[1] == {"suspended": True}
    assert place(front, "new")[0][1]["code"] == -2010
    assert ask_one(front, "GET", "/fapi/v2/account")[1]["canTrade"] is False
    assert ask_one(front, "DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="old")[0] == 200
    assert ask_one(front, "DELETE", "/simulator/suspend")[1] == {"suspended": False}
    assert place(front, "new")[0][0] == 200


def test_limits_of_orders_and_of_questions():
    front = front_of(rules=Rules(orders_per_10s=2, weight_per_minute=7))
    assert [place(front, name)[0][0] for name in "abc"] == [200, 200, 429]
    assert ask_one(front, "DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a")[0] == 200
    answers = [ask_one(front, "GET", "/fapi/v2/account") for _ in range(2)]
    assert [(status, body.get("code")) for status, body in answers] == [(200, None), (429, -1003)]
    later = ask_one(front, "GET", "/fapi/v2/account", now_ms=NOW_MS + 60_000)
    assert later[0] == 200


def test_latency_delays_matching_and_may_make_a_request_stale():
    front = front_of(OrderFaults(latency_ms=40.0, latency_sigma=0.0))
    answers = place(front, "slow")
    run(front, 7)
    assert answers == []
    run(front, 2)
    assert [status for status, _ in answers] == [200]
    late = place(front, "stale", recvWindow=20)
    run(front, 9)
    assert late[0][1]["code"] == -1021
    assert front.desk.find("BTCUSDT", client_id="stale") is None


def test_more_requests_under_way_than_are_held_are_refused(monkeypatch):
    monkeypatch.setattr("simulator.orders.front.WAITING_MOST", 2)
    front = front_of(OrderFaults(latency_ms=40.0, latency_sigma=0.0))
    answers = [place(front, name) for name in "abc"]
    assert [status for (status, _) in answers[2]] == [503]
    run(front, 9)
    assert [[status for status, _ in one] for one in answers] == [[200], [200], [503]]
    assert front.desk.find("BTCUSDT", client_id="c") is None


def test_latencies_are_lognormal_with_spikes():
    faults = OrderFaults(latency_ms=10.0, latency_sigma=0.5, spike=0.1, spike_ms=1000.0, seed=2)
    drawn = sorted(faults.delay_ns() / 1e6 for _ in range(4000))
    plain = [one for one in drawn if one < 500]
    assert plain[len(plain) // 2] == pytest.approx(10.0, rel=0.05)
    assert plain[int(0.841 * len(plain))] == pytest.approx(10.0 * 2.718281828**0.5, rel=0.06)
    assert 1 - len(plain) / len(drawn) == pytest.approx(0.1, abs=0.02)


def test_events_are_dropped_doubled_and_late():
    front = front_of()
    place(front, "a")
    assert len(front.events()) == 1
    for name in ("event_drop", "event_double", "event_late"):
        setattr(front.faults, name, 1.0)
        place(front, name)
        said = len(front.events())
        setattr(front.faults, name, 0.0)
        assert said == {"event_drop": 0, "event_double": 2, "event_late": 0}[name]
    run(front, 99)
    assert front.events() == []
    run(front, 2)
    assert [json.loads(event)["o"]["c"] for event in front.events()] == ["event_late"]


def test_a_listen_key_lives_an_hour_and_says_when_it_dies():
    front = front_of()
    key = ask_one(front, "POST", "/fapi/v1/listenKey")[1]["listenKey"]
    assert ask_one(front, "POST", "/fapi/v1/listenKey")[1]["listenKey"] == key
    assert ask_one(front, "POST", "/fapi/v1/listenKey", key="")[1]["code"] == -2014
    half = NOW_MS + KEY_LIFE_MS // 2
    assert ask_one(front, "PUT", "/fapi/v1/listenKey", now_ms=half)[0] == 200
    front.advance(NOW_MS + KEY_LIFE_MS + 1)
    assert front.events() == []
    front.advance(half + KEY_LIFE_MS + 1)
    assert json.loads(front.events()[0])["e"] == "listenKeyExpired"
    assert ask_one(front, "PUT", "/fapi/v1/listenKey", now_ms=half)[1]["code"] == -1125
    assert ask_one(front, "POST", "/fapi/v1/listenKey")[1]["listenKey"] != key
    front.faults.expire()
    assert json.loads(front.events()[0])["e"] == "listenKeyExpired"


@pytest.mark.parametrize("bad", [{"drop": 1}, {"mute": 1.5}, {"mute": 0.6, "lose": 0.6}, {"late_ms": float("nan")}])
def test_faults_out_of_range_are_refused(bad):
    with pytest.raises((ValueError, TypeError)):
        OrderFaults(**bad)


@pytest.mark.parametrize("bad", [{"capital": -1.0}, {"leverage": 0}, {"open_orders": 0}, {"funding_every_s": 0.1}])
def test_rules_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="must be"):
        Rules(**bad)


def day(seed):
    """Everything that is answered and said on a day of random orders and faults."""
    rng = random.Random(seed)
    faults = OrderFaults(
        reject=0.02, lose=0.02, unavailable_lost=0.02, mute=0.02, unavailable=0.02, timeout=0.02, disconnect=0.02,
        double=0.02, blind=0.05, event_drop=0.02, event_double=0.02, event_late=0.02, latency_ms=8.0,
        spike=0.02, seed=seed,
    )  # fmt: skip
    front, told = front_of(faults), []
    for step in range(600):
        now_ms = front.desk.now_ms
        if rng.random() < 0.7:
            price = f"{60_000 + rng.randint(-30, 30) / 10:.1f}"
            force, side = rng.choice(("GTC", "IOC", "GTX")), rng.choice(("BUY", "SELL"))
            told.append(place(front, f"o{step}", price=price, timeInForce=force, side=side, now_ms=now_ms))
        else:
            asked = {"symbol": "BTCUSDT", "origClientOrderId": f"o{rng.randrange(step + 1)}"}
            told.append(ask(front, rng.choice(("GET", "DELETE")), "/fapi/v1/order", now_ms=now_ms, **asked))
        run(front, rng.randrange(3))
        told.append(front.events())
    return told, front


def test_the_same_requests_and_seed_give_the_same_day():
    first, front = day(4)
    assert first == day(4)[0] != day(5)[0]
    assert len(front.faults.injected) > 9
    account = front.desk.account
    cash = sum(-trade.side * trade.ticks * trade.lots * front.desk.units[0].worth - trade.fee
               for trade in front.desk.trades[0])  # fmt: skip
    assert account.wallet - sum(one.cost for one in account.positions) == 10**14 + cash
