"""The Python client: frames in one call, tried again where that helps, a stream that survives the gateway's death."""

import asyncio
import math
import threading
from datetime import UTC, datetime

import httpx
import polars as pl
import pytest

from gateway.app import app
from gateway.client import ApiError, Client, MissedError, StreamError
from gateway.client.rows import time_text
from gateway.keys import Keys
from market.clock import ManualClock, SystemClock
from tests.gateway.small_market import NOW_NS
from tests.gateway.stream.listening import tell, teller
from tests.gateway.stream.test_socket import served


class Inside(httpx.BaseTransport):
    """Requests to an application without a socket; the first answers may be others than its own."""

    def __init__(self, api, *first):
        self.api, self.first, self.asked = api, list(first), []

    def handle_request(self, request):
        self.asked.append(request)
        if self.first:
            answer = self.first.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return asyncio.run(self._ask(request))

    async def _ask(self, request):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.api)) as client:
            answer = await client.request(request.method, request.url, headers=request.headers)
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(scope="module")
def api(store_dsn, tmp_path_factory):
    return app(dsn=store_dsn, data=tmp_path_factory.mktemp("client"), clock=ManualClock(NOW_NS))


@pytest.fixture
def client(api):
    with Client("http://127.0.0.1", transport=Inside(api), wait=lambda _: None) as made:
        yield made


def test_frames_in_one_call_follow_cursors_and_keep_types(client, monkeypatch):
    monkeypatch.setattr("gateway.client.rows.PAGE_ROWS", 1)
    bars = client.bars("BTCUSDT", timeframe="1s", since="2023-11-14", columns=["open_time", "revision", "mid_close"])
    frame = bars.polars()
    assert frame["revision"].to_list() == [0, 1, 0]
    assert frame.schema["open_time"] == pl.Datetime("ns", "UTC")
    assert math.isnan(frame["mid_close"][2])
    assert bars.pandas()["revision"].tolist() == [0, 1, 0]
    assert str(bars.pandas()["open_time"].dtype) == "datetime64[ns, UTC]"
    newest = client.bars(timeframe="1s", limit=2, columns=["revision"])
    assert [row["revision"] for row in newest.dicts()] == [1, 0]
    assert client.bars("NONE", timeframe="1s").polars().shape == (0, 24)


def test_the_rest_of_the_api(client):
    assert {row["instrument"] for row in client.instruments()} == {"BTCUSDT", "ETHUSDT"}
    assert {row["account"] for row in client.positions()} == {"a", "b"}
    assert client.latest("signals", "BTCUSDT")[0]["evidence"] == {"ofi_50": -3.0}
    assert client.overview()["gaps_open"] == 1
    assert client.status()["store"]["trouble"] == ""
    told = client.explanation("BTCUSDT", timeframe="short", time="2023-11-14T22:13:23Z")
    assert (told["regime"]["regime"], told["features"]["mid_price"]) == ("unknown", 103)
    paths = ("signals", "regimes", "regime_changes", "quotes", "trades", "features")
    assert all(isinstance(getattr(client, path)(limit=1).polars(), pl.DataFrame) for path in paths)
    account = ("orders", "fills", "targets", "position_history", "risk_events")
    assert all(isinstance(getattr(client, path)(limit=1).polars(), pl.DataFrame) for path in account)


def test_a_refusal_is_told_in_the_words_of_the_gateway(client):
    with pytest.raises(ApiError, match=r"400: Columns: it is not written as .*") as refused:
        client.bars(columns=["secret"]).polars()
    assert refused.value.status == 400
    with pytest.raises(ApiError, match="404: There is no signal"):
        client.explanation("NONE", timeframe="short", time="2023-11-14")
    with pytest.raises(ValueError, match="time zone"):
        time_text(datetime(2026, 1, 1))  # noqa: DTZ001
    assert time_text(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


def test_what_may_pass_is_tried_again_and_what_will_not_is_not(api):
    waited: list[float] = []
    first = (httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(429, headers={"retry-after": "3"}))
    transport = Inside(api, *first)
    with Client("http://127.0.0.1", transport=transport, wait=waited.append) as patient:
        assert len(patient.instruments()) == 2
    assert (waited, len(transport.asked)) == ([0.2, 0.4, 3.0], 4)
    for answer, error in ((httpx.Response(403, json={"detail": "No."}), ApiError), (httpx.Response(302), ApiError)):
        transport = Inside(api, answer)
        with Client("http://127.0.0.1", transport=transport) as strict, pytest.raises(error):
            strict.instruments()
        assert len(transport.asked) == 1
    transport = Inside(api, *[httpx.ConnectError("refused")] * 5)
    with (
        Client("http://127.0.0.1", transport=transport, wait=lambda _: None) as tired,
        pytest.raises(httpx.ConnectError),
    ):
        tired.instruments()


def test_a_stream_goes_on_after_the_gateway_died_without_loss_or_repetition(tmp_path):
    with teller(tmp_path) as part:
        tell(part, 1, 5)
        seen: list[int] = []
        with served(tmp_path) as host:
            live = Client(f"http://{host}").stream(kinds=["signal", "quote"], instruments=["I0"], after=2)
            messages = live.messages()
            while not seen or seen[-1] < 5:
                seen.append(next(messages).sequence)
        tell(part, 6, 9)
        with served(tmp_path) as host:
            live._url = f"ws://{host}/api/v1/stream"
            while seen[-1] < 9:
                seen.append(next(messages).sequence)
            worker = threading.Timer(0.3, live.close)
            worker.start()
            assert list(messages) == []
            worker.join()
        assert seen == [3, 4, 5, 6, 7, 8, 9] or (seen == sorted(set(seen)) and live.sequence == 9)
        assert live.id


def test_what_ends_a_stream_for_good_is_raised(tmp_path):
    with teller(tmp_path) as part:
        tell(part, 1, 3)
        with served(tmp_path) as host:
            client = Client(f"http://{host}")
            with pytest.raises(MissedError):
                next(iter(client.stream(after=1, stream="another")))
            with pytest.raises(StreamError, match="4400"):
                next(iter(client.stream(kinds=["nothing"])))
            with client.stream(kinds=["quote"], snapshot=True) as live:
                first = next(live.messages())
                assert (first.snapshot, first.sequence, {event["kind"] for event in first.events}) == (
                    True,
                    3,
                    {"quote"},
                )
            shown = Keys(tmp_path, SystemClock()).add(name="k", scopes=["read"], tenant="t", rate_per_s=9).text
            with pytest.raises(StreamError, match="4401"):
                next(iter(client.stream()))
            with pytest.raises(StreamError, match="4403"):
                next(iter(Client(f"http://{host}", key=shown).stream()))
