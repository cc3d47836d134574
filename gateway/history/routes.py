"""A route for every table of which there is history. Which there are, and what each takes, says `resources`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from gateway import limits
from gateway.caller import Caller, may_see_account, needs
from gateway.history.cursor import LONGEST, CursorError, kept_secret, read, written
from gateway.history.described import responses
from gateway.history.pages import MEDIA, Form, Page, page, values_of_a_row
from gateway.history.resources import RESOURCES, Resource
from gateway.history.statement import Asked
from gateway.history.times import OptionalTime, parsed
from gateway.history.window import Walk, begun
from gateway.rows import StoredOffset, time_ns
from gateway.sending import Slots
from gateway.shared import Shared
from gateway.store import Store
from market.clock import Clock
from market.schema import TIMEFRAMES

NAME = r"^[A-Za-z0-9._:/-]*$"
Name = Annotated[str, Field(max_length=64, pattern=NAME, description="only this one; empty: all")]
BarTimeframe = Annotated[Literal["1s", "1m", "15m", "1h", "1d"], Field(description="of the bars")]
RegimeTimeframe = Annotated[
    Literal["", "ultra_short", "short", "medium", "long"], Field(description="only this one; empty: all")
]
FILTERS: dict[str, Any] = {
    "source": (Annotated[Literal["", "book", "ticker"], Field(description="only this one; empty: all")], ""),
    "timeframe": (RegimeTimeframe, ""),
    "view": (Annotated[Literal["", "volatility", "direction", "dynamics"], Field(description="only this one")], ""),
    "state": (Annotated[Literal["", "open", "healed"], Field(description="only these; empty: all")], ""),
    **dict.fromkeys(("venue", "instrument", "account"), (Name, "")),
}
COMMON: dict[str, Any] = {
    "since": (OptionalTime, Field("", description="from here on; not given: a stretch that ends at `until`")),
    "until": (OptionalTime, Field("", description="up to here, exclusive; not given: the newest row")),
    "known_at": (OptionalTime, Field("", description="as it was known then: only rows received by this time")),
    "order": (Literal["newest", "oldest"], Field("newest", description="which rows come first")),
    "limit": (
        Annotated[int, Field(ge=1, le=limits.MAX_PAGE_ROWS)],
        Field(limits.DEFAULT_ROWS, description="rows of a page, at most; fewer where rows are wide"),
    ),
    "cursor": (
        Annotated[str, Field(max_length=LONGEST, pattern="^[A-Za-z0-9_-]*$")],
        Field("", description="of the page before, from its header Barograph-Next; the other parameters stay"),
    ),
    "format": (
        Literal["", "json", "arrow", "parquet"],
        Field("", description="of the page; not given: what the header Accept prefers, else JSON"),
    ),
}


def history(store: Store, data: Path, clock: Clock) -> APIRouter:
    """The routes."""
    secret = kept_secret(data)
    slots = Slots()
    marks = Shared(lambda: store.rows("offsets", StoredOffset, limit=limits.MAX_ROWS), clock, limits.CACHE_S)
    api = APIRouter(prefix="/api/v1", tags=["history"])
    for resource in RESOURCES:
        api.add_api_route(
            f"/{resource.path}",
            _endpoint(resource, _model(resource), store, marks, slots, secret),
            summary=resource.summary,
            name=f"history of {resource.table}",
            operation_id=f"history_{resource.table}",
            responses=responses(resource),
            response_class=Response,
        )
    return api


def _model(resource: Resource) -> type[BaseModel]:
    """The parameters of a route; an unknown one is an error."""
    fields = {name: FILTERS[name] for name in resource.filters}
    if resource.table == "bars":
        fields["timeframe"] = (BarTimeframe, "1m")
    name = f"({'|'.join(resource.columns)})"
    columns = Annotated[str, Field(max_length=4096, pattern=f"^({name}(,{name})*)?$")]
    fields["columns"] = (
        columns,
        Field("", description="only these, with commas; empty: all", examples=[resource.time]),
    )
    return create_model(f"{resource.table}_query", __config__=ConfigDict(extra="forbid"), **fields, **COMMON)


def _endpoint(
    resource: Resource,
    model: type[BaseModel],
    store: Store,
    marks: Shared[list[StoredOffset]],
    slots: Slots,
    secret: bytes,
) -> Callable[..., Response]:
    def endpoint(caller: Caller, query: Any, request: Request) -> Response:
        given: dict[str, Any] = query.model_dump()
        form = _form(given["format"], request.headers.get("accept", ""))
        columns = list(dict.fromkeys(filter(None, given["columns"].split(",")))) or list(resource.columns)
        question = _question(resource, caller, given)
        asked = _asked(resource, given)
        if resource.scope == "account" and not may_see_account(caller):
            walk = Walk(0, 0, None, {})  # as where there is no account
        elif given["cursor"]:
            walk = _read(given["cursor"], question, secret)
        else:
            walk = _begun(resource, given, marks.get())
        if form is not Form.json or given["limit"] * values_of_a_row(resource, columns) > limits.SMALL_JSON_VALUES:
            slots.take(request)
        found = page(store, resource, asked, walk, columns=columns, form=form, limit=given["limit"])
        return _answer(found, request, question, secret)

    endpoint.__annotations__ |= {
        "caller": Annotated[Caller, needs(resource.scope)],
        "query": Annotated[model, Query()],
    }
    endpoint.__doc__ = resource.summary
    return endpoint


def _question(resource: Resource, caller: Caller, given: Mapping[str, Any]) -> list[str]:
    """All that says which rows are meant; a cursor goes with it."""
    names = (*resource.filters, "since", "until", "known_at", "order")
    return ["1", caller.tenant, resource.path, *(given[name] for name in names)]


def _asked(resource: Resource, given: Mapping[str, Any]) -> Asked:
    filters = {name: given[name] for name in resource.filters}
    known_at = parsed(given["known_at"]) if given["known_at"] else None
    return Asked(filters, known_at, given["order"] == "newest")


def _read(cursor: str, question: list[str], secret: bytes) -> Walk:
    try:
        return read(cursor, question, secret)
    except CursorError:
        raise HTTPException(400, "cursor: it is not of this question; begin without one") from None


def _begun(resource: Resource, given: Mapping[str, Any], stored: list[StoredOffset]) -> Walk:
    return begun(
        parsed(given["since"]) if given["since"] else None,
        parsed(given["until"]) if given["until"] else None,
        newest=max((time_ns(row.stored_time) for row in stored), default=0),
        look=resource.look(given.get("timeframe", ""), given.get("instrument", "")),
        marks={row.shard: row.stored_offset for row in stored},
    )


def _form(asked: str, accept: str) -> Form:
    """By `format`, or the first of the known media types that Accept names."""
    if asked:
        return Form(asked)
    for part in accept.split(","):
        kind = part.partition(";")[0].strip().lower()
        found = next((form for form, media in MEDIA.items() if media == kind), None)
        if found is not None:
            return found
    return Form.json


def _answer(found: Page, request: Request, question: list[str], secret: bytes) -> Response:
    headers = {"vary": "Accept, Authorization, X-API-Key"}
    if found.left is not None:
        cursor = written(found.left, question, secret)
        there = request.url.include_query_params(cursor=cursor)
        headers |= {"link": f'<{there.path}?{there.query}>; rel="next"', "barograph-next": cursor}
    return Response(found.body, media_type=found.media, headers=headers)


assert set(get_args(get_args(BarTimeframe)[0])) == set(TIMEFRAMES)
