from sources.snapshots import APART_NS, QUIET_NS, Snapshots


def test_book_is_asked_for_only_when_its_depth_messages_flow() -> None:
    snapshots = Snapshots()
    snapshots.want("BTCUSDT", 0)
    assert snapshots.due(10 * QUIET_NS) == []
    snapshots.seen("BTCUSDT")
    assert snapshots.due(10 * QUIET_NS) == ["BTCUSDT"]
    assert snapshots.due(20 * QUIET_NS) == []


def test_quiet_book_is_asked_for_a_while_after_the_ack() -> None:
    snapshots = Snapshots()
    snapshots.want("BTCUSDT", 0)
    snapshots.acknowledged("BTCUSDT", 0)
    assert snapshots.due(QUIET_NS - 1) == []
    assert snapshots.due(QUIET_NS) == ["BTCUSDT"]


def test_one_symbol_is_asked_for_at_most_every_two_seconds() -> None:
    snapshots = Snapshots()
    snapshots.seen("BTCUSDT")
    asked = []
    for now_ns in range(0, 5 * APART_NS, APART_NS // 10):
        snapshots.want("BTCUSDT", now_ns)
        asked += [now_ns for _ in snapshots.due(now_ns)]
    assert asked == [number * APART_NS for number in range(5)]


def test_interrupted_stream_must_flow_again_first() -> None:
    snapshots = Snapshots()
    snapshots.seen("BTCUSDT")
    snapshots.acknowledged("BTCUSDT", 0)
    snapshots.interrupted("BTCUSDT")
    snapshots.want("BTCUSDT", 0)
    assert snapshots.due(10 * QUIET_NS) == []
