"""Frames to tell the two ways of reading apart: made from nothing, and made of good frames by breaking them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

SYMBOLS = ("BTCUSDT", "ETHUSDT", "ETHUSD_PERP", "A", "ODDUSDT", "X" * 23, "BTCUSD", "")
KINDS = {
    "depth@100ms": "depthUpdate", "bookTicker": "bookTicker", "trade": "trade", "aggTrade": "aggTrade",
    "markPrice@1s": "markPriceUpdate",
}  # fmt: skip
BITS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\t", b"\x00", b"\x1e", b"\x7f", b"\x80", b"\xff",
    b"0", b"9", b".", b"-", b"+", b"e", b"E9", b"1e999", b"null", b"true", b"false", b"nan", b"\\u0000", b"\\u0065",
    b'"u":1,', b'"e":"trade",', b'"s":"ETHUSDT",', b'"new":1,', b'"new":{},', b'"a":[],', b'"lastUpdateId":5,',
    b'"stream":"x@depth",', b'"data":{},', b'"code":"x",', b'[["1.0","2"]]', b'["1.0","2"],', b"9" * 18, b"9" * 19,
    b"9" * 30, b"0" * 9, b"9223372036854775807", b"9007199254740993", b"\xc3\xa9", b'""',
]  # fmt: skip
REPLY = ("code", "msg", "id", "result", "error", "stream", "lastUpdateId")  # keys of frames about the connection
ODD_NUMBERS = [
    "", "-1.5", "1e3", "1.", ".5", "00.5", "01", "1.5.5", "nan", "inf", " 1", "1 ", "-0", "-0.0", "1_000", "0x1", "1E5",
    "+1", "1.5e-3", "½",
]  # fmt: skip


@dataclass
class Chance:
    """Chance that, for one frame at a time, does what is usual or also what is odd."""

    random: Random
    is_odd: bool = False

    def odd(self, share: float) -> bool:
        return self.is_odd and self.random.random() < share


def digits(chance: Chance, most: int) -> str:
    return "".join(chance.random.choice("0123456789") for _ in range(chance.random.randint(1, most)))


def number(chance: Chance) -> str:
    """A decimal text, mostly as venues write it."""
    if chance.odd(0.1):
        return chance.random.choice([*ODD_NUMBERS, digits(chance, 30), f"{digits(chance, 19)}.{digits(chance, 19)}"])
    if chance.odd(0.1):
        return f"{chance.random.choice(('0', str(chance.random.randint(0, 10**12))))}.{digits(chance, 18)}"
    places = chance.random.choice((0, 1, 1, 2, 3, 8))
    text = f"{chance.random.randint(0, 10 ** chance.random.randint(1, 9))}.{chance.random.randint(0, 9)}{'0' * 9}"
    return text[: text.index(".") + (places + 1 if places else 0)]


def size(chance: Chance) -> str:
    """A decimal text, at times of as many digits as a float can just hold, or not."""
    if chance.random.random() < 0.9:
        return number(chance)
    raw = str(chance.random.choice((chance.random.randint(10**14, 10**18), 2**53 + chance.random.randint(-2, 2))))
    point = chance.random.randint(1, len(raw) - 1)
    return chance.random.choice((raw, f"{raw[:point]}.{raw[point:]}", f"0.{raw}"))


def whole(chance: Chance) -> Any:
    if chance.odd(0.15):
        odd = (-1, 2**53 + 1, 10**17, 10**18 - 1, 10**18, 2**63 - 1, 2**63, 1.0, 1.5, "5", None, True, "", [], 10**30)
        return chance.random.choice(odd)
    return chance.random.choice(
        (1_680_652_800_016, 1_700_000_000_000_001, chance.random.randint(0, 10**13), chance.random.randint(0, 9))
    )


def stamp(chance: Chance) -> Any:
    return whole(chance) if chance.is_odd else chance.random.choice((1_680_652_800_016, 1_700_000_000_000_001, 0))


def levels(chance: Chance) -> Any:
    if chance.odd(0.04):
        return chance.random.choice(
            ([[]], [["1"]], [["1.0", "2", "3"]], [[1.0, 2.0]], {}, None, "x", [["1.0", "2"], []])
        )
    return [[number(chance), size(chance)] for _ in range(chance.random.choice((0, 1, 2, 5)))]


def message(chance: Chance, stream: str) -> dict[str, Any]:
    """The keys of a kind of message; at times some are missing, or more than needed, or have another's value."""
    text = {key: number(chance) for key in "pP"} | {key: size(chance) for key in "qi"}
    found: dict[str, Any] = {
        "e": KINDS[stream],
        "E": stamp(chance),
        "T": stamp(chance),
        "s": chance.random.choice(SYMBOLS[:4]),
    }
    if stream.startswith("depth"):
        first = whole(chance)
        last = first + chance.random.randint(0, 9) if type(first) is int and not chance.odd(0.1) else whole(chance)
        found |= {"U": first, "u": last, "pu": whole(chance), "b": levels(chance), "a": levels(chance)}
    elif stream == "bookTicker":
        found |= {"u": whole(chance)} | {key: number(chance) for key in "ba"} | {key: size(chance) for key in "BA"}
    elif stream == "markPrice@1s":
        found |= {key: text[key] for key in "pPi"} | {"r": chance.random.choice(("", "-0.00012", size(chance)))}
    else:
        found |= {"t" if stream == "trade" else "a": whole(chance), "p": text["p"], "q": text["q"]}
        found |= {"m": chance.random.random() < 0.5}
        found |= {"X": chance.random.choice(("MARKET", "ADL", ""))} if chance.random.random() < 0.5 else {}
    if chance.odd(0.2):
        found.pop(chance.random.choice(list(found)))
    if chance.odd(0.2):
        found[chance.random.choice(("s", "e", "X"))] = chance.random.choice((*SYMBOLS, "MARKET", "trade", 5, None))
    if chance.random.random() < 0.3:
        new = chance.random.choice(
            ("st", "ps", "M", "new", "k" * 15, "k" * 16, "é", "data", "u2", *REPLY) if chance.is_odd else ("st", "new")
        )
        odd = (1e300, {}, [1], "é", 10**25, 1e-7)
        found[new] = chance.random.choice((1, -1.5, "text", "", True, None, "x:y", *(odd if chance.is_odd else ())))
    if chance.random.random() < 0.3:
        found = dict(chance.random.sample(list(found.items()), len(found)))
    return found


def frame(chance: Chance, futures: bool) -> bytes:
    """One message in an envelope or without, in one of the ways to write JSON."""
    chance.is_odd = chance.random.random() < 0.4
    stream = chance.random.choice(list(KINDS))
    body: Any = message(chance, stream)
    if not futures and not chance.odd(0.1):
        body.pop("pu", None)
    if chance.random.random() < 0.9:
        names = ("@", "x", "x@", "x@depth@", f"@{stream}", "é@depth", "btcusdt@kline_1m")
        body = {"stream": chance.random.choice(names) if chance.odd(0.1) else f"btcusdt@{stream}", "data": body}
    elif chance.random.random() < 0.3:
        body.pop("e", None)
    comma, colon = chance.random.choice(((",", ":"), (",", ":"), (", ", ": "), (" ,\t", " :\r\n")))
    text = json.dumps(body, separators=(comma, colon), ensure_ascii=chance.random.random() < 0.5)
    tails = ("", " ", "\r\n", "x", "\0", "{}", ",") if chance.is_odd else ("", " ", "\n")
    return (chance.random.choice(("", "", " ", "\n")) + text + chance.random.choice(tails)).encode()


def broken(chance: Chance, good: bytes, other: bytes) -> bytes:
    """A good frame after one to three accidents; `other` may be spliced in."""
    found = bytearray(good)
    for _ in range(chance.random.choice((1, 1, 1, 2, 3))):
        at = chance.random.randint(0, len(found))
        end = min(len(found), at + chance.random.choice((0, 1, 1, 2, 5, 20)))
        which = chance.random.randint(0, 7)
        if which == 0 and at < len(found):
            found[at] ^= 1 << chance.random.randint(0, 7)
        elif which == 1:
            del found[at:end]
        elif which == 2:
            found[at:at] = found[at:end]
        elif which == 3:
            found[at:end] = chance.random.choice(BITS)
        elif which == 4:
            found[at:at] = chance.random.choice(BITS)
        elif which == 5:
            del found[at:]
        elif which == 6:
            start = chance.random.randint(0, len(other))
            found[at:end] = other[start : start + chance.random.randint(0, 40)]
        else:
            _near_a_sign(chance, found)
    return bytes(found)


def _near_a_sign(chance: Chance, found: bytearray) -> None:
    """Blanks, or a number of other length, right where the grammar looks."""
    places = [place for place, sign in enumerate(found) if sign in b'{}[],:"']
    if places:
        at = chance.random.choice(places) + chance.random.randint(0, 1)
        found[at:at] = chance.random.choice(
            (b" ", b"\n", b"0", b"1", b"-", b"00", digits(chance, 12).encode(), b".", b"\x0b")
        )


def stream(chance: Chance, seeds: list[bytes], *, futures: bool) -> Iterator[bytes]:
    """Frames without end: made, made and cut in two, and broken out of seeds and made ones."""
    while True:
        made = frame(chance, futures)
        yield made
        cut = len(made) - min(len(made), chance.random.randint(0, chance.random.choice((4, 400))))
        yield made[:cut]
        yield made[cut:]
        yield broken(chance, made, chance.random.choice(seeds))
        yield broken(chance, chance.random.choice(seeds), made)
