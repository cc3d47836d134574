from market import record
from sources.frame_queue import FrameQueue
from venues.venue import Channel


def offered(queue: FrameQueue, channel: Channel, times: int) -> int:
    return sum(queue.offer(1, b"x", channel, "BTCUSDT") for _ in range(times))


def test_depth_is_shed_first_then_tickers_and_trades_never() -> None:
    queue = FrameQueue(limit_frames=100)
    assert offered(queue, Channel.DEPTH, 100) == 50
    assert offered(queue, Channel.TICKER, 100) == 25
    assert offered(queue, Channel.TRADE, 100) == 100
    assert queue.full
    assert dict(queue.shed) == {Channel.DEPTH: 50, Channel.TICKER: 75}


def test_a_frame_of_several_streams_is_shed_as_its_last_and_tells_all() -> None:
    queue = FrameQueue(limit_frames=8)
    offered(queue, Channel.TRADE, 6)
    assert queue.offer(1, b"x", Channel.DEPTH, "A", [(Channel.TRADE, "B")])
    assert not queue.offer(1, b"x", Channel.DEPTH, "A", [(Channel.TICKER, "B"), (Channel.TICKER, "C")])
    assert dict(queue.shed) == {Channel.TICKER: 1}
    queue.take(10, 1000)
    offered(queue, Channel.DEPTH, 1)
    said = [record.decode(frame) for _, frame in queue.take(10, 1000)[:2]]
    assert said == [record.Shed("depth", {"A": 1}), record.Shed("ticker", {"B": 1, "C": 1})]


def test_bytes_are_a_limit_too() -> None:
    queue = FrameQueue(limit_bytes=100)
    queue.put(1, b"x" * 60)
    assert offered(queue, Channel.DEPTH, 1) == 0
    assert offered(queue, Channel.TICKER, 1) == 1
    queue.take(10, 1000)
    assert offered(queue, Channel.DEPTH, 1) == 1


def test_what_was_shed_is_said_where_the_frames_would_be() -> None:
    queue = FrameQueue(limit_frames=4)
    offered(queue, Channel.TRADE, 2)
    offered(queue, Channel.DEPTH, 3)
    queue.take(10, 1000)
    offered(queue, Channel.DEPTH, 1)
    (_, said), (_, frame) = queue.take(10, 1000)
    assert record.decode(said) == record.Shed("depth", {"BTCUSDT": 3})
    assert frame == b"x"
    assert queue.take(10, 1000) == []


def test_taking_keeps_order_and_stops_at_its_limits() -> None:
    queue = FrameQueue()
    for number in range(5):
        queue.put(number, b"xx")
    assert [time for time, _ in queue.take(2, 1000)] == [0, 1]
    assert [time for time, _ in queue.take(10, 3)] == [2, 3]
    assert [time for time, _ in queue.take(10, 1000)] == [4]
    assert queue.fill == 0
