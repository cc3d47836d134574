"""A fault script: what a venue shall do wrong, when, for how long, and to which stream.

A script is a list of Fault, written by hand, read from a TOML or JSON file, or drawn at random. Times are seconds from
the opening of the desk. A fault of frames counts them (`count`), one of states lasts (`for_s`).

    [[fault]]
    kind = "drop"            # the next two frames of that stream
    at_s = 12.5
    stream = "book:BTC/USD"
    count = 2

    [[fault]]
    kind = "ban"             # HTTP 418 to everybody for a minute
    at_s = 30
    for_s = 60
    value = 418
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any

from simulator.venues.spoil import HOSTILE

FOREVER_S = 1e9
NOTICES = ("shutdown", "maintenance", "back", "halt", "resume")

# What each kind does, and what it reads besides at_s and stream.
KINDS = {
    "drop": "the next `count` frames are not sent",
    "gap": "the same, 10 frames unless told",
    "duplicate": "the next `count` frames are sent twice",
    "reorder": "the next `count` frames are sent after the one that follows each",
    "ghost": "the next `count` removals of a level are not told",
    "late": "snapshots come `value` seconds late, for_s",
    "drip": "everything comes `value` seconds late, for_s; on a socket byte by byte",
    "split": "on a socket, frames come in pieces of a byte, for_s",
    "mute": "streams say nothing, for_s",
    "half_open": "connections fall silent for good and read nothing",
    "close": "connections are closed with code `value` and reason `text`; 1006 is a cut",
    "refuse": "HTTP status `value` (429) to connections and requests, for_s; `text`: only to connect, or get",
    "ban": "the same (418), and connections are cut",
    "stale": "REST books are as they were when it began, for_s",
    "skew": "the venue's clock is wrong by `value` seconds, for_s",
    "field_added": "the next `count` frames have a field more",
    "field_removed": "the next `count` frames have a field less",
    "field_retyped": "in the next `count` frames a number is a string, or a string a number",
    "hostile": "`count` frames that no parser likes; `text` names one: " + ", ".join(HOSTILE),
    "oversized": "a frame of `value` bytes",
    "wrong_ack": "the next `count` acknowledgements are of something else",
    "no_ack": "the next `count` acknowledgements are not sent",
    "ack_silence": "the next `count` subscriptions are acknowledged and stay silent",
    "bad_symbol": "the symbol that `stream` names is unknown, for_s",
    "login_refused": "no key is accepted, for_s",
    "notice": "`text` is announced: " + ", ".join(NOTICES),
}
COUNTED = (
    *("drop", "gap", "duplicate", "reorder", "ghost", "field_added", "field_removed", "field_retyped"),
    *("hostile", "wrong_ack", "no_ack", "ack_silence"),
)
MOMENTS = ("half_open", "close", "hostile", "oversized", "notice")  # they happen and are over
DEFAULTS = {"refuse": 429.0, "ban": 418.0, "close": 1006.0, "oversized": float(1 << 21), "late": 2.0, "drip": 1.0}
CLOSE_CODES = (1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 4005)
DRAWN = tuple(kind for kind in KINDS if kind not in ("ghost", "bad_symbol", "login_refused"))  # they need a choice


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. Raises ValueError for what makes no sense."""

    kind: str
    at_s: float = 0.0
    for_s: float = FOREVER_S
    stream: str = ""  # which streams, with * and ?; empty: every one
    count: int = 0  # 0: 10 for a gap, else 1
    value: float | None = None
    text: str = ""
    address: str = ""  # whose connections; empty: everybody's

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is unknown; the kinds are {', '.join(KINDS)}")
        if self.at_s < 0 or self.for_s < 0 or self.count < 0:
            raise ValueError(f"a fault of kind {self.kind} has a negative time or count")
        if not all(isfinite(number) for number in (self.at_s, self.for_s, self.value or 0.0)):
            raise ValueError(f"a fault of kind {self.kind} has a time or value that is not finite")
        if self.kind == "notice" and self.text not in NOTICES:
            raise ValueError(f"a notice is {', '.join(NOTICES)}, not {self.text!r}")
        if self.kind == "hostile" and self.text and self.text not in HOSTILE:
            raise ValueError(f"there is no hostile frame {self.text!r}; there are {', '.join(HOSTILE)}")

    @property
    def number(self) -> float:
        """The value, or what the kind has without one."""
        return DEFAULTS.get(self.kind, 1.0) if self.value is None else self.value

    @property
    def frames(self) -> int:
        """How many frames it hits."""
        return self.count or (10 if self.kind == "gap" else 1)

    def hits(self, stream: str) -> bool:
        """Whether a stream is meant."""
        return not self.stream or fnmatchcase(stream, self.stream)


def read_script(path: Path) -> list[Fault]:
    """The faults of a TOML file (`[[fault]]` tables) or of a JSON file (a list, or an object with the list `fault`).

    Raises ValueError with the number of the fault that makes no sense, and OSError.
    """
    text = path.read_text()
    found: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    rows = found.get("fault", []) if isinstance(found, dict) else found
    if not isinstance(rows, list) or (isinstance(found, dict) and set(found) - {"fault"}):
        raise ValueError(f"{path} holds no list of faults: write [[fault]] tables")
    return [_fault(number, row) for number, row in enumerate(rows, 1)]


def _fault(number: int, row: object) -> Fault:
    known = [item.name for item in fields(Fault)]
    if not isinstance(row, dict) or "kind" not in row or not set(row) <= set(known):
        raise ValueError(f"fault {number} must name a kind and no other words than {', '.join(known)}")
    for name, value in row.items():
        words = name in ("kind", "stream", "text", "address")
        if isinstance(value, bool) or not isinstance(value, str if words else int if name == "count" else int | float):
            wanted = "a text" if words else "a whole number" if name == "count" else "a number"
            raise ValueError(f"fault {number}: {name} is {value!r}, which is not {wanted}")
    try:
        return Fault(**row)
    except ValueError as error:
        raise ValueError(f"fault {number}: {error}") from error


def draw_script(
    seed: int,
    *,
    faults: int,
    until_s: float,
    streams: Sequence[str] = ("",),
    kinds: Sequence[str] = DRAWN,
    after_s: float = 2.0,
) -> list[Fault]:
    """A random script, the same for the same seed: so many faults, all of them over at `until_s`.

    `streams` are what a fault may be about, as Fault.stream has it.
    """
    random = Random(seed)  # noqa: S311  (repeatable on purpose)
    return sorted((_drawn(random, kinds, streams, after_s, until_s) for _ in range(faults)), key=lambda one: one.at_s)


def _drawn(random: Random, kinds: Sequence[str], streams: Sequence[str], after_s: float, until_s: float) -> Fault:
    kind = random.choice(kinds)
    at_s = round(random.uniform(after_s, until_s), 3)
    text, value = "", None
    if kind == "notice":
        text = random.choice(NOTICES)
    elif kind == "close":
        value = float(random.choice(CLOSE_CODES))
    elif kind == "skew":
        value = round(random.uniform(-5.0, 5.0), 3)
    elif kind == "refuse":
        value, text = float(random.choice((403, 429, 503))), random.choice(("", "connect", "get"))
    elif kind in ("late", "drip"):
        value = round(random.uniform(0.05, 3.0), 3)
    return Fault(
        kind,
        at_s,
        round(random.uniform(0.0, until_s - at_s), 3),
        random.choice(streams),
        random.choice((1, 1, 1, 2, 5)) if kind in COUNTED else 0,
        value,
        text,
    )
