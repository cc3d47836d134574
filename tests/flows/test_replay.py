"""Import and replay, end to end through the command line: the same journal always gives the same tables."""

import json
import os
from pathlib import Path

import pytest

from simulator.tape import write_capture
from tests.flows.pipe import ask, barograph, settings_file, tables_of

FOLDER = "01_ws_binance_hftbacktest"
AGREEMENT = """
select count() as both, countIf(
    book.bid_price = ticker.bid_price and book.bid_size = ticker.bid_size
    and book.ask_price = ticker.ask_price and book.ask_size = ticker.ask_size) as equal
from quotes as book inner join quotes as ticker using (instrument, sequence)
where book.source = 'book' and book.valid and ticker.source = 'ticker'
"""


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("capture") / "tape.gz"
    write_capture(path, instruments=["BTCUSDT", "ETHUSDT"], seed=3, seconds=40, rate=200)
    return path


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, capture: Path) -> Path:
    return import_and_replay(tmp_path_factory.mktemp("first"), [capture], "binance-usdm")


def import_and_replay(folder: Path, captures: list[Path], venue: str) -> Path:
    config = settings_file(folder)
    barograph("import", *captures, "--venue", venue, "--config", config)
    barograph("replay", "--config", config)
    return config


def test_replaying_into_two_stores_gives_identical_tables(replayed: Path, capture: Path, tmp_path: Path) -> None:
    first = tables_of(replayed)
    second = tables_of(import_and_replay(tmp_path, [capture], "binance-usdm"))
    assert first["quotes"].height > 1000
    assert first["signals"].height > 50
    assert [name for name, rows in first.items() if not rows.equals(second[name])] == []


def test_a_second_replay_of_the_same_folder_adds_nothing(replayed: Path) -> None:
    before = tables_of(replayed)
    barograph("replay", "--config", replayed)
    assert [name for name, rows in tables_of(replayed).items() if not rows.equals(before[name])] == []


def test_every_quote_agrees_with_the_ticker_of_the_same_update_id(replayed: Path) -> None:
    both, equal = ask(replayed, AGREEMENT).row(0)
    assert int(both) > 50
    assert equal == both


def test_nothing_of_a_good_capture_is_a_dead_letter_or_an_unexplained_gap(replayed: Path) -> None:
    assert ask(replayed, "select count() from dead_letters").item() == "0"
    assert ask(replayed, "select count() from gaps where cause != 'unsynchronised'").item() == "0"
    assert ask(replayed, "select count() from open_gaps").item() == "0"


def test_status_is_json_that_names_every_table(replayed: Path) -> None:
    said = barograph("status", "--json", "--config", replayed)
    assert json.loads(said)["journal"]


@pytest.mark.timeout(900)
def test_a_real_capture_runs_whole_through_the_pipe(tmp_path: Path) -> None:
    captures = Path(os.environ.get("BAROGRAPH_CAPTURES", "")) / FOLDER
    if not os.environ.get("BAROGRAPH_CAPTURES"):
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder of captures")
    files = [captures / "usdm" / name for name in ("ethusdt_20240718.gz", "ethusdt_20240719.gz")]
    config = import_and_replay(tmp_path, files, "binance-usdm")
    both, equal = ask(config, AGREEMENT).row(0)
    assert (int(both), equal) == (834, "834")
    assert ask(config, "select count() from dead_letters").item() == "0"
    assert int(ask(config, "select count() from quotes where source = 'book'").item()) == 3273 + 5656 + 1
