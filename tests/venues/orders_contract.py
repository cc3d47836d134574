"""What every venue for orders must keep to, whatever its protocol: venues.orders.OrderVenue, said as checks."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import strategies as st

from market.errors import FrameError, VenueError
from market.messages import Approved, Order, OrderUpdate, Side, client_order_id, decode, encode
from venues.orders import Answered, OrderRequest, Verb, Verdict

NOW_MS = 1_764_000_000_000
NOW_NS = NOW_MS * 1_000_000
EXPONENT = re.compile(rb"\d[eE][-+]?\d")
STATUSES = (0, 100, 200, 201, 204, 207, 301, 400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 500, 502, 503, 504, 599)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1e9", "NaN", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Case:
    """A venue, what must never be seen of it, and bodies that it may well get."""

    name: str
    make: Callable[[], Any]
    secrets: tuple[str, ...]
    instruments: tuple[str, ...]
    answers: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    trades: bytes  # a list of one trade
    order_id: str  # of the venue, which it names


def approved(
    venue: Any,
    instrument: str,
    size: float = 1.0,
    price: float = 100.0,
    name: str = "",
    in_force: Literal["gtc", "ioc"] = "gtc",
) -> Approved:
    """An order as risk hands it over."""
    order = Order(
        venue=venue.name,
        instrument=instrument,
        time_ns=NOW_NS,
        client_order_id=name or client_order_id("contract", instrument, 1),
        side=Side.BUY,
        size=size,
        limit_price=price,
        reason="contract",
        time_in_force=in_force,
    )
    return Approved(venue=venue.name, instrument=instrument, time_ns=NOW_NS, order=order, checks={})


def requests(venue: Any, instrument: str) -> list[OrderRequest]:
    """One of each verb that the venue has."""
    name = client_order_id("contract", instrument, 1)
    found = [
        venue.place(approved(venue, instrument), NOW_MS),
        venue.cancel(instrument, name, NOW_MS),
        *venue.cancel_all(NOW_MS),
        venue.query(instrument, name, NOW_MS),
        venue.open_orders(NOW_MS),
        *venue.account_state(NOW_MS),
        venue.fills_since(NOW_MS - 60_000, NOW_MS),
        venue.suspend(True, NOW_MS),
        venue.suspend(False, NOW_MS),
        venue.close(instrument, 1.0, name, NOW_MS),
        venue.stream_key(NOW_MS),
        venue.keep_stream("key", NOW_MS),
    ]
    return [request for request in found if request is not None]


def has_a_request_for_every_verb(case: Case) -> None:
    venue = case.make()
    wanted = set(Verb) - {Verb.STREAM_KEY, Verb.KEEP_STREAM}
    if not venue.capability.suspends:
        wanted -= {Verb.SUSPEND, Verb.LIFT}
    verbs = {request.verb for request in requests(venue, case.instruments[0])}
    assert wanted <= verbs
    assert (venue.suspend(True, NOW_MS) is not None) == venue.capability.suspends
    assert (Verb.KEEP_STREAM in verbs) == (venue.capability.keep_stream_s > 0)


def asks_the_same_of_the_same(case: Case) -> None:
    first, second = (requests(case.make(), instrument) for instrument in [case.instruments[0]] * 2)
    assert first == second


def keeps_ids(case: Case) -> None:
    """Our id goes out with the order, its question and its cancellation, and comes back as it was."""
    venue = case.make()
    for instrument in case.instruments:
        name = client_order_id("contract", instrument, 1)
        placed = venue.place(approved(venue, instrument), NOW_MS)
        asked = venue.query(instrument, name, NOW_MS)
        cancelled = venue.cancel(instrument, name, NOW_MS)
        for request in (placed, asked, cancelled):
            assert (request.client_order_id, request.instrument) == (name, instrument)
            assert name.encode() in request.url.encode() + request.body


def writes_plain_decimals(case: Case) -> None:
    """No exponent stands in a body or an address, and numbers are those that were asked for."""
    venue = case.make()
    for instrument in case.instruments:
        for size, price in ((1e-5, 1e-4), (1e-8, 1e-4), (1e7, 1e6), (0.1, 61_000.5), (123_456.0, 0.01)):
            try:
                request = venue.place(approved(venue, instrument, size, price), NOW_MS)
            except VenueError:
                continue  # the venue cannot take it, which is said in place of a wrong number
            name = request.client_order_id.encode()
            text = re.sub(rb"signature=[0-9a-f]+", b"", (request.url.encode() + request.body).replace(name, b""))
            assert not EXPONENT.search(text), text
            assert b"e-" not in text


def refuses_numbers_that_are_none(case: Case) -> None:
    """NaN, infinity, nothing and less: never on the wire."""
    venue = case.make()
    for number in (float("nan"), float("inf"), 0.0, -1.0):
        for wrong in (
            approved(venue, case.instruments[0], size=number),
            approved(venue, case.instruments[0], price=number),
        ):
            with pytest.raises(VenueError):
                venue.place(wrong, NOW_MS)


def hides_its_secrets(case: Case) -> None:
    venue = case.make()
    printed = [repr(venue), str(venue)]
    for request in requests(venue, case.instruments[0]):
        printed += [repr(request), str(request), f"{request.headers}", request.url, repr(request.body)]
        for status in STATUSES:
            printed.append(repr(venue.answered(request, status, b'{"message":"no"}', NOW_NS)))
    for secret in case.secrets:
        assert [text for text in printed if secret in text] == []


def never_raises_on_an_answer(case: Case, garbage: Any) -> None:
    """Whatever comes, every verb has a verdict, and what is not plainly refused or done is in doubt."""
    venue = case.make()
    bodies = [encoded(garbage), *case.answers, *map(cut, case.answers), b"", b"\xff\xfe", b"<html>502</html>"]
    for request in requests(venue, case.instruments[0]):
        for status in STATUSES:
            for body in bodies:
                sound(request, status, venue.answered(request, status, body, NOW_NS))


def sound(request: OrderRequest, status: int, answered: Answered) -> None:
    """What holds for any answer."""
    assert isinstance(answered.verdict, Verdict)
    assert isinstance(answered.reason, str)
    if status == 0 or status >= 500:
        assert answered.verdict is Verdict.IN_DOUBT
    if answered.verdict is Verdict.DONE:
        assert 200 <= status < 300
    else:
        assert answered.more is None
    if answered.more is not None:
        assert answered.more != request, "the same question again would never end"
        assert answered.more.verb is request.verb
    for message in answered.said:
        assert decode(encode(message)) == message
        if isinstance(message, OrderUpdate) and request.verb in (Verb.PLACE, Verb.QUERY):
            assert message.client_order_id == request.client_order_id


def is_in_doubt_about_what_it_cannot_read(case: Case) -> None:
    """A 200 with half a body, or of somebody else's, may be an order that works."""
    venue = case.make()
    placed = venue.place(approved(venue, case.instruments[0]), NOW_MS)
    for body in (b"", b"{", b"null", b"[]", b"{}", b"<html>ok</html>", *map(cut, case.answers)):
        assert venue.answered(placed, 200, body, NOW_NS).verdict is Verdict.IN_DOUBT


def reads_its_stream_or_says_that_it_cannot(case: Case, garbage: Any) -> None:
    venue = case.make()
    for frame in (encoded(garbage), *case.frames, *map(cut, case.frames), b"", b"\xff\xfe", b"\x82\xa6stream"):
        assert venue.stream_ready(frame) in (True, False, None)
        try:
            said = venue.stream_said(frame, NOW_NS)
        except FrameError:
            continue
        for message in said:
            assert decode(encode(message)) == message
            assert message.account == venue.account


def names_the_order_of_a_listed_trade(case: Case) -> None:
    """By our id, or by the venue's, which its updates bring together with ours."""
    venue = case.make()
    (fill,) = venue.answered(venue.fills_since(NOW_MS - 60_000, NOW_MS), 200, case.trades, NOW_NS).said
    assert (fill.instrument, fill.venue_order_id) == (case.instruments[0], case.order_id)


def has_no_half_of_an_order_socket(case: Case) -> None:
    venue = case.make()
    placed = venue.place(approved(venue, case.instruments[0]), NOW_MS)
    assert (venue.socket_url() is None) == (venue.socket_frame(placed, 1) is None)
    for frame in (b"", b"{", b"[]", b"\xff", *case.frames):
        answer = venue.socket_answer(frame)
        assert answer is None or isinstance(answer.body, bytes)


def cut(body: bytes) -> bytes:
    """The first half of it."""
    return body[: len(body) // 2]


def encoded(garbage: Any) -> bytes:
    """Anything as JSON; what JSON has no word for, as it is printed."""
    try:
        return msgspec.json.encode(garbage)
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
        return repr(garbage).encode(errors="replace")


WITHOUT_LUCK: Iterable[Callable[[Case], None]] = (
    has_a_request_for_every_verb,
    asks_the_same_of_the_same,
    keeps_ids,
    writes_plain_decimals,
    refuses_numbers_that_are_none,
    hides_its_secrets,
    is_in_doubt_about_what_it_cannot_read,
    names_the_order_of_a_listed_trade,
    has_no_half_of_an_order_socket,
)
WITH_GARBAGE: Iterable[Callable[[Case, Any], None]] = (
    never_raises_on_an_answer,
    reads_its_stream_or_says_that_it_cannot,
)
