import numpy as np

from market.batch import Batch
from market.decisions import decisions_of
from market.frames import Frames
from market.messages import Approved, Order, Side, encode
from tests.operators.portfolio.decision_stream import command, quote


def test_messages_keep_their_order_and_the_row_its_place():
    said = (quote("AAAUSDT", 5, 1.0, 2.0), command(6, "halt"), quote("BBBUSDT", 7, 1.0, 2.0))
    batch = Batch("trading/0", 9, np.array([7, 7, 8]), Frames.of(list(map(encode, said))), last=True)
    found = decisions_of(batch)
    assert found.messages == said
    assert found[:3] == ("trading/0", 9, 8)
    assert found.last
    assert not found.tables


def test_a_frame_that_is_no_message_is_a_dead_letter():
    frames = (b"{", b'{"message":"quote"}', b"\xff", encode(quote("AAAUSDT", 5, 1.0, 2.0)))
    found = decisions_of(Batch("trading/0", 1, np.array([1, 2, 3, 4]), Frames.of(frames)))
    assert len(found.messages) == 1
    letters = found.tables["dead_letters"]
    assert letters["raw"].to_list() == list(frames[:3])
    assert letters["receive_time"].to_list() == [1, 2, 3]


def test_a_message_from_the_future_is_a_dead_letter():
    second = 1_000_000_000
    said = (quote("AAAUSDT", 6 * second, 1.0, 2.0), quote("AAAUSDT", 6 * second + 1, 1.0, 2.0))
    found = decisions_of(Batch("trading/0", 1, np.array([second, second]), Frames.of(list(map(encode, said)))))
    assert found.messages == said[:1]
    assert found.tables["dead_letters"]["reason"].to_list() == ["stamped 5.0 s after it was received"]


def test_nobody_hands_trading_an_approved_order():
    place = {"venue": "v", "instrument": "i", "time_ns": 1}
    order = Order(**place, client_order_id="x", side=Side.BUY, size=1.0, limit_price=1.0, reason="")
    forged = encode(Approved(**place, order=order, checks={}))
    found = decisions_of(Batch("trading/0", 1, np.array([1]), Frames.of([forged])))
    assert found.messages == ()
    assert found.tables["dead_letters"]["reason"].to_list() == ["trading does not read Approved messages"]
