"""What was heard is in the journal, or it is said that it is not."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

from market.clock import SystemClock
from market.messages import Link
from sinks.journal_faults import HeldError
from sinks.orders.teller import Teller

WORD = Link(venue="v", instrument="", time_ns=1, account="a", state="up", reason="")


class FullDisk:
    """A journal that takes nothing, slowly."""

    def append(self, *_: object) -> None:
        time.sleep(0.1)
        raise HeldError(Path("trading.db"), "no space left")


def test_what_was_being_written_at_the_end_and_could_not_be_is_told() -> None:
    async def ended_well() -> bool:
        teller = Teller(cast("Any", FullDisk()), lambda _: None, SystemClock())
        running = asyncio.create_task(teller.run())
        teller.tell([WORD])
        await asyncio.sleep(0.02)
        try:
            return await teller.finish(0.3)
        finally:
            running.cancel()

    assert not asyncio.run(ended_well())
