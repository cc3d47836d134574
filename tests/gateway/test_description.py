"""Requests made up from the description of the API, right ones and wrong ones, are answered as it says.

BAROGRAPH_SCHEMA says how many of each kind for every operation; the short form asks once.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode
from schemathesis.transport import requests as transport

from gateway.app import app
from gateway.caller import SCOPES
from gateway.keys import Keys
from market.clock import ManualClock
from sinks.webhook.address import Rules
from sinks.webhook.desk import Desk
from tests.gateway.client import Client
from tests.gateway.small_market import NOW_NS

EXAMPLES = int(os.environ.get("BAROGRAPH_SCHEMA", "1"))
# Which of these are right cannot be said in a schema: a cursor is signed, and addresses are looked up.
BEYOND_SCHEMA = {"cursor", "url"}


@pytest.fixture(scope="module")
def api(store_dsn, tmp_path_factory):
    data, clock = tmp_path_factory.mktemp("description"), ManualClock(NOW_NS)
    key = Keys(data, clock).add(name="all", scopes=SCOPES, tenant="default", rate_per_s=10_000)
    made = app(dsn=store_dsn, data=data, clock=clock, desk=lambda: Desk(data, clock, Rules()))
    return made, {"X-API-Key": key.text}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_requests_made_up_from_the_description_are_answered_as_it_says(api, mode, monkeypatch):
    monkeypatch.setattr(transport, "_count_opened_connections", lambda _: 0)  # urllib3-future keeps no count
    made, key = api
    described = schemathesis.openapi.from_dict(made.openapi())
    described.app = made
    found = [failure for one in described.get_all_operations() for failure in failures(one.ok(), mode, key)]
    assert found == []


def failures(operation, mode, key) -> list[str]:
    told: list[str] = []

    @seed(1)
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        if mode is GenerationMode.POSITIVE and BEYOND_SCHEMA & {*(case.query or {}), *_names(case.body)}:
            return
        try:
            answer = case.call(headers=key)
            if answer.status_code != 504:  # of a machine that is busy
                case.validate_response(answer, headers=key)
        except schemathesis.core.failures.FailureGroup as error:
            told.append(str(error)[:800])

    ask()
    return told


def _names(body) -> set[str]:
    return set(body) if isinstance(body, dict) else set()


def test_the_description_says_what_every_operation_needs_and_how_it_fails(api):
    described = api[0].openapi()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert {next(iter(one)) for one in operation["security"]} == {"key", "bearer", "basic"}, where
            assert {"400", "401", "403", "429", "500", "503"} <= set(operation["responses"]), where
            assert operation["summary"], where
            assert operation["tags"], where
            for parameter in operation.get("parameters", []):
                schema = parameter["schema"]
                bounded = {"maxLength", "enum", "maximum", "const"} & set(schema) or schema["type"] == "boolean"
                assert bounded, f"{where}: {parameter['name']} has no limit"
            for status, answer in operation["responses"].items():
                problem = "application/problem+json" in answer.get("content", {})
                assert problem == (int(status) >= 400), f"{where}: {status}"


def test_what_is_described_is_what_there_is(api):
    from gateway.caller import scopes_of

    there = {(method, path) for method, path in scopes_of(api[0]) if path.startswith("/api/") and method != "WEBSOCKET"}
    told = {(method.upper(), path) for path, one in api[0].openapi()["paths"].items() for method in one}
    assert {one for one in told if one[1].startswith("/api/")} == there


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "HEAD", "PROPFIND"])
def test_another_method_is_a_problem_that_says_which_there_are(api, method):
    answer = Client(api[0]).ask(method, "/api/v1/bars", headers=api[1])
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
