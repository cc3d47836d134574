"""DATA/run/capture.json: what capture's sockets do, about every second, for `barograph status` and the gateway."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from market.clock import SECOND_NS, Clock
from sources.keeper import Keeper
from sources.websocket import Feed

log = logging.getLogger("barograph.capture")


class StatusFile:
    """Writes the state of a feed, replacing the file in one step, so that a reader never sees half of it.

    A disk that takes nothing leaves the file as it was: capture must not end because it cannot tell how it does.
    """

    def __init__(self, path: Path, shard: str, clock: Clock) -> None:
        self._path, self._shard, self._clock = path, shard, clock
        self._started_ns = clock.now_ns()
        self._counted: dict[str, int] = {}  # frames by route, at the last writing
        self._written_ns = clock.monotonic_ns()
        self._since_ns: dict[str, int] = {}  # by alarm

    def write(self, feed: Feed, *, alarms: Mapping[str, str], journal_bytes: int) -> None:
        """Write the feed as it is now; `alarms` are what is wrong: reason by name."""
        now_ns = self._clock.monotonic_ns()
        elapsed_s = max((now_ns - self._written_ns) / SECOND_NS, 1e-3)
        self._written_ns = now_ns
        facts = self._facts(feed, elapsed_s) | {"alarms": self._alarms(alarms), "journal_bytes": journal_bytes}
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(msgspec.json.encode(facts))
            partial.replace(self._path)
        except OSError as error:
            log.debug("%s cannot be written: %s", self._path, error)

    def _alarms(self, alarms: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each with the time since when it has been told."""
        now_ns = self._clock.now_ns()
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in alarms}
        return [{"name": name, "reason": why, "since_ns": self._since_ns[name]} for name, why in alarms.items()]

    def _facts(self, feed: Feed, elapsed_s: float) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "started_ns": self._started_ns,
            "time_ns": self._clock.now_ns(),
            "venue": feed.venue.name,
            "shard": self._shard,
            "connections": [self._connection(keeper, elapsed_s) for keeper in feed.keepers],
            "frames": feed.received_frames,
            "bytes": feed.received_bytes,
            "shed": dict(feed.queue.shed),
            "reconnects": sum(max(0, keeper.generation - 1) for keeper in feed.keepers),
            "last_data_ns": feed.last_data_ns,
            "limits": self._limits(feed),
            "queue": {"frames": len(feed.queue), "limit_frames": feed.queue.limit_frames},
        }

    def _limits(self, feed: Feed) -> dict[str, Any]:
        """How much of the venue's budget is used."""
        budget, ahead_ns = feed.budget, self._clock.now_ns() - self._clock.monotonic_ns()
        banned = budget.banned_until_ns > self._clock.monotonic_ns()
        return {
            "connections": len(budget.attempts_ns),
            "limit_connections": budget.connections,
            "window_s": budget.window_s,
            "banned_until_ns": budget.banned_until_ns + ahead_ns if banned else None,
            "reason": budget.reason if banned else "",
        }

    def _connection(self, keeper: Keeper, elapsed_s: float) -> dict[str, Any]:
        name = keeper.route.name
        arrived = keeper.frames - self._counted.get(name, 0)
        self._counted[name] = keeper.frames
        return {
            "route": name,
            "url": keeper.route.url,
            "state": keeper.state,
            "reason": keeper.reason,
            "since_ns": keeper.since_ns,
            "streams": self._streams(keeper),
            "generation": keeper.generation,
            "frames": keeper.frames,
            "frames_per_s": round(arrived / elapsed_s, 1),
        }

    def _streams(self, keeper: Keeper) -> dict[str, Any]:
        """What the route should be subscribed to, what of it the venue took, and what gave data on this socket."""
        live = keeper.live
        return {
            "desired": len(keeper.route.streams),
            "acknowledged": 0 if live is None else len(live.ledger.acknowledged),
            "data_seen": 0 if live is None else len(live.seen),
            "left_out": {stream: kept.reason for stream, kept in keeper.quarantine.kept.items()},
        }
