"""When a delivery that failed is tried again: the schedule of the Standard Webhooks, ten attempts over three days.

Every pause is lengthened by up to a tenth, so that deliveries that failed together do not come back together. How much
is a function of the delivery's id and the attempt, not of chance: a test and an auditor find the same times.
"""

import hashlib
from email.utils import parsedate_to_datetime
from math import isfinite

from market.clock import SECOND_NS
from sinks.webhook.limits import RETRY_AFTER_S

MINUTE_S, HOUR_S = 60, 3_600
DELAYS_S = (
    *(0, 5, 5 * MINUTE_S, 30 * MINUTE_S),
    *(2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S),
)
ATTEMPTS = len(DELAYS_S)
SPREAD = 0.1


def next_due_ns(webhook_id: str, failed: int, now_ns: int, retry_after_s: float = 0.0) -> int | None:
    """When to try again after so many failed attempts (1, 2, …); None: never.

    >>> [(next_due_ns("msg_a", failed, 0) or 0) // SECOND_NS for failed in (1, 2, 3, 10)]
    [5, 300, 1872, 0]
    """
    if failed >= ATTEMPTS:
        return None
    delay_s = DELAYS_S[failed] * (1 + SPREAD * share_of(webhook_id, failed))
    return now_ns + round(max(delay_s, min(retry_after_s, RETRY_AFTER_S)) * SECOND_NS)


def share_of(webhook_id: str, attempt: int) -> float:
    """A number from 0 up to 1 that belongs to this attempt."""
    digest = hashlib.sha256(f"{webhook_id}|{attempt}".encode()).digest()
    return int.from_bytes(digest[:6]) / (1 << 48)


def retry_after_s(text: str, now_ns: int) -> float:
    """What a Retry-After header asks for, from 0 to a day; 0 where it says nothing that is understood.

    >>> retry_after_s("120", 0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", 0), retry_after_s("soon", 0)
    (120.0, 60.0, 0.0)
    """
    try:
        asked = float(text) if text.strip().isdigit() else _until(text) - now_ns / SECOND_NS
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    return min(max(asked, 0.0), float(RETRY_AFTER_S)) if isfinite(asked) else 0.0


def _until(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()
