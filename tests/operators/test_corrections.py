"""From the words of a venue that takes trades back to the bars that they were in."""

from datetime import datetime

import polars as pl

from market import record
from market.batch import Batch
from operators import bars, decode
from operators.book import rebuild
from operators.features import order_flow
from tests import tape

TRADE = '[{{"T":"t","S":"EEM","i":{},"x":"{}","p":{},"s":{},"c":["@"],"z":"B","t":"2023-04-06T14:25:{}Z"}}]'
CORRECTION = (
    '[{"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],'
    '"ci":52983525034326,"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}]'
)
CANCEL = '[{{"T":"x","S":"EEM","i":{},"x":"D","p":39.2,"s":100,"a":"C","z":"B","t":"2023-04-06T14:25:07Z"}}]'


def run(*frames: str) -> Batch:
    first = int(datetime.fromisoformat("2023-04-06T14:25:01+00:00").timestamp()) * 10**9
    said = [record.encode(record.InstrumentDefined("EEM", "0.0001", "1")), *(frame.encode() for frame in frames)]
    batches = tape.cut([(first + number * 10**9, frame) for number, frame in enumerate(said)], shard="alpaca-sip/0")
    for stage in (decode.stage(), rebuild.stage(), order_flow.stage(), bars.stage(lateness_s=0)):
        batches = stage.run(batches)
    return batches[0]


def test_alpaca_s_corrections_and_cancels_find_their_trades() -> None:
    trades = [
        TRADE.format(52983525033527, "M", 39.1582, 440_000, "01.5"),
        TRADE.format(7, "D", 39.2, 100, "02"),
        TRADE.format(8, "D", 39.3, 100, "04"),
    ]
    found = run(*trades, CORRECTION, CANCEL.format(7), CANCEL.format(99))
    seconds = found.tables["bars"].filter(pl.col("timeframe") == "1s").select("high", "volume", "trades", "revision")
    assert str(seconds.rows()) == str(
        [
            (39.1582, 440_000.0, 1, 0),
            (39.2, 100.0, 1, 0),
            (39.1809, 440_000.0, 1, 1),
            (float("nan"), 0.0, 0, 1),
        ]
    )
    assert found.tables["gaps"].select("channel", "cause").rows() == [("trade", "unknown")]
    assert "dead_letters" not in found.tables
