"""When a book is subscribed to anew, and when another connection is better."""

from market.clock import SECOND_NS
from sources.resyncs import IN_VAIN, IN_VAIN_NS, Resyncs
from sources.watchdog import RECONNECT_APART_NS


def wishes(resyncs: Resyncs, cause: str, from_s: float, to_s: float) -> list[tuple[float, bool]]:
    """A wish every second: when it was granted, and whether as another connection."""
    found = []
    for time_s in range(int(from_s), int(to_s)):
        now_ns = time_s * SECOND_NS
        if resyncs.grant("BTC-USD", cause, now_ns):
            found.append((time_s, resyncs.is_in_vain("BTC-USD", cause, now_ns)))
    return found


def test_connection_is_given_up_after_subscribing_anew_was_in_vain_and_not_again_soon() -> None:
    granted = wishes(Resyncs(), "sequence", 100, 100 + RECONNECT_APART_NS // SECOND_NS)
    given_up = [time_s for time_s, is_in_vain in granted if is_in_vain]
    assert len(given_up) == 1
    assert granted.index((given_up[0], True)) == IN_VAIN
    assert given_up[0] - granted[0][0] <= IN_VAIN_NS // SECOND_NS


def test_a_new_connection_begins_the_count_anew() -> None:
    resyncs = Resyncs()
    assert len(wishes(resyncs, "sequence", 100, 112)) == IN_VAIN
    resyncs.connected("BTC-USD", 112 * SECOND_NS)
    assert not any(is_in_vain for _, is_in_vain in wishes(resyncs, "sequence", 112, 140))


def test_checksums_that_are_wrong_for_ever_end_no_connection() -> None:
    assert not any(is_in_vain for _, is_in_vain in wishes(Resyncs(), "checksum", 0, 7200))
