import json

import venues
from sources.ledger import ACK_TIMEOUT_NS, Ledger
from venues.venue import Reply

STREAMS = ("btcusdt@depth@100ms", "btcusdt@bookTicker", "bad@trade")


def sent(ledger: Ledger, now_ns: int = 0) -> list[dict[str, object]]:
    messages = []
    while (message := ledger.next_message(now_ns)) is not None:
        messages.append(json.loads(message))
    return messages


def subscribed() -> Ledger:
    ledger = Ledger(venues.get("binance-usdm"), STREAMS)
    ledger.subscribe(STREAMS)
    return ledger


def test_desired_streams_are_complete_when_acknowledged() -> None:
    ledger = subscribed()
    assert [message["params"] for message in sent(ledger)] == [list(STREAMS)]
    assert not ledger.complete
    assert ledger.answered(Reply("ack", 1)) == STREAMS
    assert ledger.complete


def test_answer_to_nothing_changes_nothing() -> None:
    ledger = subscribed()
    sent(ledger)
    assert ledger.answered(Reply("ack", 77)) == ()
    assert ledger.answered(Reply("error", None, "who knows")) == ()
    assert not ledger.complete


def test_unanswered_request_is_sent_again_under_a_new_id() -> None:
    ledger = subscribed()
    sent(ledger)
    ledger.repeat_unanswered(ACK_TIMEOUT_NS - 1)
    assert sent(ledger) == []
    ledger.repeat_unanswered(ACK_TIMEOUT_NS)
    assert [message["id"] for message in sent(ledger)] == [2]


def test_one_bad_stream_is_found_and_left_out() -> None:
    ledger = subscribed()
    for _ in range(10):
        for message in sent(ledger):
            bad = "bad@trade" in message["params"]  # type: ignore[operator]
            ledger.answered(Reply("error" if bad else "ack", message["id"], "no such"))  # type: ignore[arg-type]
    assert ledger.refused == {"bad@trade"}
    assert ledger.acknowledged == set(STREAMS[:2])
    assert ledger.complete


def test_renewal_ends_and_begins_the_subscription() -> None:
    ledger = subscribed()
    sent(ledger)
    ledger.renew(STREAMS[:1])
    assert [message["method"] for message in sent(ledger)] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_a_stream_that_is_gone_from_the_whole_set_is_asked_for_again() -> None:
    ledger = subscribed()
    sent(ledger)
    assert set(ledger.answered(Reply("ack", streams=STREAMS, whole=True))) == set(STREAMS)
    assert ledger.answered(Reply("ack", streams=STREAMS[1:], whole=True)) == ()
    ledger.repeat_unanswered(ACK_TIMEOUT_NS)
    assert [message["params"] for message in sent(ledger)] == [[STREAMS[0]]]


def test_an_answer_by_names_settles_only_those() -> None:
    ledger = subscribed()
    sent(ledger)
    assert ledger.answered(Reply("ack", 1, streams=(STREAMS[1], "never@asked"))) == (STREAMS[1],)
    ledger.repeat_unanswered(ACK_TIMEOUT_NS)
    assert [message["params"] for message in sent(ledger)] == [[STREAMS[0], STREAMS[2]]]


def test_an_error_that_names_its_stream_needs_no_halving() -> None:
    ledger = subscribed()
    sent(ledger)
    ledger.answered(Reply("error", 1, "no such", streams=("bad@trade",)))
    assert ledger.take_refusals() == [("bad@trade", "no such")]
    assert ledger.take_refusals() == []
    ledger.repeat_unanswered(ACK_TIMEOUT_NS)
    assert [message["params"] for message in sent(ledger)] == [list(STREAMS[:2])]


def test_the_end_of_a_subscription_is_not_taken_for_its_beginning() -> None:
    ledger = subscribed()
    sent(ledger)
    ledger.answered(Reply("ack", 1))
    ledger.renew(STREAMS[:1])
    sent(ledger)
    assert ledger.answered(Reply("ack", 2)) == ()
    assert STREAMS[0] not in ledger.acknowledged
    assert ledger.answered(Reply("ack", 3)) == STREAMS[:1]


def test_waits_for_an_answer_double_and_what_stays_without_one_is_told() -> None:
    ledger = subscribed()
    sent(ledger)
    assert ledger.repeat_unanswered(ACK_TIMEOUT_NS) == []
    sent(ledger, ACK_TIMEOUT_NS)
    assert ledger.repeat_unanswered(3 * ACK_TIMEOUT_NS - 1) == []
    assert ledger.next_ns() == 3 * ACK_TIMEOUT_NS
    assert ledger.repeat_unanswered(3 * ACK_TIMEOUT_NS) == list(STREAMS)


def test_data_are_an_answer_where_none_came() -> None:
    ledger = subscribed()
    assert not ledger.gave_data(STREAMS[0]), "not asked for yet"
    sent(ledger)
    assert ledger.gave_data(STREAMS[0])
    assert not ledger.gave_data(STREAMS[0])
    assert ledger.answered(Reply("ack", 1)) == STREAMS[1:]


def test_an_error_is_an_answer_too() -> None:
    ledger = subscribed()
    sent(ledger)
    ledger.answered(Reply("error", 1, "too fast"))
    assert len(sent(ledger)) == 2
    assert ledger.repeat_unanswered(ACK_TIMEOUT_NS) == [], "nothing went without an answer twice"
    assert sent(ledger)[0]["params"] == list(STREAMS)
