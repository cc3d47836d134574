"""An executor in a process of its own, to be killed: `python -m tests.venues.alpaca.executor_process DATA URL`."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from flows.execute import execute
from sinks.orders.terms import Terms
from tests.venues.alpaca.case import venue_at
from venues.alpaca.orders import CAPABILITY

TERMS = Terms(answer_s=0.4, connect_s=1.0, never_arrived_s=0.6, reconcile_s=0.7, rest_s=0.001, cancel_at_stop=False)


def main(data: Path, url: str) -> None:
    """Until killed."""
    venue = replace(venue_at(url), capability=replace(CAPABILITY, requests_per_minute=600_000))
    venue.warm()
    asyncio.run(execute(data, venue, TERMS, lambda: False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
