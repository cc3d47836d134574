"""Answers of Alpaca's trading API: the verdict, what they say, and what is to be asked next.

Everything that is needed for the next page stands in the address of this one, so that nothing is remembered between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from market.clock import MILLISECOND_NS
from market.errors import FrameError
from venues.alpaca import order_frames as frames
from venues.alpaca.order_ids import Ids
from venues.alpaca.order_read import ENDED, Reading, activity, decoded, money, order_update, positions
from venues.alpaca.order_verdicts import MULTI_STATUS, OK, verdict
from venues.orders import Answered, OrderRequest, Verb, Verdict
from venues.times import from_rfc3339

ORDERS_PER_PAGE, ACTIVITIES_PER_PAGE = 500, 100
EARLIEST_MS = 1_420_070_400_000  # 2015, before Alpaca was
LATE_MS = 5 * 86_400_000  # fees and dividends bear the day they are due, and are booked days after
ORDERS, FILLS, MONEY = "/v2/orders", "/v2/account/activities/FILL", "/v2/account/activities"
ACCOUNT = "/v2/account"


@dataclass(frozen=True)
class Context:
    """What reading an answer rests on."""

    reading: Reading
    ids: Ids
    account_number: str  # that the key must belong to; empty: any


def read(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:
    """What an answer means; status 0 is no answer. Never raises: what cannot be read is in doubt."""
    found, words = verdict(request.verb, status, body)
    if found is not Verdict.DONE:
        return Answered(found, reason=words)
    try:
        return READERS[request.verb](request, status, body, context)
    except (FrameError, KeyError, ValueError, RecursionError) as error:
        return Answered(Verdict.IN_DOUBT, reason=f"{status}, and {error}"[:300])


def open_orders_path() -> str:
    """The orders that work, newest first."""
    return _path(ORDERS, {"status": "open", "limit": str(ORDERS_PER_PAGE), "direction": "desc"})


def fills_path(since_ms: int) -> str:
    """The executions since a time, oldest first."""
    return _activities(FILLS, max(since_ms, EARLIEST_MS) - 1)


def rfc3339(time_ms: int) -> str:
    """Milliseconds since 1970 as Alpaca reads times.

    >>> rfc3339(1_558_712_046_977)
    '2019-05-24T15:34:06.977Z'
    """
    whole = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _placed(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:
    return _about_one(request, status, body, context, "answer")


def _asked(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:
    return _about_one(request, status, body, context, "query")


def _about_one(
    request: OrderRequest, status: int, body: bytes, context: Context, origin: Literal["answer", "query"]
) -> Answered:
    order = _learned(decoded(body, frames.Order), context)
    if order.client_order_id != request.client_order_id:
        return Answered(Verdict.IN_DOUBT, reason=f"{status}, about another order, {order.client_order_id[:60]!r}")
    return Answered(Verdict.DONE, (order_update(order, context.reading, origin),))


def _cancelled(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:
    """The end of the order comes by the stream; where its id had to be asked for, `more` is the cancellation."""
    if request.method == "DELETE":
        return Answered(Verdict.DONE)
    found = _asked(request, status, body, context)
    order = decoded(body, frames.Order)
    if found.verdict is not Verdict.DONE or order.status in ENDED:
        return found
    path = f"{ORDERS}/{quote(order.id, safe='')}"
    return found._replace(more=_to(request, path)._replace(method="DELETE"))


def _all_cancelled(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    rows = decoded(body, list[frames.Cancelled]) if status == MULTI_STATUS or body.strip() else []
    left = [row for row in rows if row.status not in OK]
    if left:
        return Answered(Verdict.REFUSED, reason=f"{len(left)} of {len(rows)} orders not cancelled: {left[0].status}")
    return Answered(Verdict.DONE)


def _open_orders(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    """A page; the next goes on a little before the last of this one."""
    rows = [_learned(row, context) for row in decoded(body, list[frames.Order])]
    said = tuple(order_update(row, context.reading, "query") for row in rows)
    if len(rows) < ORDERS_PER_PAGE:
        return Answered(Verdict.DONE, said)
    until_ms = from_rfc3339(rows[-1].submitted_at or "") // MILLISECOND_NS + 1
    return Answered(Verdict.DONE, said, more=_next(request, {"until": rfc3339(until_ms)}))


def _fills(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    """Executions, which name an order by Alpaca's id, then other money."""
    parts = urlsplit(request.url)
    after_ms = from_rfc3339(dict(parse_qsl(parts.query))["after"]) // MILLISECOND_NS
    rows = decoded(body, list[frames.Activity])
    told = (activity(row, context.reading) for row in rows)
    said = tuple(message for message in told if message is not None)
    if len(rows) >= ACTIVITIES_PER_PAGE:
        return Answered(Verdict.DONE, said, more=_next(request, {"page_token": rows[-1].id}))
    if parts.path.endswith(FILLS):
        return Answered(Verdict.DONE, said, more=_to(request, _activities(MONEY, after_ms - LATE_MS)))
    return Answered(Verdict.DONE, said)


def _activities(path: str, after_ms: int) -> str:
    page = {"after": rfc3339(after_ms), "direction": "asc", "page_size": str(ACTIVITIES_PER_PAGE)}
    return _path(path, page if path == FILLS else {"category": "non_trade_activity", **page})


def _account(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    if not urlsplit(request.url).path.endswith(ACCOUNT):
        return Answered(Verdict.DONE, (positions(decoded(body, list[frames.Position]), context.reading),))
    account = decoded(body, frames.Account)
    if context.account_number and account.account_number != context.account_number:
        words = f"the key is of account {account.account_number[:40]}, not of {context.account_number}"
        return Answered(Verdict.REFUSED, reason=words)
    flags = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
    reason = ", ".join(flag for flag in flags if getattr(account, flag))
    return Answered(Verdict.DONE, (money(account, context.reading),), reason)


def _suspended(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    on = decoded(body, frames.Configuration).suspend_trade
    if on == (request.verb is Verb.SUSPEND):
        return Answered(Verdict.DONE)
    return Answered(Verdict.REFUSED, reason=f"{status}, and suspend_trade is still {str(on).lower()}")


def _closed(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    order = _learned(decoded(body, frames.Order), context)
    return Answered(Verdict.DONE, (order_update(order, context.reading, "answer", "closing"),))


def _nothing(request: OrderRequest, status: int, body: bytes, context: Context) -> Answered:  # noqa: ARG001
    return Answered(Verdict.REFUSED, reason=f"Alpaca has no request to {request.verb}")


READERS: Mapping[Verb, Callable[[OrderRequest, int, bytes, Context], Answered]] = {
    Verb.PLACE: _placed,
    Verb.CANCEL: _cancelled,
    Verb.CANCEL_ALL: _all_cancelled,
    Verb.QUERY: _asked,
    Verb.OPEN_ORDERS: _open_orders,
    Verb.ACCOUNT: _account,
    Verb.FILLS: _fills,
    Verb.SUSPEND: _suspended,
    Verb.LIFT: _suspended,
    Verb.CLOSE: _closed,
    Verb.STREAM_KEY: _nothing,
    Verb.KEEP_STREAM: _nothing,
}


def _learned(order: frames.Order, context: Context) -> frames.Order:
    context.ids.learn(order.client_order_id, order.id)
    return order


def _next(request: OrderRequest, changed: Mapping[str, str]) -> OrderRequest:
    """The same list further on; raises FrameError where that is the same page again, which would never end."""
    parts = urlsplit(request.url)
    url = parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **changed})).geturl()
    if url == request.url:
        raise FrameError("a list whose next page is this one")
    return request._replace(url=url)


def _path(path: str, asked: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(asked)}"


def _to(request: OrderRequest, path: str) -> OrderRequest:
    return request._replace(url=request.url.partition("/v2/")[0] + path)
