"""Webhooks over REST: what a tenant may do with its own, and that it learns nothing of those of others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.app import app
from gateway.keys import Keys
from market.broadcast import GoneError
from market.clock import ManualClock
from market.errors import JournalError
from sinks.webhook import limits
from sinks.webhook.address import Rules
from sinks.webhook.attempt import Tried, outcome_of
from sinks.webhook.desk import Desk
from sinks.webhook.follower import Follower
from sinks.webhook.signing import secret_of
from sources.broadcast import Broadcast
from tests.gateway.client import Client
from tests.sinks.webhook.said import START_NS, Saying, signal

URL = "https://ok.example/hook"
NOBODY = "ep_" + "0" * 20
NO_DELIVERY = "msg_" + "A" * 32


class Api:
    """The application, and keys of several tenants and scopes."""

    def __init__(self, data: Path) -> None:
        self.data, self.clock = data, ManualClock(START_NS)
        keys = Keys(data, self.clock)
        self._keys = {
            name: keys.add(name="k", scopes=scopes, tenant=tenant, rate_per_s=1_000).text
            for name, scopes, tenant in (
                ("owner", ["webhooks", "account"], "default"),
                ("clerk", ["webhooks"], "default"),
                ("stranger", ["webhooks", "account"], "acme"),
                ("reader", ["read"], "default"),
            )
        }
        keys.close()
        self._client = Client(app(dsn="http://127.0.0.1:9/barograph", data=data, clock=self.clock))

    def __call__(self, method: str, path: str = "", who: str = "owner", **options: Any) -> tuple[int, Any]:
        answer = self._client.ask(method, f"/api/v1/webhooks{path}", headers={"x-api-key": self._keys[who]}, **options)
        return answer.status_code, json.loads(answer.text) if answer.text else None

    def add(self, who: str = "owner", **wants: Any) -> str:
        status, made = self("POST", who=who, json={"url": URL, **wants})
        assert status == 201, made
        return str(made["id"])

    def desk(self) -> Desk:
        return Desk(self.data, self.clock, Rules())


@pytest.fixture
def api(tmp_path: Path) -> Api:
    Saying(tmp_path).say(signal())
    return Api(tmp_path)


def test_a_secret_is_in_the_answers_that_make_it_and_in_no_other(api: Api) -> None:
    status, made = api("POST", json={"url": URL, "kinds": ["signal"], "min_confidence": 0.6})
    assert (status, made["kinds"], made["min_confidence"], made["state"]) == (201, ["signal"], 0.6, "enabled")
    first = made.pop("secret")
    assert api("GET") == (200, [made])
    assert api("GET", f"/{made['id']}") == (200, made)
    status, rotated = api("POST", f"/{made['id']}/rotate", json={"overlap_s": 60})
    assert (status, rotated["id"], rotated["secret"] != first) == (200, made["id"], True)
    with api.desk() as at:
        assert at.endpoints.secrets(made["id"]) == [secret_of(rotated["secret"]), secret_of(first)]
        assert at.endpoints.get(made["id"]).since == 1, "it hears of what comes, and not of what was"
    said = json.dumps([api("GET"), api("GET", f"/{made['id']}"), api("POST", f"/{made['id']}/test", json=None)])
    assert "whsec_" not in said


def test_its_life_from_a_test_to_its_end(api: Api) -> None:
    webhook = api.add()
    status, queued = api("POST", f"/{webhook}/test")
    assert (status, queued["kind"], queued["state"]) == (202, "test", "pending")
    with api.desk() as at:
        at.outbox.record([outcome_of(Tried(queued["webhook_id"], webhook, 0, START_NS, 7_000_000, 410))])
    _, shown = api("GET", f"/{webhook}")
    assert (shown["state"], shown["dead"], shown["reason"]) == ("disabled", 1, "the receiver answered 410 Gone")
    assert api("POST", f"/{webhook}/replay", json={"what": "dead"})[0] == 409
    assert api("POST", f"/{webhook}/enable")[1]["state"] == "enabled"
    assert api("POST", f"/{webhook}/replay", json={"what": "dead"}) == (202, {"queued": 1})
    assert api("POST", f"/{webhook}/replay", json={"what": "missed"}) == (202, {"queued": 0})
    since = {"what": "time", "since": "2026-09-21T00:00:00Z", "until": "2026-09-22T00:00:00.5Z"}
    assert api("POST", f"/{webhook}/replay", json=since) == (202, {"queued": 0})
    assert api("POST", f"/{webhook}/deliveries/{queued['webhook_id']}/replay") == (202, {"queued": 1})
    (attempt,) = api("GET", f"/{webhook}/attempts")[1]
    assert (attempt["status_code"], attempt["duration_ms"], attempt["state"]) == (410, 7.0, "dead")
    (delivery,) = api("GET", f"/{webhook}/deliveries?state=pending")[1]
    assert (delivery["webhook_id"], delivery["attempts"]) == (queued["webhook_id"], 1)
    assert api("GET", f"/{webhook}/deliveries?state=dead") == (200, [])
    assert api("GET", f"/{webhook}/missed") == (200, [])
    assert api("PUT", f"/{webhook}", json={"kinds": ["signal"]})[1]["kinds"] == ["signal"]
    assert api("POST", f"/{webhook}/disable")[1]["reason"] == "by hand"
    assert api("DELETE", f"/{webhook}") == (204, None)
    assert api("GET") == (200, [])


ACTIONS: list[tuple[str, str, Any]] = [
    *(("GET", path, None) for path in ("", "/deliveries", "/attempts", "/missed")),
    *(("POST", path, None) for path in ("/test", "/disable", "/enable", "/deliveries/{delivery}/replay")),
    *(("POST", "/replay", {"what": what}) for what in ("dead", "missed", "time")),
    *(("PUT", "", {}), ("POST", "/rotate", {}), ("DELETE", "", None)),
]


def test_what_is_anothers_is_answered_as_what_is_not_there_and_changes_nothing(api: Api) -> None:
    webhook = api.add()
    _, queued = api("POST", f"/{webhook}/test")
    before = api("GET", f"/{webhook}")
    for method, path, body in ACTIONS:
        foreign = path.format(delivery=queued["webhook_id"])
        found = api(method, f"/{webhook}{foreign}", "stranger", json=body)
        missing = api(method, f"/{NOBODY}{path.format(delivery=NO_DELIVERY)}", "stranger", json=body)
        assert found == missing
        assert found[0] == 404, (method, path)
    assert api("GET", who="stranger") == (200, [])
    assert api("GET", f"/{webhook}") == before


def test_events_of_the_account_need_the_scope_of_the_account(api: Api) -> None:
    status, said = api("POST", who="clerk", json={"url": URL, "kinds": ["risk_event"]})
    assert (status, "scope account" in said["detail"]) == (403, True)
    webhook = api.add("clerk")
    assert api("GET", f"/{webhook}", "clerk")[1]["kinds"] == ["regime_change", "signal"], "all is all but those"
    assert api("PUT", f"/{webhook}", "clerk", json={"kinds": ["risk_event", "signal"]})[0] == 403
    assert api("POST", who="stranger", json={"url": URL, "kinds": ["risk_event"]})[0] == 403
    assert api("GET", f"/{api.add('owner')}")[1]["kinds"] == []
    assert api("GET", who="reader")[0] == 403


def test_what_tells_of_the_account_is_hidden_from_who_may_not_see_it(api: Api) -> None:
    webhook = api.add("owner")
    say = Saying(api.data)
    say.say(signal("", kind="risk_event"), signal(), signal("", kind="risk_event", shard="x" * limits.PAYLOAD_BYTES))
    with api.desk() as at:
        follower = Follower(Broadcast(api.data), at.outbox, at.endpoints, api.clock)
        while follower.turn():
            pass
        follower.close()
        for one in at.outbox.deliveries(webhook):
            at.outbox.record([outcome_of(Tried(one.webhook_id, webhook, 0, START_NS, 7, 200))])
    kinds = {
        (who, path): sorted({row["kind"] for row in api("GET", f"/{webhook}/{path}?limit={limit}", who)[1]})
        for who, limit in (("owner", 9), ("clerk", 1))
        for path in ("deliveries", "attempts")
    }
    all_of_it = ["risk_event", "signal"]
    assert kinds == {
        ("owner", "deliveries"): all_of_it, ("owner", "attempts"): all_of_it,
        ("clerk", "deliveries"): ["signal"], ("clerk", "attempts"): ["signal"],
    }  # fmt: skip


BAD: list[dict[str, Any]] = [
    {},
    {"url": "http://ok.example/"},
    {"url": "https://10.0.0.1/"},
    {"url": "https://u:p@ok.example/"},
    {"url": "https://ok.example/" + "x" * 3000},
    {"url": 5},
    {"url": URL, "kinds": ["quote"]},
    {"url": URL, "kinds": "signal"},
    {"url": URL, "timeframes": ["1s"]},
    {"url": URL, "instruments": ["x" * 65]},
    {"url": URL, "instruments": ["'; drop table endpoints"]},
    {"url": URL, "instruments": ["A"] * 201},
    {"url": URL, "min_confidence": 1.5},
    {"url": URL, "min_confidence": "nan"},
    *({"url": URL, name: "x"} for name in ("tenant", "secret", "state", "id", "since", "stream", "reason")),
]
SENSELESS: list[tuple[str, Any]] = [
    ("/rotate", {"overlap_s": -1}),
    ("/rotate", {"overlap_s": 8 * 86_400}),
    ("/replay", {"what": "all"}),
    ("/replay", {"what": "time", "since": "yesterday"}),
    ("/replay", {"what": "time", "since": "2026-13-41T00:00:00Z"}),
    ("/replay", {"what": "time", "since": "2026-09-22T00:00:00Z", "until": "2026-09-21T00:00:00Z"}),
    ("/deliveries/msg_x/replay", None),
]


def test_what_cannot_be_is_refused_and_nothing_is_made(api: Api) -> None:
    for body in BAD:
        status, said = api("POST", json=body)
        assert (status, bool(said["detail"])) == (400, True), body
    assert api("GET") == (200, [])


def test_words_that_make_no_sense_are_400(api: Api) -> None:
    webhook = api.add()
    assert [api("POST", f"/{webhook}{path}", json=body)[0] for path, body in SENSELESS] == [400] * len(SENSELESS)


def test_a_webhook_too_many_is_409(api: Api) -> None:
    for _ in range(20):
        api.add()
    assert api("POST", json={"url": URL})[0] == 409
    api.add("stranger")


@pytest.mark.parametrize(
    ("error", "status"),
    [(JournalError("it is damaged"), 503), (GoneError("begun anew", stream="a", oldest=1, newest=2), 409)],
)
def test_a_journal_that_cannot_be_read_is_an_answer(
    api: Api, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Broadcast) -> None:
        raise error

    webhook = api.add()
    monkeypatch.setattr(Broadcast, "span", broken)
    for path, body in (("", {"url": URL}), (f"/{webhook}/replay", {"what": "missed"})):
        found, said = api("POST", path, json=body)
        assert (found, bool(said["detail"])) == (status, True)


def test_a_database_that_cannot_be_opened_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.add()
    refused: Callable[..., None] = lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))  # noqa: E731
    monkeypatch.setattr("sinks.webhook.database.private_file", refused)
    assert api("GET")[0] == 503
