"""What an HTTP status of Alpaca's trading API means for a request.

Only a plain refusal by the venue refuses. Whatever may have passed it (no answer, a gateway's error, words that we do
not know) leaves the request in doubt, and doubt is lifted by asking, never by sending again.
"""

import msgspec

from venues.alpaca.order_frames import Refusal
from venues.orders import Verb, Verdict

OK, MULTI_STATUS = range(200, 300), 207
UNPROCESSABLE, NOT_FOUND, TOO_MANY = 422, 404, 429
# Bad request, no such key, forbidden (buying power, shares, a suspended account), wrong method, too large, too many
# requests: all said before an order is taken.
REFUSALS = frozenset({400, 401, 403, 405, 406, 411, 413, 414, 415, UNPROCESSABLE, TOO_MANY, 431, 451})
ABOUT_ONE = frozenset({Verb.QUERY, Verb.CANCEL, Verb.CLOSE})  # requests that a missing order or position answers
_DUPLICATE = ("client_order_id must be unique", "client order id must be unique")  # code 40010001
_refusal = msgspec.json.Decoder(Refusal).decode


def refusal(body: bytes) -> Refusal | None:
    """The error that a body tells; None: it is not Alpaca that speaks."""
    try:
        return _refusal(body)
    except msgspec.MsgspecError:
        return None


def verdict(verb: Verb, status: int, body: bytes) -> tuple[Verdict, str]:
    """What it means, and the venue's own words; never raises."""
    if status in OK:
        return Verdict.DONE, ""
    said = refusal(body)
    words = f"{status}: {said.message[:200]}" if said else f"{status}" if status >= 100 else "no answer"
    if status == NOT_FOUND:
        return _not_found(verb, said is not None), words
    if status not in REFUSALS:
        return Verdict.IN_DOUBT, words
    if verb is Verb.PLACE and status == UNPROCESSABLE and (said is None or _taken(said)):
        return Verdict.IN_DOUBT, words
    return Verdict.REFUSED, words


def _not_found(verb: Verb, by_alpaca: bool) -> Verdict:
    """A proxy that finds no server says 404 too, which proves nothing of an order."""
    if not by_alpaca:
        return Verdict.IN_DOUBT
    return Verdict.MISSING if verb in ABOUT_ONE else Verdict.REFUSED


def _taken(said: Refusal) -> bool:
    """The id was used before: an order of that id stands, and asking tells which."""
    return any(words in said.message.lower() for words in _DUPLICATE)
