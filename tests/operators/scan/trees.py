"""Frames that are JSON, but not as the venue writes it: members moved, lost, doubled, renamed, retyped."""

import json
from typing import Any

from tests.operators.scan.mutants import ODD_NUMBERS, Chance

NUMBERS = (
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "0.00",
    "-0",
    "1e-05",
    "1E2",
    "9007199254740993",
    "9223372036854775807",
    "1" * 30,
)
LITERALS = ("true", "false", "null")
TEXTS = (
    "", "0", "snapshot", "update", "delta", "bid", "offer", "buy", "Sell", "BTC-USD", "BTC/USD", "x" * 24, "é", '"',
    "2026-02-29T00:00:00Z", "2024-02-29T23:59:59.999999999Z", "2026-08-09T21:05:48+00:00", "1999-12-31T00:00:00Z",
    "2099-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "1597026383085", *ODD_NUMBERS,
)  # fmt: skip
KEYS = ("new", "data", "type", "ts", "t", "s", "k" * 23, "k" * 24, "symbol", "seqId", "event", "é")


class Written(str):
    """A number as it is written."""

    __slots__ = ()


def tree(frame: bytes) -> Any:
    """A frame as lists: an object is a list of its members."""
    return json.loads(frame, object_pairs_hook=Members, parse_float=Written, parse_int=Written)


class Members(list[tuple[str, Any]]):
    """An object."""


def text(value: Any, comma: str, colon: str) -> str:
    """JSON of a tree."""
    match value:
        case Members():
            inner = comma.join(
                f"{json.dumps(key, ensure_ascii=False)}{colon}{text(of, comma, colon)}" for key, of in value
            )
            return f"{{{inner}}}"
        case list():
            return f"[{comma.join(text(of, comma, colon) for of in value)}]"
        case Written():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def changed(chance: Chance, frame: bytes) -> bytes:
    """A frame with up to three of its objects and arrays changed."""
    found = tree(frame)
    for _ in range(chance.random.choice((0, 1, 1, 1, 2, 3))):
        places = list(_containers(found))
        _change(chance, chance.random.choice(places))
    comma, colon = chance.random.choice(((",", ":"), (",", ":"), (", ", ": "), (",\n ", " :\t")))
    return text(found, comma, colon).encode()


def _containers(value: Any) -> Any:
    if isinstance(value, list):
        yield value
        for of in value:
            yield from _containers(of[1] if isinstance(value, Members) else of)


def _change(chance: Chance, container: list[Any]) -> None:
    """Do one thing to an object or an array."""
    random = chance.random
    what = random.choice(("move", "lose", "double", "retype", "retype", "retype", "add", "turn"))
    if what == "add":
        value = _value(chance)
        container.insert(
            random.randint(0, len(container)), (random.choice(KEYS), value) if isinstance(container, Members) else value
        )
    elif not container:
        return
    elif what == "move":
        random.shuffle(container)
    elif what == "turn":
        container.reverse()
    elif what == "lose":
        del container[random.randrange(len(container))]
    elif what == "double":
        container.insert(random.randint(0, len(container)), random.choice(container))
    else:
        at = random.randrange(len(container))
        container[at] = (container[at][0], _value(chance)) if isinstance(container, Members) else _value(chance)


def _value(chance: Chance) -> Any:
    random = chance.random
    which = random.randint(0, 9)
    if which < 4:
        return random.choice(TEXTS)
    if which < 7:
        return Written(random.choice(NUMBERS))
    if which == 7:
        return Written(random.choice(LITERALS))
    return random.choice(([], Members(), [["1.0", "2"]], ["R"], [Written("0")], Members([("price", Written("1"))])))
