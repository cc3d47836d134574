"""The console page: a fixed list of files under gateway/page, and the policy that keeps a browser to them.

No file is looked up by what a request says: the list is made once, from the package, and a name that is not in it is
404. Nothing is built and nothing comes from another host.
"""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Header, HTTPException, Response

KINDS = {  # what the page consists of; other files of the folder (licences) are served as text
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
TEXT = "text/plain; charset=utf-8"
INDEX = "index.html"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class Served(NamedTuple):
    """One file of the page; `tag` changes with its bytes."""

    body: bytes
    kind: str
    tag: str


@cache
def pages() -> dict[str, Served]:
    """Every file of the page by its path below gateway/page, such as js/main.js."""
    return dict(sorted(_below(files("gateway") / "page", "")))


def console() -> APIRouter:
    """Routes of the page: `/` and `/page/…`; a browser asks whether a file changed and is told 304 where it did not."""
    api = APIRouter(include_in_schema=False)

    @api.get("/")
    def index(if_none_match: Annotated[str, Header()] = "") -> Response:
        return _answer(INDEX, if_none_match)

    @api.get("/page/{path:path}")
    def part(path: str, if_none_match: Annotated[str, Header()] = "") -> Response:
        return _answer(path, if_none_match)

    return api


def _answer(path: str, known: str) -> Response:
    found = pages().get(path)
    if found is None:
        raise HTTPException(404, "The page has no such file.")
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache", "etag": found.tag}
    if known == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type=found.kind)


def _below(folder: Traversable, prefix: str) -> list[tuple[str, Served]]:
    found: list[tuple[str, Served]] = []
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _below(entry, f"{path}/")
        else:
            body = entry.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            found.append((path, Served(body, _kind(entry.name), tag)))
    return found


def _kind(name: str) -> str:
    return KINDS.get(name[name.rfind(".") :] if "." in name else "", TEXT)
