"""The order side over real sockets: HTTP, order socket, user stream; and clients that do not behave."""

import http.client
import json
import queue
import socket
import time
from contextlib import contextmanager

import numba
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from simulator.orders.faults import OrderFaults
from simulator.orders.side import OrderSide
from tests.simulator import serving
from tests.simulator.orders.asking import KEY, ORDER, query, socket_params

WAIT_S = 20
pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="too slow for real time without compiled kernels")


@contextmanager
def running(faults):
    """An exchange that takes orders, in a thread; gives the port of its order side."""
    port = queue.Queue()
    with serving.running(WAIT_S, orders=OrderSide(faults=faults, ready=port.put)):
        yield port.get(timeout=60)


@pytest.fixture(scope="module")
def faults():
    return OrderFaults()


@pytest.fixture(scope="module")
def port(faults):
    with running(faults) as number:
        yield number


def now_ms():
    return time.time_ns() // 10**6


def ask(port, method, path, *, connection=None, **params):
    """Status and body of one signed request."""
    one = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    one.request(method, f"{path}?{query(now_ms(), **params)}", headers={"X-MBX-APIKEY": KEY})
    answer = one.getresponse()
    body = json.loads(answer.read())
    if connection is None:
        one.close()
    return answer.status, body


def order_socket(port):
    return connect(f"ws://127.0.0.1:{port}/ws-fapi/v1", compression=None)


def user_stream(port):
    key = ask(port, "POST", "/fapi/v1/listenKey")[1]["listenKey"]
    return connect(f"ws://127.0.0.1:{port}/private/ws?listenKey={key}", compression=None)


def frame(number, method, **params):
    return json.dumps({"id": number, "method": method, "params": socket_params(now_ms(), **params)})


def test_one_connection_serves_many_requests(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    for number in range(5):
        status, body = ask(
            port, "POST", "/fapi/v1/order", connection=connection, **ORDER, newClientOrderId=f"h{number}"
        )
        assert (status, body["clientOrderId"]) == (200, f"h{number}")
    own = connection.sock
    assert ask(port, "DELETE", "/fapi/v1/allOpenOrders", connection=connection, symbol="BTCUSDT")[0] == 200
    assert connection.sock is own
    connection.close()


def test_the_parameters_may_be_in_the_body(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    body = query(now_ms(), **ORDER, newClientOrderId="body")
    headers = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/fapi/v1/order", body=body, headers=headers)
    assert json.loads(connection.getresponse().read())["clientOrderId"] == "body"
    connection.close()
    ask(port, "DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")


def test_the_order_socket_answers_by_number_and_the_stream_tells(port):
    with user_stream(port) as stream, order_socket(port) as orders:
        orders.send(
            frame(1, "order.place", **{**ORDER, "price": "60500.0", "timeInForce": "IOC"}, newClientOrderId="s")
        )
        orders.send(frame("two", "order.status", symbol="BTCUSDT", origClientOrderId="nobody"))
        orders.send(frame(3, "order.place", **ORDER, newClientOrderId="t"))
        orders.send(frame(4, "order.cancel", symbol="BTCUSDT", origClientOrderId="t"))
        answers = {answer["id"]: answer for answer in (json.loads(orders.recv(WAIT_S)) for _ in range(4))}
        assert answers[1]["result"]["status"] == "FILLED"
        assert (answers["two"]["status"], answers["two"]["error"]["code"]) == (400, -2013)
        assert answers[4]["result"]["status"] == "CANCELED"
        said = []
        while not said or said[-1].get("o", {}).get("x") != "CANCELED":
            said.append(json.loads(stream.recv(WAIT_S)))
    kinds = [event["o"]["x"] if event["e"] == "ORDER_TRADE_UPDATE" else event["a"]["m"] for event in said]
    trades = kinds.count("TRADE")
    assert kinds == ["NEW", *["ORDER", "TRADE"] * trades, "NEW", "CANCELED"]
    assert trades >= 1


def test_resting_orders_are_filled_by_the_market_and_told_on_the_stream(port):
    with user_stream(port) as stream:
        # One on either side of the market: whichever way it goes, it meets one of them.
        mark = float(ask(port, "GET", "/fapi/v3/positionRisk", symbol="ETHUSDT")[1][0]["markPrice"])
        for side, price in (("SELL", mark + 0.05), ("BUY", mark - 0.05)):
            order = {**ORDER, "symbol": "ETHUSDT", "price": f"{price:.2f}", "side": side}
            assert ask(port, "POST", "/fapi/v1/order", **order, newClientOrderId=f"rest-{side}")[0] == 200
        while True:
            event = json.loads(stream.recv(WAIT_S))
            if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE" and event["o"]["m"]:
                break
    assert event["o"]["c"] == f"rest-{event['o']['S']}"
    assert float(event["o"]["n"]) > 0


def test_a_muted_request_is_done_and_never_answered(port, faults):
    faults.strike("mute")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.4)
    with pytest.raises(TimeoutError):
        ask(port, "POST", "/fapi/v1/order", connection=connection, **ORDER, newClientOrderId="muted")
    connection.close()
    status, body = ask(port, "GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="muted")
    assert (status, body["status"]) == (200, "NEW")


def test_a_doubled_answer_comes_twice_on_the_socket_and_once_by_http(port, faults):
    faults.strike("double")
    with order_socket(port) as orders:
        orders.send(frame(9, "order.place", **ORDER, newClientOrderId="d1"))
        assert orders.recv(WAIT_S) == orders.recv(WAIT_S)
    faults.strike("double")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    assert ask(port, "POST", "/fapi/v1/order", connection=connection, **ORDER, newClientOrderId="d2")[0] == 200
    assert ask(port, "GET", "/fapi/v1/order", connection=connection, symbol="BTCUSDT", origClientOrderId="d2")[0] == 200
    connection.close()


def test_a_connection_may_be_cut_after_what_it_asked_for_is_done(port, faults):
    faults.strike("disconnect")
    with order_socket(port) as orders:
        orders.send(frame(9, "order.place", **ORDER, newClientOrderId="gone1"))
        with pytest.raises(ConnectionClosed):
            orders.recv(WAIT_S)
    faults.strike("disconnect")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(port, "POST", "/fapi/v1/order", **ORDER, newClientOrderId="gone2")
    for name in ("gone1", "gone2"):
        assert ask(port, "GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=name)[1]["status"] == "NEW"


def test_streams_are_cut_and_keys_expire(port, faults):
    with user_stream(port) as stream, order_socket(port) as orders:
        faults.cut()
        with pytest.raises(ConnectionClosed):
            stream.recv(WAIT_S)
        orders.send(frame(1, "ping"))
        assert json.loads(orders.recv(WAIT_S))["status"] == 200
    with user_stream(port) as stream:
        faults.expire()
        assert json.loads(stream.recv(WAIT_S))["e"] == "listenKeyExpired"
    with pytest.raises(InvalidStatus):
        connect(f"ws://127.0.0.1:{port}/private/ws?listenKey=nonsense", compression=None)


@pytest.mark.parametrize(
    "bytes_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xff",
        b"GET /ws-fapi/v1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_what_is_no_request_is_answered_with_400_and_cut(port, bytes_):
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as client:
        client.sendall(bytes_)
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        while client.recv(4096):
            pass


def test_a_client_that_sends_on_behind_a_request_without_an_answer_is_cut_off(port, faults):
    faults.strike("mute")
    target = f"/fapi/v1/order?{query(now_ms(), **ORDER, newClientOrderId='flood')}"
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as client:
        client.sendall(f"POST {target} HTTP/1.1\r\nX-MBX-APIKEY: {KEY}\r\n\r\n".encode())
        with pytest.raises(ConnectionError):
            client.sendall(b"GET /fapi/v1/ping HTTP/1.1\r\n\r\n" * 1_000_000)


HANDSHAKE = b"GET /ws-fapi/v1 HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "code"),
    [(b"\x81\x02hi....", 1002), (b"\x01\x82....hi", 1003), (b"\x81\xff" + b"\x00" * 12, 1009),
     (b"\x81\xfe\xff\xff" + b"....", None)],
)  # fmt: skip
def test_frames_that_break_the_protocol_end_the_connection(port, sent, code):
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as client:
        client.sendall(HANDSHAKE)
        answer = client.recv(1000)
        assert answer.startswith(b"HTTP/1.1 101 ")
        client.sendall(sent)
        if code is None:  # not whole yet: it waits
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(100)
        else:
            assert client.recv(100) == b"\x88\x02" + code.to_bytes(2)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"id":1,"method":"order.place","params":[]}', "\x00", '{"id":[1]}',
     f'{{"id":{"9" * 60_000},"method":"ping"}}',
     f'{{"id":1,"method":"order.place","params":{{"symbol":{"9" * 60_000}}}}}'],
)  # fmt: skip
def test_frames_that_are_no_request_get_an_error(port, text):
    with order_socket(port) as orders:
        orders.send(text)
        assert json.loads(orders.recv(WAIT_S))["status"] == 400
        orders.send('{"id":5,"method":"no.such","params":{}}')
        assert json.loads(orders.recv(WAIT_S))["error"]["code"] == -5000
