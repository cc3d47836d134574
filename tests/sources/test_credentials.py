import asyncio

import pytest

from market import record
from sources.credentials import Credential, ExpiredError
from tests.fed import fed
from tests.plain_venue import PlainVenue
from tests.virtual import VirtualClock, run, running

LIFE_S = 900.0


class Office:
    """Issues secrets, each another, unless it is shut."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.issued_s, self.shut = clock, [], False  # type: ignore[var-annotated]

    async def issue(self) -> str:
        await asyncio.sleep(0.2)
        if self.shut:
            raise OSError("no answer")
        self.issued_s.append(self.clock.loop.time())
        return f"secret {len(self.issued_s)}"


def test_it_is_renewed_at_half_of_its_life() -> None:
    async def body(clock: VirtualClock) -> None:
        office = Office(clock)
        credential = Credential("token", LIFE_S, office.issue, clock)
        async with running(credential.keep()):
            await asyncio.sleep(4 * LIFE_S)
            apart_s = [later - before for before, later in zip(office.issued_s, office.issued_s[1:], strict=False)]
            assert len(apart_s) >= 6
            assert max(apart_s) <= LIFE_S / 2 + 1
            assert credential.value() == f"secret {len(office.issued_s)}"

    run(body)


def test_a_renewal_that_fails_is_an_alarm_at_once_and_the_end_only_when_the_life_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(clock: VirtualClock) -> None:
        office = Office(clock)
        credential = Credential("token", LIFE_S, office.issue, clock)
        with pytest.raises(ExpiredError):
            credential.value()
        async with running(credential.keep()):
            await asyncio.sleep(1)
            office.shut = True
            await asyncio.sleep(LIFE_S / 2 + 1)
            assert "token could not be renewed (1 in a row): no answer" in caplog.text
            assert credential.value() == "secret 1"
            await asyncio.sleep(LIFE_S / 2)
            with pytest.raises(ExpiredError, match="token"):
                credential.value()
            office.shut = False
            await asyncio.sleep(61)
            assert credential.value() == "secret 2"
            assert credential.failures == 0

    run(body)


def test_a_stream_whose_credential_expired_counts_as_down_until_there_is_a_new_one() -> None:
    async def body(clock: VirtualClock) -> None:
        office = Office(clock)
        credential = Credential("plain_key", 60.0, office.issue, clock)
        venue, first = PlainVenue(secrets=("plain_key",)), {"plain_key": "secret 1"}
        async with fed(clock, venue, secrets=first, key="secret 1") as one, running(credential.keep()):
            await asyncio.sleep(1)
            one.feed.shared.secrets = lambda: {"plain_key": credential.value()}  # type: ignore[union-attr]
            await asyncio.sleep(60)
            assert one.keeper.state == "open"
            office.shut = True
            await asyncio.sleep(63)
            assert "credential plain_key is not valid" in one.said(record.Disconnected)[-1].reason
            office.shut = False
            one.server.key = f"secret {len(office.issued_s) + 1}"
            await asyncio.sleep(20)
            assert one.keeper.state == "open"

    run(body)
