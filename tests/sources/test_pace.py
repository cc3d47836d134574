from market.clock import SECOND_NS
from sources.pace import HOUR_NS, Pace
from venues.venue import Limits

LIMITS = Limits(streams_per_connection=10, streams_per_request=10, requests_per_second=5, weight_per_minute=10)
HOURLY = Limits(10, 10, 10, 10, requests_per_hour=100)


def sent_ns(pace: Pace, until_ns: int, *, request: bool) -> list[int]:
    """When messages go out if there is always one to send."""
    now_ns, sent = 0, []
    while now_ns < until_ns:
        wait_s = pace.wait_s(now_ns, request=request)
        if wait_s == 0:
            sent.append(now_ns)
        now_ns += max(1, round(wait_s * SECOND_NS))
    return sent


def test_half_of_the_rate_is_used_in_even_steps() -> None:
    assert sent_ns(Pace(LIMITS), SECOND_NS, request=True) == [0, 400_000_000, 800_000_000]


def test_an_hour_never_has_more_requests_than_nine_tenths_of_the_limit() -> None:
    sent = sent_ns(Pace(HOURLY), 3 * HOUR_NS, request=True)
    assert len(sent) == 270
    assert all(later - first >= HOUR_NS for first, later in zip(sent, sent[90:], strict=False))


def test_pings_do_not_count_as_requests() -> None:
    pace = Pace(HOURLY)
    sent_ns(pace, 60 * SECOND_NS, request=True)
    assert pace.wait_s(60 * SECOND_NS, request=False) == 0
    assert pace.wait_s(61 * SECOND_NS, request=True) > 3000
