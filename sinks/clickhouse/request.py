"""One HTTP request as ClickHouse reads it: who asks, what, with which settings, and the body as far as it is needed."""

import uuid
from collections.abc import AsyncIterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple
from urllib.parse import parse_qsl

from sinks.clickhouse.compression import Decompressor
from sinks.clickhouse.exceptions import BAD_ARGUMENTS, NOT_IMPLEMENTED, QUERY_IS_TOO_LARGE, refused
from sinks.clickhouse.limits import BODY_BYTES, FORM_BYTES, MEMORY_BODY_BYTES

# What belongs to the HTTP interface and not to the engine. Sessions, quotas, roles and progress are accepted and
# have no effect here: every request stands alone.
TRANSPORT = frozenset(
    {
        "query", "database", "default_format", "user", "password", "query_id", "wait_end_of_query", "buffer_size",
        "compress", "decompress", "session_id", "session_timeout", "session_check", "quota_key", "role",
        "client_protocol_version", "stacktrace", "close_session", "http_method", "output_format",
        "enable_http_compression", "http_zlib_compression_level", "send_progress_in_http_headers",
        "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
    }
)  # fmt: skip


class Request(NamedTuple):
    """A request without its body."""

    method: str
    headers: Mapping[str, str]  # names in lower case
    parameters: Mapping[str, str]  # of the URL, and of a form

    @property
    def query(self) -> str:
        """The `query` parameter."""
        return self.parameters.get("query", "")

    @property
    def database(self) -> str:
        """Database that unqualified names refer to; "" for the default one."""
        return self.parameters.get("database") or self.headers.get("x-clickhouse-database", "")

    @property
    def query_id(self) -> str:
        """The client's own id of the query, or a new one."""
        return self.parameters.get("query_id") or str(uuid.uuid4())

    @property
    def default_format(self) -> str:
        """Format of a result whose statement names none."""
        return self.parameters.get("default_format") or self.headers.get("x-clickhouse-format") or "TabSeparated"

    @property
    def waits_for_end(self) -> bool:
        """Whether the answer may begin only when the result is complete."""
        return self.parameters.get("wait_end_of_query", "0").lower() in ("1", "true")

    @property
    def accept_encoding(self) -> str:
        """Encodings the answer may have."""
        wanted = self.parameters.get("enable_http_compression", "1").lower() in ("1", "true")
        return self.headers.get("accept-encoding", "") if wanted else ""

    @property
    def protocol_version(self) -> int:
        """Revision of the Native format that the client reads; 0 for that of files."""
        version = self.parameters.get("client_protocol_version", "0")
        return int(version) if version.isdigit() else 0

    @property
    def settings(self) -> dict[str, str]:
        """What is for the engine, unknown names included: it says itself that they are unknown."""
        return {
            name: value
            for name, value in self.parameters.items()
            if name not in TRANSPORT and not name.startswith("param_")
        }

    @property
    def bound(self) -> dict[str, str]:
        """Values of {name:Type} placeholders."""
        return {name[6:]: value for name, value in self.parameters.items() if name.startswith("param_")}


def parse(method: str, headers: Mapping[str, str], query_string: bytes) -> Request:
    """A request from its line and headers; raises QueryError where it asks for what the store cannot do."""
    parameters = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    for name in ("compress", "decompress"):
        if parameters.get(name, "0") in ("1", "true"):
            raise refused(
                NOT_IMPLEMENTED, f"The store does not speak {name}=1; use Accept-Encoding and Content-Encoding"
            )
    return Request(method, headers, parameters)


async def read_body(pieces: AsyncIterator[bytes], request: Request) -> IO[bytes]:
    """The plain body, in memory or, if large, in a temporary file; raises QueryError beyond BODY_BYTES."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    decompressor = Decompressor(encoding) if encoding not in ("", "identity") else None
    body: IO[bytes] = SpooledTemporaryFile(MEMORY_BODY_BYTES)  # noqa: SIM115 the answer closes it
    size = 0
    async for piece in pieces:
        plain = decompressor.piece(piece, BODY_BYTES - size) if decompressor is not None else piece
        size += len(plain)
        if size > BODY_BYTES:
            raise refused(
                QUERY_IS_TOO_LARGE, f"The request body is over the limit of {BODY_BYTES} bytes; send it in parts"
            )
        body.write(plain)
    if decompressor is not None:
        decompressor.end()
    body.seek(0)
    return body


def with_form(request: Request, body: IO[bytes]) -> Request:
    """A multipart form's fields are parameters like those of the URL; the body is then used up."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        return request
    content = body.read(FORM_BYTES + 1)
    if len(content) > FORM_BYTES:
        raise refused(QUERY_IS_TOO_LARGE, f"The form is over the limit of {FORM_BYTES} bytes")
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + content
    )
    if not message.is_multipart():
        raise refused(BAD_ARGUMENTS, "The body is not the form that its Content-Type promises")
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            raise refused(NOT_IMPLEMENTED, "The store takes no external tables")
        payload = part.get_payload(decode=True)
        fields[str(name)] = payload.decode() if isinstance(payload, bytes) else ""
    return request._replace(parameters={**request.parameters, **fields})
