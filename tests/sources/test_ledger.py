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
