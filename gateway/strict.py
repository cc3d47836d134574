"""Query parameters that a route does not know, and such as are given twice, are refused: a typo must not mean "all"."""

from collections.abc import Iterator

from fastapi import HTTPException
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.requests import HTTPConnection

PREFIX = "/api/v1/"


def strict(connection: HTTPConnection) -> None:
    """A dependency of every route under /api/v1; raises 400."""
    if connection.scope["type"] != "http" or not connection.url.path.startswith(PREFIX):
        return
    given = [name for name, _ in connection.query_params.multi_items()]
    repeated = next((name for name in given if given.count(name) > 1), None)
    if repeated is not None:
        raise HTTPException(400, f"{repeated[:64]!a} is given twice")
    known = sorted(names(connection.scope["route"].dependant))
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        there = f"there are {', '.join(known)}" if known else "there are none"
        raise HTTPException(400, f"{unknown[:64]!a} is no parameter of this route; {there}")


def names(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a route, also those that it takes as one model."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield field.alias
    for part in dependant.dependencies:
        yield from names(part)
