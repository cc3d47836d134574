"""The tape is what the venue would send: repeatable, and its book can be rebuilt by the venue's own rule."""

import gzip
import json
from itertools import pairwise

import numba
import numpy as np
import pytest

from market import record
from simulator.exchange import Exchange
from simulator.publish import TICKER
from simulator.regimes import VOLATILITY
from simulator.tape import tape, write_capture

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


@pytest.fixture(scope="module")
def lines():
    return list(tape(instruments=SYMBOLS, seed=7, seconds=20, rate=3000))


def messages(lines, channel, symbol):
    wanted = f"{symbol.lower()}@{channel}"
    decoded = (json.loads(frame) for _, frame in lines)
    return [frame["data"] for frame in decoded if frame.get("stream") == wanted]


def test_a_seed_repeats_byte_by_byte(lines):
    assert list(tape(instruments=SYMBOLS, seed=7, seconds=2, rate=3000)) == [
        row for row in lines if row[0] <= lines[0][0] + 1_995_000_000
    ]


def test_another_seed_is_another_market(lines):
    other = list(tape(instruments=SYMBOLS, seed=8, seconds=1, rate=3000))
    assert other != lines[: len(other)]


def test_receive_times_never_descend(lines):
    assert all(before[0] <= after[0] for before, after in pairwise(lines))


def test_an_instrument_is_the_same_in_any_company(lines):
    alone = list(tape(instruments=["ETHUSDT"], seed=7, seconds=5, rate=1000))
    assert (
        messages(alone, "aggTrade", "ETHUSDT")
        == messages(lines, "aggTrade", "ETHUSDT")[: len(messages(alone, "aggTrade", "ETHUSDT"))]
    )


def test_how_time_is_sliced_changes_nothing():
    def rows(step_ns):
        exchange = Exchange(instruments=["SOLUSDT"], rate=1000, seed=5)
        found = []
        for until in range(step_ns, 1_000_000_001, step_ns):
            for _ in exchange.run(until, epoch_ns=0, sent_ns=0):
                frames = exchange.frames
                found += [
                    frames.buffer[a:b].tobytes()
                    for a, b in zip(frames.start, frames.end[: frames.total[0]], strict=False)
                ]
        return found

    assert rows(5_000_000) == rows(1_000_000_000)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_rebuilt_book_equals_every_ticker_of_the_same_update_id(lines, symbol):
    snapshot = next(data for _, frame in lines if (data := json.loads(frame)).get("symbol") == symbol)
    bids, asks = (dict(snapshot[side]) for side in ("bids", "asks"))
    last, states = None, {}
    for data in messages(lines, "depth@100ms", symbol):
        if data["u"] < snapshot["lastUpdateId"]:
            continue
        assert data["pu"] <= snapshot["lastUpdateId"] <= data["u"] if last is None else data["pu"] == last
        assert data["pu"] < data["U"] <= data["u"]
        for side, levels in ((bids, data["b"]), (asks, data["a"])):
            for price, size in levels:
                side[price] = size
                if not float(size):
                    del side[price]
        last = data["u"]
        bid, ask = max(bids, key=float), min(asks, key=float)
        assert float(bid) < float(ask)
        states[last] = (bid, bids[bid], ask, asks[ask])
    tickers = {
        data["u"]: (data["b"], data["B"], data["a"], data["A"]) for data in messages(lines, "bookTicker", symbol)
    }
    common = states.keys() & tickers.keys()
    assert len(common) > 20
    assert {number: states[number] for number in common} == {number: tickers[number] for number in common}


def test_the_book_has_two_hundred_levels_a_side(lines):
    for _, frame in lines:
        if b'"symbol"' in frame:
            data = json.loads(frame)
            assert min(len(data["bids"]), len(data["asks"])) >= 200


def test_trade_ids_are_dense_and_prices_are_in_the_book(lines):
    trades = messages(lines, "aggTrade", "BTCUSDT")
    assert len(trades) > 100
    for before, after in pairwise(trades):
        assert (after["a"], after["f"]) == (before["a"] + 1, before["l"] + 1)
        assert after["E"] >= after["T"] >= before["T"]
    assert {data["m"] for data in trades} == {True, False}


def test_frames_print_fixed_decimals_and_the_venues_fields(lines):
    ticker = messages(lines, "bookTicker", "BTCUSDT")[0]
    assert list(ticker) == ["e", "u", "E", "T", "s", "ps", "b", "B", "a", "A", "st"]
    assert (len(ticker["b"].split(".")[1]), len(ticker["B"].split(".")[1])) == (2, 3)
    assert ticker["b"].endswith("0")  # a tick of 0.1 printed with two decimals
    mark = messages(lines, "markPrice@1s", "ETHUSDT")[0]
    assert len(mark["p"].split(".")[1]) == 8
    assert abs(float(mark["p"]) / float(messages(lines, "bookTicker", "ETHUSDT")[0]["b"]) - 1) < 0.01
    assert mark["T"] % (8 * 3600 * 1000) == 0 < mark["T"] - mark["E"]


def test_records_tell_what_a_journal_needs():
    frames = [frame for _, frame in tape(instruments=SYMBOLS, seed=7, seconds=0.5, rate=300, records=True)]
    decoded = [record.decode(frame) for frame in frames if record.is_record(frame)]
    assert [row.symbol for row in decoded] == [*SYMBOLS, *SYMBOLS]
    assert decoded[0] == record.InstrumentDefined("BTCUSDT", "0.1", "0.001")
    assert json.loads(bytes(decoded[3].body))["lastUpdateId"] > 0


def test_a_capture_holds_the_tape(tmp_path):
    path = tmp_path / "btc.gz"
    count = write_capture(path, instruments=["BTCUSDT"], seed=1, seconds=0.5, rate=200)
    with gzip.open(path, "rb") as file:
        written = [line.rstrip(b"\n").split(b" ", 1) for line in file]
    assert len(written) == count
    assert [(int(ns), frame) for ns, frame in written] == list(
        tape(instruments=["BTCUSDT"], seed=1, seconds=0.5, rate=200)
    )


@pytest.mark.parametrize(
    ("instruments", "rate", "word"),
    [([], 1, "1 to"), (["A", "A"], 1, "twice"), (["btc"], 1, "symbol"), (["A"], 0, "rate")],
)
def test_nonsense_is_refused_with_the_way_out(instruments, rate, word):
    with pytest.raises(ValueError, match=word):
        Exchange(instruments=instruments, rate=rate, seed=1)


@pytest.fixture(scope="module")
def hour():
    """One simulated hour: samples and latent values of an instrument, and messages per second."""
    if numba.config.DISABLE_JIT:
        pytest.skip("an hour of market takes minutes without compiled kernels")
    exchange, samples, latent, sent = Exchange(instruments=SYMBOLS, rate=150, seed=3), [], [], 0

    def keep(out):
        samples.append(out.samples[: out.counts[2]].copy())
        latent.append(out.latent[: out.counts[2]].copy())

    for second in range(1, 3601):
        for frames in exchange.run(second * 1_000_000_000, epoch_ns=0, sent_ns=0, record=keep):
            sent += int(frames.total[0])
    return np.concatenate(samples), np.concatenate(latent), sent / 3600


def test_an_hour_does_not_explode(hour):
    samples, latent, _ = hour
    for i in range(len(SYMBOLS)):
        mine = samples[:, 0] == i
        path, mid = latent[mine, 0], samples[mine, 5:7].mean(axis=1)
        assert np.abs(path / path[0] - 1).max() < 0.05
        assert np.abs(mid - path).mean() < 12


def test_messages_come_at_the_rate_asked_for(hour):
    assert hour[2] == pytest.approx(150, rel=0.15)


def test_realised_volatility_tells_the_regimes_apart(hour):
    samples, latent, _ = hour
    for i in range(len(SYMBOLS)):
        mine = samples[:, 0] == i
        moves, regime = np.diff(np.log(latent[mine, 0])), samples[mine, 2][:-1]
        calm, stressed = (moves[regime == number].std() for number in (0, 2))
        assert stressed / calm > 0.6 * VOLATILITY[2] / VOLATILITY[0]  # 7 in the table; takers add volatility to calm


def test_spreads_are_one_to_three_ticks_in_calm_and_wider_in_stress(hour):
    samples, _, _ = hour
    mine = samples[samples[:, 0] == 0]
    spread, regime = mine[:, 6] - mine[:, 5], mine[:, 2]
    assert np.mean(spread[regime == 0] <= 3) > 0.9
    assert spread[regime == 2].mean() > 2 * spread[regime == 0].mean()


def test_trending_regimes_persist_and_reverting_ones_do_not(hour):
    samples, latent, _ = hour
    ratio = {}
    for number in (0, 2):
        short, long = [], []
        for i in range(len(SYMBOLS)):
            mine = samples[:, 0] == i
            path, regime, volatility = latent[mine, 0], samples[mine, 3], samples[mine, 2]
            for start in range(len(path) - 30):
                window = slice(start, start + 31)
                if (regime[window] == number).all() and len(set(volatility[window])) == 1:
                    short.append(np.square(np.diff(path[window])).sum() / path[start] ** 2)
                    long.append((path[start + 30] - path[start]) ** 2 / path[start] ** 2)
        ratio[number] = sum(long) / sum(short)
    assert ratio[0] < 1.0
    assert ratio[2] > 1.5


def test_tickers_outnumber_everything_else(lines):
    assert TICKER == 1
    assert sum(b"@bookTicker" in frame for _, frame in lines) > len(lines) / 2
