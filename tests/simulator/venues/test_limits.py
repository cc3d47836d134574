"""Every limit is counted, written down, and answered as the venue answers."""

import json

import pytest

from simulator.venues import EXAMPLES, make_desk
from simulator.venues.frame import Answer, Close
from simulator.venues.limits import Rate
from tests.simulator.venues.asking import PATHS, SECOND_NS, START_NS, opened, requests, run


def said(session, message, now_ns):
    session.receive(message if isinstance(message, bytes) else json.dumps(message).encode(), now_ns)
    return session.due(now_ns)


def counted(desk):
    return dict(desk.ledger.counts())


def test_a_rate_is_counted_over_a_sliding_window():
    rate = Rate((2, 1))
    assert [rate.add(now) for now in (0, 1, 2, SECOND_NS, SECOND_NS + 1)] == [False, False, True, True, True]
    assert rate.add(3 * SECOND_NS) is False


@pytest.mark.parametrize(
    ("venue", "allowed", "status", "later"),
    [
        ("binance-spot", 300, 429, 418),
        ("coinbase", 8, 429, 429),
        ("kraken", 150, 429, 429),
        ("bybit-linear", 500, 403, 403),
        ("okx", 3, 429, 429),
    ],
)
def test_too_many_connections_are_refused_and_the_address_is_banned(venue, allowed, status, later):
    desk = make_desk(venue, EXAMPLES[venue], start_ns=START_NS)
    for _ in range(allowed):
        desk.connect(PATHS[venue], {}, START_NS).leave()
    refused = desk.connect(PATHS[venue], {}, START_NS)
    assert refused.status == status
    assert int(dict(refused.headers)["Retry-After"]) >= 10
    assert desk.get("/", {}, START_NS).status == later
    assert not isinstance(desk.connect(PATHS[venue], {}, START_NS, "10.0.0.2"), Answer)
    assert counted(desk) == {"connections": 1, "banned": 1}
    assert not isinstance(desk.connect(PATHS[venue], {}, START_NS + 601 * SECOND_NS), Answer)


@pytest.mark.parametrize(("venue", "allowed"), [("binance-spot", 5), ("binance-usdm", 10), ("coinbase", 8)])
def test_too_many_messages_end_the_connection(venue, allowed):
    desk, session = opened(venue)
    run(desk, session, 3)
    ask = json.dumps(requests(venue, EXAMPLES[venue])[0]).encode()
    for _ in range(allowed):
        assert said(session, ask, desk.now_ns).close is None
    assert said(session, ask, desk.now_ns).close.code == 1008
    assert counted(desk) == {"messages": 1}
    assert session not in desk.sessions


def test_pings_and_pongs_count_as_messages_of_binance():
    desk, session = opened("binance-spot")
    run(desk, session, 2)
    for opcode in ("ping", "pong", "ping", "pong", "ping"):
        session.receive(b"", desk.now_ns, opcode)
    assert [frame.opcode for frame in session.due(desk.now_ns).frames] == ["pong"] * 3
    session.receive(b"", desk.now_ns, "pong")
    assert session.due(desk.now_ns).close.code == 1008


def test_kraken_refuses_messages_one_by_one():
    desk, session = opened("kraken")
    run(desk, session, 3)
    for _ in range(51):
        due = said(session, {"method": "ping"}, desk.now_ns)
    assert json.loads(due.frames[0].data)["error"] == "Exceeded msg rate"
    assert due.close is None
    assert counted(desk) == {"messages": 1}


def test_okx_refuses_the_481st_request_of_an_hour():
    desk, session = opened("okx")
    ask = requests("okx", EXAMPLES["okx"])[0]
    for number in range(480):
        ask["op"] = "unsubscribe" if number % 2 else "subscribe"
        due = said(session, ask, START_NS + number * SECOND_NS)
    assert json.loads(due.frames[-1].data)["code"] == "60014"
    assert counted(desk) == {"requests": 1}


def test_okx_closes_on_a_request_that_is_too_long():
    desk, session = opened("okx")
    assert said(session, b"[" + b" " * (1 << 16) + b"]", START_NS).close.code == 1009
    assert counted(desk) == {"request_bytes": 1}


def test_okx_closes_a_connection_that_neither_hears_nor_asks():
    desk = make_desk("okx", EXAMPLES["okx"], start_ns=START_NS)
    session = desk.connect(PATHS["okx"], {}, START_NS)
    assert run(desk, session, 60) == ([], Close(4004, "No data received in 30s."))
    assert desk.now_ns == START_NS + 30 * SECOND_NS
    pinging = desk.connect(PATHS["okx"], {}, desk.now_ns)
    frames, close = run(desk, pinging, 90, keepalive=b"ping")
    assert {frame.data for frame in frames} == {b"pong"}
    assert close is None


@pytest.mark.parametrize(
    ("venue", "wait_s", "violation", "code"),
    [
        ("coinbase", 5, {"first_request": 1}, 1008),
        ("kraken", 60, {}, 1000),
        ("bybit-linear", 600, {"idle": 1}, 1006),
        ("alpaca-iex", 10, {"login": 1}, 1000),
        ("massive-stocks", 30, {"login": 1}, 1008),
    ],
)
def test_a_connection_that_says_nothing_is_closed_in_time(venue, wait_s, violation, code):
    desk = make_desk(venue, EXAMPLES[venue], start_ns=START_NS, rate=0.1)
    session = desk.connect(PATHS[venue], {}, START_NS)
    assert run(desk, session, wait_s - 1)[1] is None
    assert run(desk, session, 2)[1].code == code
    assert counted(desk) == violation


@pytest.mark.parametrize(("venue", "wait_s"), [("binance-spot", 80), ("binance-usdm", 780)])
def test_binance_closes_where_no_pong_comes(venue, wait_s):
    desk, session = opened(venue, rate=0.1)
    until = START_NS + (wait_s - 1) * SECOND_NS
    pings = [frame for frame in session.due(until).frames if frame.opcode == "ping"]
    assert len(pings) == (wait_s - 1) // (20 if venue == "binance-spot" else 180)
    assert session.due(until + 2 * SECOND_NS).close.code == 1008
    assert counted(desk) == {"ping": 1}


def test_binance_ends_a_connection_after_a_day():
    desk, session = opened("binance-usdm", rate=0.001)
    frames, close = run(desk, session, 24 * 3600 + 1)
    assert close.code == 1001
    assert desk.violations == []
    assert frames


def test_binance_counts_the_weight_of_requests_and_bans():
    desk = make_desk("binance-spot", EXAMPLES["binance-spot"], start_ns=START_NS)
    path = desk.dialect.books(desk)[0]
    answers = [desk.get(path, {}, START_NS) for _ in range(26)]
    assert [answer.status for answer in answers] == [200] * 24 + [429, 418]
    assert dict(answers[3].headers)["X-MBX-USED-WEIGHT-1M"] == "1000"
    assert counted(desk) == {"weight": 1, "banned": 1}


def test_binance_takes_1024_streams():
    desk, session = opened("binance-spot")
    names = [f"x{number}@trade" for number in range(1020)]
    assert said(session, {"method": "SUBSCRIBE", "params": names, "id": 2}, START_NS).close.code == 1008
    assert counted(desk) == {"streams": 1}


def test_bybit_spot_takes_ten_topics_in_a_request_and_21000_characters_in_all():
    desk, session = opened("bybit-spot")
    args = ["publicTrade.BTCUSDT"] * 11
    due = said(session, {"op": "subscribe", "args": args}, START_NS)
    assert json.loads(due.frames[-1].data)["success"] is False
    long = ["tickers." + "X" * 21_000]
    assert json.loads(said(session, {"op": "subscribe", "args": long}, START_NS).frames[-1].data)["success"] is False
    assert counted(desk) == {"request_streams": 1, "streams": 1}


def test_alpaca_refuses_a_second_connection_and_more_than_thirty_symbols():
    desk, first = opened("alpaca-iex")
    login, _ = requests("alpaca-iex", [])
    second = desk.connect(PATHS["alpaca-iex"], {}, START_NS)
    due = said(second, login, START_NS)
    assert json.loads(due.frames[-1].data)[0]["code"] == 406
    assert due.close is not None
    before = dict(first.streams)
    names = [f"A{chr(65 + number)}" for number in range(26)]
    due = said(first, {"action": "subscribe", "trades": names, "quotes": names}, START_NS)
    assert json.loads(due.frames[-1].data)[0]["code"] == 405
    assert first.streams == before
    assert counted(desk) == {"sessions": 1, "streams": 1}


def test_massive_kicks_the_older_connection_out():
    desk, first = opened("massive-stocks")
    login, _ = requests("massive-stocks", [])
    second = desk.connect(PATHS["massive-stocks"], {}, START_NS)
    said(second, login, START_NS)
    frames, close = first.due(START_NS)
    assert json.loads(frames[-1].data)[0]["status"] == "max_connections"
    assert close.code == 1008
    assert second.logged_in
    assert counted(desk) == {"sessions": 1}


@pytest.mark.parametrize("venue", EXAMPLES)
def test_a_well_behaved_client_exceeds_nothing(venue):
    desk, session = opened(venue)
    _, close = run(desk, session, 120, keepalive=b"ping" if venue == "okx" else b"")
    assert close is None
    assert desk.violations == []


@pytest.mark.parametrize(
    ("venue", "message", "says"),
    [
        ("binance-spot", b"{", b'"code":3'),
        ("binance-spot", {"method": "DANCE", "id": 3}, b"unknown variant"),
        ("coinbase", {"type": "subscribe", "channel": "level2", "product_ids": ["NO-USD"]}, b"NO-USD is not a valid"),
        (
            "kraken",
            {"method": "subscribe", "params": {"channel": "book", "symbol": ["NO/USD"]}},
            b"not supported NO/USD",
        ),
        ("kraken", {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 7}}, b"depth"),
        ("bybit-linear", {"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "orderbook.7.X"]}, b"orderbook.7.X"),
        ("okx", {"op": "subscribe", "args": [{"channel": "books", "instId": "NO-USD"}]}, b'"60018"'),
        ("okx", {"op": "subscribe", "argss": []}, b'"60012"'),
        ("okx", {"op": "login", "args": [{"apiKey": "wrong"}]}, b'"60009"'),
        ("alpaca-iex", {"action": "subscribe", "orderbooks": ["AAPL"]}, b"410"),
        ("alpaca-iex", {"action": "auth", "key": "key"}, b"already authenticated"),
        ("massive-stocks", {"action": "subscribe", "params": "XL2.AAPL"}, b"not authorized"),
    ],
)
def test_wrong_requests_are_answered_in_the_venues_words(venue, message, says):
    desk, session = opened(venue)
    session.due(START_NS)
    assert says in said(session, message, START_NS + SECOND_NS).frames[-1].data
    assert desk.violations == []


@pytest.mark.parametrize("venue", ["alpaca-iex", "alpaca-crypto", "massive-stocks", "massive-crypto"])
def test_a_wrong_key_is_refused_and_nothing_is_told_without_one(venue):
    desk = make_desk(venue, EXAMPLES[venue], start_ns=START_NS)
    session = desk.connect(PATHS[venue], {}, START_NS)
    login, subscribe = requests(venue, EXAMPLES[venue])
    said(session, subscribe, START_NS)
    assert run(desk, session, 3)[0] == []
    wrong = json.loads(json.dumps(login).replace('"key"}', '"no"}').replace('"key": "key"', '"key": "no"'))
    due = said(session, wrong, desk.now_ns)
    assert b"auth" in due.frames[-1].data
    assert due.close is not None
    assert desk.get("/v2/assets" if venue.startswith("alpaca") else "/v3/reference/tickers", {}, START_NS).status in (
        401,
        403,
    )
