"""Processes that live and die together: when one dies or hangs, all are stopped and started again. Most are alone.

    up ──one died or hangs──▶ falling ──all have ended──▶ down ──the wait is over──▶ up

No call waits for anything, so that the trouble of one group never delays another.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from flows.supervision.brake import Brake
from flows.supervision.child import Process
from flows.supervision.exits import exit_words

log = logging.getLogger("barograph.supervise")

FALL_GRACE_S = 5.0  # for the others, and for a hung one, from SIGTERM to SIGKILL


@dataclass
class Group:
    """Times are monotonic seconds."""

    name: str
    brake: Brake
    environment: Mapping[str, str] = field(repr=False)
    members: list[Process] = field(default_factory=list)
    phase: Literal["up", "falling", "down"] = "up"
    why: str = ""  # it fell
    started_s: float = 0.0
    due_s: float = 0.0  # when it may start again
    _kill_s: float = 0.0

    def add(self, process: Process, now_s: float) -> None:
        """Start a process as one of the group."""
        self.members.append(process)
        self.started_s = now_s
        self._spawn(process, now_s)

    def tick(self, now_s: float) -> None:
        """Look, and do what is due."""
        if self.phase == "up":
            self._look(now_s)
        if self.phase == "falling":
            self._fall_on(now_s)
        if self.phase == "down" and now_s >= self.due_s:
            self._rise(now_s)

    def forgive(self, now_s: float) -> None:
        """Nobody could be heard until now."""
        for process in self.members:
            process.hearing.forgive(now_s)

    def state(self, process: Process, now_s: float) -> tuple[str, str]:
        """Of one member, in one word, with the reason where it is not ready."""
        if self.phase == "falling":
            return "stopping", self.why
        if self.phase == "down":
            wait_s = max(0.0, self.due_s - now_s)
            return ("braked" if self.brake.on else "down"), f"{self.why}; starts again in {wait_s:.0f} s"
        return process.hearing.state(now_s)

    def _look(self, now_s: float) -> None:
        for process in self.members:
            process.hearing.listen(now_s, process.pid)
        dead = [process for process in self.members if not process.running]
        hung = [process for process in self.members if process.running and process.hearing.hung(now_s)]
        if not (dead or hung):
            if self.brake.lives(now_s - self.started_s):
                log.warning("%s goes on again", self.name)
            return
        self.why = "; ".join((*map(_death, dead), *(_silence(process, now_s) for process in hung)))
        for process in self.members:
            process.ask(hung=process in hung)
        self.phase, self._kill_s = "falling", now_s + FALL_GRACE_S

    def _fall_on(self, now_s: float) -> None:
        if any(process.running for process in self.members):
            if now_s >= self._kill_s:
                for process in self.members:
                    process.kill()
            return
        for process in self.members:
            process.bury()
        wait_s = self.brake.died(now_s, now_s - self.started_s)
        self.phase, self.due_s = "down", now_s + wait_s
        if self.brake.on:
            log.error(
                "%s; it keeps dying, so it is left alone and tried again every %.0f s (see %s)",
                *(self.why, wait_s, self.members[0].log.path),
            )
        else:
            log.warning("%s; starting it again in %.1f s (see %s)", self.why, wait_s, self.members[0].log.path)

    def _rise(self, now_s: float) -> None:
        self.phase, self.started_s = "up", now_s
        for process in self.members:
            process.restarts += 1
            self._spawn(process, now_s)

    def _spawn(self, process: Process, now_s: float) -> None:
        """A process that cannot be started has died: the next look finds it so."""
        try:
            process.spawn(self.environment, now_s)
        except OSError as error:
            log.error("%s cannot be started: %s", process.name, error)


def _death(process: Process) -> str:
    if process.child is None:
        return f"{process.name} could not be started"
    return f"{process.name} ended with {exit_words(process.child.poll())}"


def _silence(process: Process, now_s: float) -> str:
    return f"{process.name} gave no sign of life for {process.hearing.silent_s(now_s):.0f} s"
