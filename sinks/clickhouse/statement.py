"""What a statement is, from its tokens: its first word, where INSERT data begins, the format it names.

The tokens follow ClickHouse's lexer (src/Parsers/Lexer.cpp) as far as these questions need it. Nothing that must hold
against a hostile query rests on this file: see `guard`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""(?P<blank>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>'(?:[^'\\]|\\.|'')*(?:'|\Z))
    |(?P<quoted>"(?:[^"\\]|\\.|"")*(?:"|\Z)|`(?:[^`\\]|\\.|``)*(?:`|\Z))
    |(?P<word>[A-Za-z_][A-Za-z0-9_$]*)
    |(?P<other>[0-9][0-9A-Za-z_.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_AFTER_FORMAT = re.compile(rb"[ \t\f]*\r?\n?")


class Token(NamedTuple):
    """One token that is not blank."""

    kind: str  # text, quoted, word, other
    value: bytes  # words in upper case
    end: int
    depth: int  # of parentheses around it


class Statement(NamedTuple):
    """A statement, taken apart."""

    verb: str  # first word, upper case; "" where there is none
    text: str  # without INSERT data and, for an INSERT with data, without the FORMAT clause
    format: str | None  # named in a FORMAT clause
    data_start: int | None  # where INSERT data begins; None: takes none
    ends: int  # semicolons before the end
    words: frozenset[str]  # all bare words, upper case


def tokens(text: bytes) -> Iterator[Token]:
    """Tokens of a statement without blanks and comments."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, value = str(match.lastgroup), match.group()
        if kind == "blank":
            continue
        depth -= value == b")" and depth > 0
        yield Token(kind, value.upper() if kind == "word" else value, match.end(), depth)
        depth += value == b"("


def parse(text: bytes) -> Statement:
    """Take a statement apart; INSERT data may follow it.

    >>> parse(b"INSERT INTO t (a) FORMAT CSV\\n1").data_start, parse(b"select 1 format JSON").format
    (29, 'JSON')
    """
    first = next((token for token in tokens(text) if token.value not in (b"(", b";")), None)
    if first is None or first.kind != "word":
        return Statement("", text.decode("utf-8", "replace"), None, None, 0, frozenset())
    return _insert(text) if first.value == b"INSERT" else _query(text, first.value)


def _insert(text: bytes) -> Statement:
    words: set[str] = set()
    before = b""
    for token in tokens(text):
        if token.depth and before == b"(" and token.value in (b"SELECT", b"WITH"):
            return _query(text, b"INSERT")
        if token.depth or token.kind == "text":
            before = token.value
            continue
        if before == b"FORMAT":
            start = _AFTER_FORMAT.match(text, token.end)
            assert start is not None
            began = token.end - len(token.value)
            return _with_data(text[: began - 1], words, text[began : token.end], start.end())
        if token.kind == "word":
            words.add(token.value.decode())
            if token.value == b"VALUES" and before not in (b"INTO", b"TABLE", b"FUNCTION", b"."):
                return _with_data(text[: token.end - 6], words, b"Values", token.end)
            if token.value in (b"SELECT", b"WITH", b"WATCH", b"FROM") and before != b"FUNCTION":
                return _query(text, b"INSERT")
        before = token.value
    return Statement("INSERT", _decoded(text).rstrip(" ;\n\t"), None, len(text), 0, frozenset(words))


def _with_data(head: bytes, words: set[str], form: bytes, start: int) -> Statement:
    clean = re.sub(rb"(?i)\bFORMAT\s*$", b"", head)
    return Statement("INSERT", _decoded(clean), form.decode(), start, 0, frozenset(words))


def _query(text: bytes, verb: bytes) -> Statement:
    words: set[str] = set()
    form: str | None = None
    before = b""
    ends = pending = 0
    for token in tokens(text):
        if token.value == b";" and not token.depth:
            pending += 1
        else:
            ends, pending = ends + pending, 0
        if token.kind == "word":
            words.add(token.value.decode())
        if before == b"FORMAT" and token.kind == "word" and not token.depth:
            form = text[token.end - len(token.value) : token.end].decode()
        elif token.kind != "blank" and form is not None and not token.depth and token.value == b"UNION":
            form = None
        before = token.value
    return Statement(verb.decode(), _decoded(text), form, None, ends, frozenset(words))


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
