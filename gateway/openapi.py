"""The description of the API: what FastAPI knows, and beside it which key a route needs and which errors may come."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.caller import ANY, SCOPES, scopes_of

PROBLEM_MEDIA = "application/problem+json"
ERRORS = {
    400: "a parameter is unknown, or its value is not as described",
    401: "no key, or not one that counts",
    403: "the key does not have the scope, or a page of another origin asks",
    421: "this machine is meant by another name than its own; only where no key is needed",
    429: "the key asks too often; Retry-After says how long to wait",
    500: "a bug of the gateway",
    503: "the store or the key store cannot be asked; Retry-After says when to try again",
    504: "the store took too long",
}
FURTHER = {
    "history": {304: "the content is the one that If-None-Match names", 422: "more than one question may cost"},
    "tables": {304: "the content is the one that If-None-Match names"},
}
BODY_ERRORS = {411: "the length of the body is not told", 413: "the body is too long"}
RETRY = {429: True, 503: True, 504: True}
SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "any user; the key as password"},
}
DOCUMENT = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence with the way out"},
    },
    "example": {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "Limit: it must be above 0."},
}
TEXT = (
    "Rows of market data, regimes, signals and of the account; see docs/api.md. Times are UTC with nanoseconds. A value"
    " that is not ready is null in JSON and NaN in Arrow and Parquet. Scopes of keys: "
    + "; ".join(f"{name}: {what}" for name, what in SCOPES.items())
    + "."
)


def describe(api: FastAPI) -> None:
    """Make `api.openapi` say it all; made once, when first asked."""

    def description() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _described(api)
        return api.openapi_schema

    api.openapi = description  # type: ignore[method-assign]


def _described(api: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=api.title, version=api.version, description=TEXT, routes=api.routes)
    parts = found.setdefault("components", {})
    parts["securitySchemes"] = SCHEMES
    parts.setdefault("schemas", {})["Problem"] = DOCUMENT
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    declared = scopes_of(api)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, declared.get((method.upper(), path), {ANY}))
    return found


def _complete(operation: dict[str, Any], method: str, scopes: set[str]) -> None:
    """Security and errors of one operation."""
    needed = sorted(scopes - {ANY})
    operation["security"] = [{scheme: needed} for scheme in SCHEMES]
    if needed:
        operation["description"] = f"{operation.get('description', '')}\n\nScope: {', '.join(needed)}.".strip()
    answers = operation.setdefault("responses", {})
    answers.pop("422", None)  # FastAPI's own form, which we do not answer in
    tag = (operation.get("tags") or [""])[0]
    errors = ERRORS | FURTHER.get(tag, {}) | (BODY_ERRORS if method not in ("get", "head") else {})
    for status, text in errors.items():
        answers.setdefault(str(status), {"description": text})
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = {PROBLEM_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if int(status) in RETRY:
            answer["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
