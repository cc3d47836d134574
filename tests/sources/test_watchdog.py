from market.clock import SECOND_NS
from sources.watchdog import LIMITS_NS, RECONNECT_APART_NS, Alarm, Watchdog
from venues.venue import Channel

LIMIT = LIMITS_NS[Channel.DEPTH]
DEPTH = "btcusdt@depth@100ms"


def watching() -> Watchdog:
    watchdog = Watchdog()
    watchdog.acknowledged(DEPTH, Channel.DEPTH, 0)
    return watchdog


def test_first_data_are_due_after_the_ack() -> None:
    watchdog = watching()
    assert watchdog.alarms(LIMIT - 1) == []
    assert watchdog.alarms(LIMIT) == [Alarm(DEPTH, 0, "resubscribe")]


def test_data_put_the_alarm_off() -> None:
    watchdog = watching()
    watchdog.data(DEPTH, LIMIT - 1)
    assert watchdog.alarms(LIMIT) == []
    assert watchdog.alarms(2 * LIMIT - 1) == [Alarm(DEPTH, LIMIT - 1, "resubscribe")]


def test_data_of_another_stream_do_not() -> None:
    watchdog = watching()
    watchdog.acknowledged("btcusdt@trade", Channel.TRADE, 0)
    watchdog.data("btcusdt@trade", LIMIT - 1)
    assert [alarm.stream for alarm in watchdog.alarms(LIMIT)] == [DEPTH]


def test_silence_after_the_resubscription_means_reconnect() -> None:
    watchdog = watching()
    watchdog.alarms(LIMIT)
    watchdog.acknowledged(DEPTH, Channel.DEPTH, LIMIT + SECOND_NS)  # acks are no data
    assert watchdog.alarms(2 * LIMIT - 1) == []
    assert watchdog.alarms(2 * LIMIT) == [Alarm(DEPTH, 0, "reconnect")]


def test_data_after_the_resubscription_end_the_matter() -> None:
    watchdog = watching()
    watchdog.alarms(LIMIT)
    watchdog.data(DEPTH, LIMIT + 1)
    assert watchdog.alarms(2 * LIMIT) == []
    assert watchdog.alarms(2 * LIMIT + 1) == [Alarm(DEPTH, LIMIT + 1, "resubscribe")]


def test_a_market_that_stays_quiet_costs_few_reconnections() -> None:
    watchdog = Watchdog()
    reconnects = 0
    for now_ns in range(0, 3600 * SECOND_NS, SECOND_NS):
        watchdog.acknowledged(DEPTH, Channel.DEPTH, now_ns)
        if any(alarm.step == "reconnect" for alarm in watchdog.alarms(now_ns)):
            reconnects += 1
            watchdog.disconnected()
    assert 0 < reconnects <= 3600 * SECOND_NS // RECONNECT_APART_NS


def test_nothing_is_due_while_disconnected() -> None:
    watchdog = watching()
    watchdog.disconnected()
    watchdog.data(DEPTH, 1)
    assert watchdog.alarms(100 * LIMIT) == []
