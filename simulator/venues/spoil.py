"""Spoiled bytes: frames whose schema drifted, acknowledgements of something else, frames that no parser likes."""

import re
from collections.abc import Iterable
from random import Random

DEEP = 20_000  # levels of nesting
LONG = 5_000  # digits
FIELD = re.compile(rb'"([A-Za-z_]\w*)":("[^"\\]*"|-?[0-9][-+.0-9eE]*|true|false|null)')
NUMBER = re.compile(rb'(?<=:)"?-?[0-9][-+.0-9eE]*"?(?=[,}\]])')
ID = re.compile(rb'("(?:id|req_id)":"?)(\d+)')
NOVELTY = b'"novelty":{"since":[2026,{"deep":null}],"flag":true},'

HOSTILE = (
    *("deep", "utf8", "nan", "infinite", "huge", "negative", "exponent", "null", "empty", "truncated", "twice"),
    *("binary", "zeros", "surrogate", "scalar", "separator", "array", "claim"),
)


class Rogue:
    """Makes spoiled bytes, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  (repeatable on purpose)

    def drift(self, kind: str, data: bytes) -> bytes:
        """A frame with a field added, removed or retyped; as it was where it has none that fits."""
        if kind == "field_added":
            places = [match.start() + 1 for match in re.finditer(rb'\{(?=")', data)]
            place = self._random.choice(places) if places else 0
            return data[:place] + NOVELTY + data[place:] if places else data
        fields = list(FIELD.finditer(data))
        if kind == "field_retyped":
            fields = [match for match in fields if re.fullmatch(rb'"?-?[0-9][-+.0-9eE]*"?', match[2])]
        if not fields:
            return data
        field = self._random.choice(fields)
        if kind == "field_retyped":
            value = field[2].strip(b'"') if field[2].startswith(b'"') else b'"%b"' % field[2]
            return data[: field.start(2)] + value + data[field.end(2) :]
        end = field.end() + (data[field.end() : field.end() + 1] == b",")
        start = field.start() - (end == field.end() and data[field.start() - 1 : field.start()] == b",")
        return data[:start] + data[end:]

    def other(self, data: bytes, symbols: Iterable[str]) -> bytes:
        """An acknowledgement of another request and of another symbol."""
        data = ID.sub(lambda match: b"%b%d" % (match[1], int(match[2]) + 7_000), data)
        for symbol in symbols:
            for name in (symbol, symbol.lower()):
                data = data.replace(name.encode(), b"NOTHING")
        return data

    def oversized(self, size: int) -> bytes:
        """A JSON object of so many bytes."""
        return b'{"note":"' + b"x" * max(0, size - 11) + b'"}'

    def hostile(self, name: str, sample: bytes) -> tuple[str, bytes]:
        """A frame that no parser likes, made from a good one where that is of use; its name and its bytes."""
        name = name or self._random.choice(HOSTILE)
        return name, self._hostile(name, sample or b'{"price":"1.0","size":"2"}')

    def _hostile(self, name: str, sample: bytes) -> bytes:
        simple = {
            "deep": b"[" * DEEP,
            "empty": b"",
            "binary": bytes(range(256)),
            "zeros": b"\x00" * 64,
            "scalar": b"42",
            "claim": b'{"claims":"64 MB",',
            "array": b'[[],{},[null,[{"ev":7,"T":[]}]]]',
            "surrogate": b'{"text":"\\ud800","channel":"\\udfff"}',
            # What a journal marks its own records with: no venue must be able to forge one.
            "separator": b'\x1e{"record":"silent","stream":"x","symbol":"x","since_ns":0}',
        }
        if name in simple:
            return simple[name]
        if name == "truncated":
            return sample[: max(1, int(len(sample) * self._random.random()))]
        if name == "twice":
            field = FIELD.search(sample)
            return sample[: field.start()] + field[0] + b"," + sample[field.start() :] if field else sample
        if name == "utf8":
            return sample.replace(b":", b":\xff\xfe", 1)
        values = {"nan": b"NaN", "infinite": b"1e999", "huge": b"9" * LONG, "negative": b"-1", "exponent": b"1e-08"}
        value = values.get(name, b"null")
        numbers = list(NUMBER.finditer(sample))
        if not numbers:
            return b'{"price":%b}' % value
        number = self._random.choice(numbers)
        quoted = b'"%b"' % value if number[0].startswith(b'"') and name != "null" else value
        return sample[: number.start()] + quoted + sample[number.end() :]
