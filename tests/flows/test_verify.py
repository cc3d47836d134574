"""`verify`: what real recordings prove, and that a single lost frame of any of them does not go unseen."""

import gzip
import io
import json
from pathlib import Path

import pytest
import zstandard
from rich.console import Console

import venues
from benchmarks.venue_captures import captures
from flows.verify import run_verify, verify_captures
from flows.verify_card import card
from flows.verify_verdict import EXIT_CODES, Outcome, findings, outcome, worst
from operators.analysis.verification import Gap, Verification
from tests.venues.recordings import lines, path

FOLDER = "02_ws_multivenue_cryptofeed"
KRAKEN, OKX = f"{FOLDER}/KRAKEN.jsonl.zst", f"{FOLDER}/OKX.jsonl.zst"
COINBASE, BYBIT = f"{FOLDER}/COINBASE.first_half.jsonl.zst", f"{FOLDER}/BYBIT.first_half.jsonl.zst"
PRO = f"{FOLDER}/COINBASE.ws.28.0"
SPOT, FUTURES = f"{FOLDER}/BINANCE.jsonl.zst", f"{FOLDER}/BINANCE_FUTURES.jsonl.zst"
RECORDINGS = {
    SPOT: "binance-spot",
    FUTURES: "binance-usdm",
    BYBIT: "bybit-linear",
    COINBASE: "coinbase",
    KRAKEN: "kraken-v1",
    OKX: "okx",
}
LOST = {  # what a book message of the recording holds, and how its loss shows
    FUTURES: ("@depth", ("depth", "sequence")),
    BYBIT: ("orderbook.200", ("depth", "sequence")),
    COINBASE: ("l2_data", ("trade", "sequence")),
    OKX: ('"update', ("depth", "checksum")),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_real_recording_is_verified_to_the_last_message(name: str) -> None:
    found = verify_captures([path(name)], venue=RECORDINGS[name])
    assert outcome(found) == Outcome("verified")
    assert found.valid.total() == found.book_messages.total() - found.early.total() > 100
    assert found.matched == found.checksums


@pytest.mark.parametrize("name", LOST)
def test_one_lost_message_of_a_book_is_contradicted(name: str, tmp_path: Path) -> None:
    word, gap = LOST[name]
    told = list(lines(name))
    frames = [at for at, line in enumerate(told) if json.loads(line)["t"] == "recv" and word in line[:400]]
    del told[frames[len(frames) // 2]]
    made = tmp_path / "lost.jsonl.zst"
    made.write_bytes(zstandard.compress("\n".join(told).encode()))
    found = verify_captures([made], venue=RECORDINGS[name])
    assert outcome(found).word == "contradicted"
    assert gap in found.gaps


def test_every_checksum_of_the_fixture_of_kraken_v2_matches_and_one_lost_message_shows(tmp_path: Path) -> None:
    """At depth 10 all of the book is in the checksum; of v1's 1000 levels only ten are."""
    (fixture,) = [one for one in captures(path("03_l2_fixtures"), tmp_path) if one.venue == "kraken"]
    found = verify_captures(fixture.paths, venue="kraken")
    assert outcome(found) == Outcome("verified")
    assert found.matched.total() == found.checksums.total() == found.frames > 200
    told = fixture.paths[0].read_bytes().splitlines()
    lost = tmp_path / "lost.txt"
    lost.write_bytes(b"\n".join([*told[:100], *told[101:]]))
    found = verify_captures([lost], venue="kraken")
    assert found.gaps == {("depth", "checksum"): 1}
    assert found.valid.total() == 100


def test_a_venue_without_numbers_is_never_verified() -> None:
    found = verify_captures([path(PRO)], venue="coinbase-exchange")
    assert outcome(found).word == "unverifiable"
    assert found.valid == found.book_messages
    assert (found.trade_ids.total(), found.trade_ids_missing.total()) == (107, 0)


def test_the_card_and_the_exit_code_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verify([path(OKX)], venue="okx") == 0
    said = capsys.readouterr().out
    assert "290 of 290 match" in said
    assert said.rstrip().endswith("verified")


def test_the_worst_word_with_a_reason_is_the_verdict() -> None:
    assert worst({"drifted": ["a"], "contradicted": []}) == Outcome("drifted", ("a",))
    assert worst({"drifted": ["a"], "unverifiable": ["b"], "contradicted": ["c"]}).word == "contradicted"
    assert [word for word, code in EXIT_CODES.items() if code == 0] == ["verified"]


def seen(venue: str) -> Verification:
    """As after a healthy stream of one book."""
    found = Verification(venues.get(venue))
    for counts in (found.book_messages, found.snapshots, found.valid):
        counts["BTC"] += 1
    return found


@pytest.mark.parametrize(("venue", "word"), [("kraken", "verified"), ("alpaca-crypto", "unverifiable")])
def test_a_healthy_stream_is_as_good_as_its_venue_allows(venue: str, word: str) -> None:
    assert outcome(seen(venue)).word == word


def test_each_trouble_has_its_word() -> None:
    gap, still, unread, quote, doubt, field, nothing = (seen("binance-usdm") for _ in range(7))
    gap.gaps["depth", "sequence"] += 1
    still.open_gaps.add(Gap("BTC", "depth", "silent"))
    unread.dead_letters["no reader"] += 1
    quote.tickers["BTC"] += 1
    doubt.doubted["BTC"] += 1
    field.drift.added["book: new"] += 1
    nothing.book_messages.clear()
    words = [outcome(found).word for found in (gap, still, unread, quote, doubt, field, nothing)]
    assert words == [*["contradicted"] * 4, "unverifiable", "drifted", "unseen"]


def test_what_the_venue_itself_crosses_is_told_and_no_contradiction() -> None:
    streamed, chained = seen("okx"), seen("binance-usdm")
    for found in (streamed, chained):
        found.gaps["depth", "crossed"] += 1
    assert [outcome(found).word for found in (streamed, chained)] == ["verified", "contradicted"]
    console = Console(file=io.StringIO(), width=120)
    console.print(card(streamed, "title"))
    assert "gap: depth, crossed: 1" in console.file.getvalue()  # type: ignore[attr-defined]


def test_reasons_are_told_by_their_word() -> None:
    found = seen("okx")
    found.dead_letters["no reader"] += 2
    assert findings(found)["contradicted"] == ["2 frames could not be read"]


def test_captures_are_told_apart_by_how_they_begin(tmp_path: Path) -> None:
    folder, made = tmp_path / "captures" / "any", tmp_path / "made"
    folder.mkdir(parents=True)
    made.mkdir()
    line = b'1704067200000000000 {"stream":"btcusdt@depth","data":{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2%s}}\n'
    for name, chained in (("a_20240101.gz", False), ("a_20240102.gz", False), ("a_20240104.gz", False), ("b.gz", True)):
        (folder / name).write_bytes(gzip.compress(line % (b',"pu":1' if chained else b"")))
    for exchange in ("GEMINI", "OKX"):
        header = json.dumps({"t": "header", "exchange": exchange}, separators=(",", ":")).encode()
        (folder / f"{exchange}.jsonl.zst").write_bytes(zstandard.compress(header))
    (folder / "prices.json").write_text("[1, 2]")
    found = [(one.name, one.venue, one.supported) for one in captures(tmp_path / "captures", made)]
    assert found == [
        ("GEMINI.jsonl.zst", "GEMINI", False),
        ("OKX.jsonl.zst", "okx", True),
        ("a_20240101.gz + a_20240102.gz", "binance-spot", True),
        ("a_20240104.gz", "binance-spot", True),
        ("b.gz", "binance-usdm", True),
    ]
