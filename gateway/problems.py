"""Errors as problem documents (RFC 9457): a status and one clear sentence with the way out, never a traceback."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.store import StoreTimeoutError, StoreTooMuchError
from market.errors import StoreError

log = logging.getLogger("barograph.gateway")

RETRY_AFTER_S = 2
NOT_AS_DESCRIBED = "it is not written as /openapi.json describes it"
PROBLEM: dict[str, Any] = {"description": "a problem document, RFC 9457"}  # for `responses` of a route


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """One problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(api: FastAPI) -> None:
    """Answer every kind of failure with a problem document."""
    api.add_exception_handler(StoreError, _store)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _bug)


def _store(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, StoreTooMuchError):
        return problem(422, _sentence(str(error)))
    status = 504 if isinstance(error, StoreTimeoutError) else 503
    return problem(status, _sentence(str(error)), {"retry-after": str(RETRY_AFTER_S)})


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()[0]
    said = NOT_AS_DESCRIBED if found["type"] == "string_pattern_mismatch" else found["msg"]
    return problem(400, _sentence(f"{str(found['loc'][-1])[:64]}: {said}"))


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if detail == HTTPStatus.NOT_FOUND.phrase:  # of the router, and not of a route
        detail = f"there is nothing at {request.url.path[:200]}; /openapi.json lists what there is"
    return problem(error.status_code, _sentence(detail), dict(error.headers) if error.headers else None)


def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("a bug answered %s: %r", request.url.path, error)  # the server logs the traceback
    return problem(500, "This is a bug of the gateway; its log has the details.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
