import asyncio

import httpx
import pytest

from market.clock import SECOND_NS, ManualClock
from market.errors import VenueError
from sources import rest as rest_module
from sources.rest import Budget, Rest, UnavailableError
from venues.venue import Request

REQUEST = Request("http://venue.test/depth", 20)


def asked(status: int, headers: dict[str, str] | None = None, body: bytes = b"{}") -> tuple[Budget, bytes | Exception]:
    """The budget after one request, and its outcome."""

    async def run() -> tuple[Budget, bytes | Exception]:
        budget = Budget(2400)
        async with Rest(budget, ManualClock(SECOND_NS)) as rest:
            transport = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=body))
            rest._clients[False] = httpx.AsyncClient(transport=transport)
            try:
                return budget, await rest.get(REQUEST)
            except (VenueError, UnavailableError) as error:
                return budget, error

    return asyncio.run(run())


def test_good_answer_is_its_body() -> None:
    assert asked(200)[1] == b"{}"


def test_an_answer_that_is_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "MAX_ANSWER_BYTES", 10)
    assert asked(200, body=b"0123456789")[1] == b"0123456789"
    error = asked(200, body=b"0123456789!")[1]
    assert isinstance(error, UnavailableError)
    assert "longer than 10 bytes" in str(error)


@pytest.mark.parametrize("status", [418, 429])
def test_venue_that_says_stop_is_left_alone_as_long_as_it_says(status: int) -> None:
    budget, error = asked(status, {"Retry-After": "120"})
    assert isinstance(error, UnavailableError)
    assert budget.wait_s(1, SECOND_NS) == 120


def test_limit_without_a_time_is_a_minute() -> None:
    assert asked(429)[0].wait_s(1, SECOND_NS) == 60


@pytest.mark.parametrize(("status", "error"), [(500, UnavailableError), (403, UnavailableError), (400, VenueError)])
def test_refusals_that_may_pass_are_told_from_those_for_good(status: int, error: type[Exception]) -> None:
    assert type(asked(status)[1]) is error


def test_budget_is_spent_and_refilled_over_a_minute() -> None:
    budget = Budget(60)
    assert budget.wait_s(60, 0) == 0
    assert budget.wait_s(20, 0) == pytest.approx(20)
    assert budget.wait_s(20, 20 * SECOND_NS) == 0


def test_request_heavier_than_the_budget_is_made_when_nothing_else_was() -> None:
    assert Budget(10).wait_s(50, 0) == 0
