"""`Questions`: reading from a store over HTTP. Every question is a GET: a store answers it and changes nothing.

Values go beside the statement as parameters; answers come as Arrow, whole, so that a question must be bounded.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pyarrow as pa

from market.errors import StoreError

ANSWER_S = 600.0
SETTINGS = {
    "default_format": "ArrowStream",
    "wait_end_of_query": "1",  # trouble in the middle is an error, never half an answer
    "max_execution_time": str(int(ANSWER_S)),
    "max_threads": "2",  # the flows write meanwhile
    "max_bytes_before_external_sort": str(256 << 20),
}
Value = str | int | list[str] | list[int]


class TooLargeError(StoreError):
    """The answer is larger than the store gives; ask for fewer rows."""


class Questions:
    """To one store, by its DSN."""

    def __init__(self, dsn: str) -> None:
        url = urlsplit(dsn)
        port = url.port or (8443 if url.scheme == "https" else 8123)
        self._client = httpx.Client(
            base_url=f"{url.scheme}://{url.hostname}:{port}/",
            auth=(unquote(url.username or "default"), unquote(url.password or "")),
            params={"database": url.path.strip("/") or "barograph", **SETTINGS},
            timeout=ANSWER_S,
            trust_env=False,
        )

    def ask(self, sql: str, **values: Value) -> pa.Table:
        """The answer to a statement with {name:Type} for each of the values. Raises StoreError."""
        named: dict[str, Any] = {f"param_{name}": _text(value) for name, value in values.items()}
        try:
            answer = self._client.get("", params={"query": sql, **named})
        except httpx.HTTPError as error:
            raise StoreError(f"the store does not answer: {error}") from error
        if answer.status_code != 200:
            said = answer.text.strip()
            if said.startswith(TOO_LARGE):
                raise TooLargeError(said)
            raise StoreError(said or f"the store answers {answer.status_code}")
        if not answer.content:
            raise StoreError("the store gave an empty answer")
        return pa.ipc.open_stream(answer.content).read_all()

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


TOO_LARGE = ("Code: 396", "Code: 241")


def quoted(name: str) -> str:
    """A name as an identifier. Names come from the store itself, or from our own files."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(value: Value) -> str:
    """A value as ClickHouse reads a parameter.

    >>> _text("a\\tb"), _text(3), _text(["it's", "b"])
    ('a\\\\tb', '3', "['it\\\\'s','b']")
    """
    if isinstance(value, list):
        return "[" + ",".join(_literal(one) for one in value) + "]"
    return _escaped(value) if isinstance(value, str) else str(value)


def _literal(value: str | int) -> str:
    return "'" + _escaped(value).replace("'", "\\'") + "'" if isinstance(value, str) else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
