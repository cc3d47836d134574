"""What the end of a connection means: try again, try again later, banned, or refused for good.

The venue says what refuses for good (`Venue.refuses`); the rest is RFC 6455 (7.4.1), HTTP, and what venues use alike:

| code                          | means                                          | then                                |
|-------------------------------|------------------------------------------------|-------------------------------------|
| 418, 429, 403 of a handshake  | over the limit                                 | banned, as long as it says          |
| 1008 before any data          | the same, said after the handshake             | banned                              |
| 1008 later                    | we broke a rule on this connection             | wait 5 s and more                   |
| 1009                          | a message too large for one of us              | wait 30 s and more: it comes again  |
| 1013                          | try again later                                | wait 5 s and more                   |
| 4005 (OKX), 1011, none        | slow consumer, trouble over there, a cut       | back off                            |
| 401 of a handshake            | our secrets are wrong                          | refused                             |
| other 4xx of a handshake      | what we ask for is not there                   | wait 60 s and more                  |
| 5xx of a handshake            | trouble over there                             | back off                            |
"""

from typing import Literal, NamedTuple

from sources.transport import LostError
from venues.venue import Venue

UNAUTHORIZED = 401
BAN_STATUSES = (403, 418, 429)
POLICY, TOO_BIG, TRY_LATER = 1008, 1009, 1013
RULE_BROKEN_S = 5.0
TOO_BIG_S = 30.0
NOT_THERE_S = 60.0
LOGIN_FAILED_S = 10.0  # an old session of ours may linger at the venue for some seconds


class Verdict(NamedTuple):
    """How to go on after a connection ended."""

    kind: Literal["retry", "banned", "refused"]
    least_s: float = 0.0  # retry: wait no shorter than this
    named_s: float | None = None  # banned: as long as the venue says


class LoginError(LostError):
    """The venue did not let us in this time, and did not refuse for good either."""


class RefusedError(LostError):
    """The venue refuses for good: trying again is of no use."""


def verdict(venue: Venue, error: BaseException, *, had_data: bool) -> Verdict:
    """What the end of a connection means."""
    if isinstance(error, RefusedError):
        return Verdict("refused")
    if not isinstance(error, LostError):
        return Verdict("retry")
    code = error.code
    if code == UNAUTHORIZED or (code and venue.refuses(code, error.reason)):
        return Verdict("refused")
    if code in BAN_STATUSES or (code == POLICY and not had_data):
        return Verdict("banned", named_s=error.retry_after_s)
    return Verdict("retry", max(_least_s(error), error.retry_after_s or 0.0))


def _least_s(error: LostError) -> float:
    if isinstance(error, LoginError):
        return LOGIN_FAILED_S
    if 400 <= error.code < 500:
        return NOT_THERE_S
    return {POLICY: RULE_BROKEN_S, TOO_BIG: TOO_BIG_S, TRY_LATER: RULE_BROKEN_S}.get(error.code, 0.0)
