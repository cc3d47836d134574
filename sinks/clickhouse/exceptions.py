"""ClickHouse's exceptions as its HTTP interface tells them: code, status, text.

Status by code: ClickHouse, src/Server/HTTP/exceptionCodeToHTTPStatus.cpp.
"""

import re

BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
SYNTAX_ERROR = 62
UNKNOWN_COMPRESSION_METHOD = 89
READONLY = 164
TOO_MANY_SIMULTANEOUS_QUERIES = 202
QUERY_IS_TOO_LARGE = 229
INTO_OUTFILE_NOT_ALLOWED = 358
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

_STATUS = {
    **dict.fromkeys((6, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 167, 168, 223, 321, 376, 427), 400),
    194: 401,
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511), 404),
    159: 408,
    381: 411,
    229: 413,
    48: 501,
    **dict.fromkeys((76, 209, 439, TOO_MANY_SIMULTANEOUS_QUERIES), 503),
}
_NAMES = {
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_COMPRESSION_METHOD: "UNKNOWN_COMPRESSION_METHOD",
    READONLY: "READONLY",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    QUERY_IS_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    INTO_OUTFILE_NOT_ALLOWED: "INTO_OUTFILE_NOT_ALLOWED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    UNKNOWN_EXCEPTION: "UNKNOWN_EXCEPTION",
}
_CODE = re.compile(r"Code: (\d+)\. ")
_TWICE = re.compile(r"^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+")


class QueryError(Exception):
    """A statement that ClickHouse, or the store in its place, refused; the text is what a client is shown."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def status(self) -> int:
        """HTTP status that ClickHouse gives for this code."""
        return _STATUS.get(self.code, 500)


def refused(code: int, reason: str) -> QueryError:
    """An exception of the store's own, worded like one of the engine's."""
    return QueryError(code, f"Code: {code}. DB::Exception: {reason} ({_NAMES[code]})")


def from_engine(error: Exception) -> QueryError:
    """What chDB raised, without the words that chDB's Python layer puts around it.

    >>> from_engine(RuntimeError("Streaming query failed: Code: 60. DB::Exception: Table x does not exist.")).status
    404
    """
    text = str(error)
    found = _CODE.search(text)
    if found is None:
        return QueryError(UNKNOWN_EXCEPTION, f"Code: {UNKNOWN_EXCEPTION}. DB::Exception: {text} (UNKNOWN_EXCEPTION)")
    return QueryError(int(found.group(1)), _TWICE.sub(r"\1", text[found.start() :].strip()))
