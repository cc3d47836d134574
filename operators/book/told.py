"""What is told of messages: rows of `gaps` and of `control`, and which messages are kept for the next snapshot."""

from typing import Any

import numpy as np

from market.batch import Events
from market.clock import SECOND_NS
from market.instrument import InstrumentTable
from market.schema import Flag, Kind
from operators.book.pending import Pending
from operators.book.rows import Verdict
from operators.book.troubles import Troubles
from operators.interruptions import CAPTURE_DOWN, TORN
from venues.venue import Capability

OVERLAP_NS = SECOND_NS  # a book that is crossed for longer is asked for anew, where nothing else tells of a loss

_KEPT = (Verdict.NEAR, Verdict.PENDING, Verdict.GAP, Verdict.EDGE)
_RESET_CAUSES = {
    Flag.SHED: "shed",
    Flag.DISCONNECTED: "disconnected",
    Flag.SILENT: "silent",
    Flag.TICK_CHANGED: "tick_size",
    Flag.MISSED: "sequence",
    Flag.UNREAD: "unread",
    CAPTURE_DOWN: "capture_down",
    TORN: "torn",
}
_CAUSES = {
    Verdict.NEAR: "edge",
    Verdict.GAP: "sequence",
    Verdict.DUPLICATE: "duplicate",
    Verdict.CROSSED: "crossed",
    Verdict.OVERLAP: "crossed",
    Verdict.SOUND: "crossed",
    Verdict.EDGE: "edge",
    Verdict.FULL: "limit",
    Verdict.PENDING: "unsynchronised",
    Verdict.TOO_OLD: "unsynchronised",
    Verdict.CHECKSUM: "checksum",
    Verdict.DOUBTED: "unverifiable",
    Verdict.VERIFIED: "unverifiable",
}


def keep(pending: Pending, events: Events, note: np.void) -> None:
    """Keep a message that a snapshot over REST may need, or forget those kept where a message made them useless."""
    position, verdict = int(note["event"]), int(note["verdict"])
    event = events[position]
    if verdict in _KEPT and event["kind"] == Kind.DEPTH:
        pending.keep(events[position : position + 1 + event["levels"]])
    elif verdict not in (Verdict.NEAR, Verdict.DUPLICATE, Verdict.TOO_OLD):
        pending.forget(int(event["instrument"]))


def tell(
    troubles: Troubles, instruments: InstrumentTable, events: Events, note: np.void, capability: Capability
) -> None:
    """Tell `troubles` what a message meant."""
    verdict, event = int(note["verdict"]), events[int(note["event"])]
    instrument, received = int(event["instrument"]), int(event["receive_time"])
    said = _gap(instruments, event, note)
    # That a book still waits for its snapshot is news only where nothing else is wrong with it.
    waits = verdict in (Verdict.PENDING, Verdict.TOO_OLD) and instrument in troubles.open
    if waits or verdict == Verdict.NEAR:
        troubles.ask(instrument, said)
    elif verdict == Verdict.SETTLED:
        troubles.end(instrument, said)
    elif verdict in (Verdict.SOUND, Verdict.VERIFIED):
        troubles.heal(instrument, said)
    elif verdict == Verdict.DUPLICATE:
        troubles.note(said)
    else:
        troubles.begin(instrument, said)
        if verdict == Verdict.CHECKSUM:
            troubles.count(instrument, received)
        if _wants_help(verdict, event, note, capability):
            troubles.ask(instrument, said)


def _wants_help(verdict: int, event: np.void, note: np.void, capability: Capability) -> bool:
    """Whether a new snapshot would help against what has begun."""
    if verdict == Verdict.OVERLAP:
        blind = capability.detection == "none" and event["kind"] != Kind.PICTURE
        return bool(blind and event["receive_time"] - note["since"] > OVERLAP_NS)
    return bool(verdict not in (Verdict.RESET, Verdict.DOUBTED) and event["kind"] != Kind.PICTURE)


def _gap(instruments: InstrumentTable, event: np.void, note: np.void) -> dict[str, Any]:
    """A row of `gaps` about one message, but for its state."""
    verdict = Verdict(int(note["verdict"]))
    return {
        "instrument": instruments[int(event["instrument"])].symbol,
        "receive_time": int(event["receive_time"]),
        "channel": "depth",
        "cause": _cause(verdict, int(event["flags"])),
        "start_time": int(note["since"]),
        "expected_sequence": int(note["expected"]),
        "received_sequence": int(event["previous"] if verdict == Verdict.GAP else event["sequence"]),
        "frame": int(event["frame"]),
    }


def _cause(verdict: Verdict, flags: int) -> str:
    """The `cause` of a gaps row."""
    for flag, cause in _RESET_CAUSES.items():
        if verdict == Verdict.RESET and flags & flag:
            return cause
    return _CAUSES.get(verdict, "unsynchronised")
