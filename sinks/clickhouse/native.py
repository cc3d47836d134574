"""ClickHouse's Native format in the revision that a client asks for by `client_protocol_version`.

The engine writes the revision of files: a block is the numbers of columns and rows, and per column name, type, data.
Clients of the wire (clickhouse-go, and so Grafana's data source) read a block info before that and a serialization flag
after each type. To put the flags in, a block is walked column by column, by the sizes that the types imply.

Source: ClickHouse, src/Formats/NativeWriter.cpp, src/Core/BlockInfo.cpp, src/DataTypes/Serializations.
"""

import re
from collections.abc import Generator
from struct import unpack_from

from sinks.clickhouse.exceptions import NOT_IMPLEMENTED, refused

WITH_SERIALIZATION_FLAGS = 54454
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # no overflow rows, no bucket, end
PLAIN = b"\x00"  # not a custom serialization
_WIDTHS = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Date", "Enum16", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "DateTime", "Date32", "IPv4", "Decimal32", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Decimal64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("Int256", "UInt256", "Decimal256"), 32),
}
_INTERVAL_BYTES = 8
_DECIMAL_DIGITS = ((9, 4), (18, 8), (38, 16), (76, 32))
_SAME_AS = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Tuple(Float64, Float64))",
    "LineString": "Array(Tuple(Float64, Float64))",
    "Polygon": "Array(Array(Tuple(Float64, Float64)))",
    "MultiLineString": "Array(Array(Tuple(Float64, Float64)))",
    "MultiPolygon": "Array(Array(Array(Tuple(Float64, Float64))))",
}
_NAMED = re.compile(r"^(?:`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*) (?=[A-Z])")
Pieces = Generator[bytes, None, None]


def with_block_info(pieces: Pieces) -> Pieces:
    """Pieces of whole blocks each, as revision 54454 has them; raises QueryError for types without a known size."""
    try:
        for piece in pieces:
            at = 0
            while at < len(piece):
                block, at = _block(piece, at)
                yield block
    finally:
        pieces.close()


def _block(piece: bytes, at: int) -> tuple[bytes, int]:
    """One block of a piece with info and flags, and where the next one starts."""
    start = at
    columns, at = _number(piece, at)
    rows, at = _number(piece, at)
    parts = [BLOCK_INFO, piece[start:at]]
    for _ in range(columns):
        name_at = at
        _, at = _text(piece, at)
        type_name, at = _text(piece, at)
        data_at = at
        if rows:
            at = _data(piece, _prefix(piece, at, type_name), type_name, rows)
        parts += (piece[name_at:data_at], PLAIN, piece[data_at:at])
    return b"".join(parts), at


def _prefix(piece: bytes, at: int, type_name: str) -> int:
    """Past the versions that LowCardinality columns have before all data, however deep they lie."""
    base, arguments = split_type(type_name)
    if base == "LowCardinality":
        return at + 8
    for argument in arguments if base in ("Array", "Nullable", "Tuple", "Map", "Nested") else ():
        at = _prefix(piece, at, argument)
    return at


def _data(piece: bytes, at: int, type_name: str, rows: int) -> int:
    """Past the data of `rows` values of a type."""
    base, arguments = split_type(type_name)
    if base in _SAME_AS:
        return _data(piece, at, _SAME_AS[base], rows)
    if base == "String":
        return _strings(piece, at, rows)
    if base == "Nullable":
        return _data(piece, at + rows, arguments[0], rows)
    if base == "Tuple":
        for argument in arguments:
            at = _data(piece, at, argument, rows)
        return at if arguments else at + rows
    if base in ("Array", "Map", "Nested"):
        inner = arguments[0] if base == "Array" else f"Tuple({', '.join(arguments)})"
        entries = int(unpack_from("<Q", piece, at + 8 * (rows - 1))[0]) if rows else 0
        return _data(piece, at + 8 * rows, inner, entries) if entries else at + 8 * rows
    if base == "LowCardinality":
        return _dictionary(piece, at, arguments[0], rows)
    return at + rows * _width(base, arguments, type_name)


def _dictionary(piece: bytes, at: int, key_type: str, rows: int) -> int:
    if not rows:
        return at
    index_type, keys = unpack_from("<QQ", piece, at)
    key_base, key_arguments = split_type(key_type)
    at = _data(piece, at + 16, key_arguments[0] if key_base == "Nullable" else key_type, keys)
    return at + 8 + (rows << int(index_type & 0xFF))


def _strings(piece: bytes, at: int, rows: int) -> int:
    for _ in range(rows):
        size = piece[at]
        at += 1
        if size > 127:
            size, at = _number(piece, at - 1)
        at += size
    return at


def _width(base: str, arguments: list[str], type_name: str) -> int:
    if base == "FixedString":
        return int(arguments[0])
    if base == "Decimal":
        return next(width for digits, width in _DECIMAL_DIGITS if int(arguments[0]) <= digits)
    if base.startswith("Interval"):
        return _INTERVAL_BYTES
    if base == "SimpleAggregateFunction":
        inner, inner_arguments = split_type(arguments[1])
        return _width(inner, inner_arguments, type_name)
    if base not in _WIDTHS:
        raise refused(NOT_IMPLEMENTED, f"The store cannot send {type_name} in this revision of Native; cast it first")
    return _WIDTHS[base]


def split_type(type_name: str) -> tuple[str, list[str]]:
    """A type's name and its arguments; names of tuple elements are left out.

    >>> split_type("Map(String, Array(UInt8))"), split_type("Tuple(a UInt8, `b c` String)")
    (('Map', ['String', 'Array(UInt8)']), ('Tuple', ['UInt8', 'String']))
    """
    base, bracket, rest = type_name.partition("(")
    if not bracket:
        return type_name, []
    arguments, depth, current, quote = [], 0, "", ""
    for character in rest[:-1]:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'`":
            quote = character
        depth += (character == "(") - (character == ")") if not quote else 0
        if character == "," and not depth and not quote:
            arguments.append(current.strip())
            current = ""
        else:
            current += character
    arguments += [current.strip()] if current.strip() else []
    named = base in ("Tuple", "Nested")
    return base, [_NAMED.sub("", argument) if named else argument for argument in arguments]


def _number(piece: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = piece[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _text(piece: bytes, at: int) -> tuple[str, int]:
    size, at = _number(piece, at)
    return piece[at : at + size].decode(), at + size
