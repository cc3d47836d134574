"""What the REST answers in a recording say of its venue: books become snapshots, listings the steps of instruments.

An answer is known by the path that the venue's own requests have; host and query may be others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import msgspec

from market import record
from market.errors import OddAnswerError
from sources.listed import listed
from sources.recordings import Answer
from venues.venue import Venue


@dataclass(frozen=True)
class Answers:
    """Judges the answers of one venue."""

    venue: Venue

    def snapshot(self, answer: Answer) -> bytes | None:
        """The record of a full book; None where it is none, or its body no JSON."""
        asked = urlsplit(answer.url)
        symbol = next(iter(parse_qs(asked.query).get("symbol", [])), "")
        request = self.venue.snapshot_request(symbol) if symbol else None
        if request is None or urlsplit(request.url).path != asked.path:
            return None
        try:
            body = msgspec.json.decode(answer.body.encode(), type=msgspec.Raw)
        except msgspec.MsgspecError:
            return None
        return record.encode(record.Snapshot(symbol, body))

    def definitions(self, answers: Iterable[Answer], symbols: Sequence[str]) -> dict[str, record.InstrumentDefined]:
        """Instruments that the listings in a recording tell of."""
        bodies = [answer.body.encode() for answer in answers if self._is_listing(answer, symbols)]
        try:
            found, _ = listed(self.venue, bodies, symbols if bodies else ())  # for others its own texts tell the steps
        except OddAnswerError:
            return {}
        return {defined.symbol: defined for defined in found}

    def _is_listing(self, answer: Answer, symbols: Sequence[str]) -> bool:
        paths = {urlsplit(request.url).path for request in self.venue.metadata_requests(symbols)}
        return urlsplit(answer.url).path in paths
