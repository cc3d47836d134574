"""The supervisor of `barograph up`: starts processes, restarts what dies or hangs, stops all of them in seconds.

What it decides for one group is in group.py, and how often in brake.py. Time is monotonic; when the supervisor itself
stood still (SIGSTOP, a machine out of breath), nobody is blamed for what it could not hear.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flows.heart import Heart
from flows.log_file import LogFile
from flows.runfile import write_run_file
from flows.settings import LogSettings, SuperviseSettings
from flows.stop import SUPERVISED
from flows.supervision.brake import Brake
from flows.supervision.child import Process
from flows.supervision.chore import Chore
from flows.supervision.exits import exit_words
from flows.supervision.group import Group
from flows.supervision.hearing import Hearing
from flows.supervision.notify import Notify
from flows.supervision.report import ChoreReport, ProcessReport, Report
from gateway.alarms import alarms, read, stopped_sinks
from gateway.runfiles import SUPERVISOR

log = logging.getLogger("barograph.supervise")

POLL_S = 0.05
TELL_S = 0.5  # between two reports
STOOD_STILL_S = 5.0  # between two looks: nobody could be heard meanwhile
SHARE_OF_STOP = 0.6  # of the time left, that the processes of one rank may take


class Supervisor:
    """Keeps a fixed set of processes running until told to stop; their logs and beats are under `data`."""

    def __init__(
        self,
        data: Path,
        *,
        environment: Mapping[str, str] | None = None,
        settings: SuperviseSettings | None = None,
        logs: LogSettings | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.groups: dict[str, Group] = {}
        self.chores: list[Chore] = []
        self.report = Report()
        self.beginning = ""  # why not all processes are started yet; set and emptied by whoever starts them
        self.ticked_s: float | None = None  # when it last looked; None before the first time
        self.data, self._folder, self._now_s = data, data / "log", now_s
        self._settings, self._logs = settings or SuperviseSettings(), logs or LogSettings()
        self._port, self._told_s, self._told, self._started_ns = 0, 0.0, Report(), time.time_ns()
        self._heart, self._notify = Heart(data, SUPERVISOR), Notify()
        self._environment = {**os.environ, **(environment or {}), SUPERVISED: "1"}
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def processes(self) -> list[Process]:
        """All, in the order of their start."""
        return [process for group in self.groups.values() for process in group.members]

    def start(self, name: str, *arguments: str, rank: int = 0, group: str | None = None) -> Process:
        """Start `barograph <arguments>` and keep it running; processes of one group are restarted together."""
        return self.add(name, [sys.executable, "-m", "flows", *arguments], rank=rank, group=group)

    def add(self, name: str, command: Sequence[str], *, rank: int = 0, group: str | None = None) -> Process:
        """Start any command that beats as flows/heart.py does, and keep it running."""
        choice = self._settings
        hearing = Hearing(self.data, name, choice.hung_after_s, choice.start_limit_s)
        process = Process(name, command, self.log_file(name), hearing, rank)
        brake = Brake(choice.brake_deaths, choice.brake_window_s, choice.brake_pause_s)
        members = self.groups.setdefault(group or name, Group(group or name, brake, self._environment))
        members.add(process, self._now_s())
        return process

    def every(
        self, seconds: float, name: str, *arguments: str, deadline_s: float, first_s: float | None = None
    ) -> Chore:
        """Run `barograph <arguments>` again and again, at first after `first_s` (None: `seconds`)."""
        command = [sys.executable, "-m", "flows", *arguments]
        chore = Chore(name, command, self.log_file(name), seconds, deadline_s, self._environment)
        chore.due_s = self._now_s() + (seconds if first_s is None else first_s)
        self.chores.append(chore)
        return chore

    def log_file(self, name: str) -> LogFile:
        """The log of a process."""
        return LogFile(self._folder / f"{name}.log", self._logs.bytes, self._logs.files)

    def serves(self, port: int) -> None:
        """Note where health is told."""
        self._port = port

    def watch(
        self, stop: threading.Event, until_s: float | None = None, each: Callable[[], None] | None = None
    ) -> None:
        """Restart what dies until `stop` is set or the monotonic time `until_s` is reached."""
        while not stop.wait(POLL_S) and (until_s is None or time.monotonic() < until_s):
            self.tick()
            if each is not None:
                each()

    def tick(self) -> None:
        """Look at everything once, without waiting for anything."""
        now_s = self._now_s()
        if self.ticked_s is not None and now_s - self.ticked_s > STOOD_STILL_S:
            log.warning("the supervisor stood still for %.0f s; everything gets a fresh start", now_s - self.ticked_s)
            for group in self.groups.values():
                group.forgive(now_s)
        self.ticked_s = now_s
        for group in self.groups.values():
            group.tick(now_s)
        for chore in self.chores:
            chore.tick(now_s)
        self._heart("")
        self._notify()
        if now_s - self._told_s >= TELL_S:
            self._told_s = now_s
            self.report = self._report(now_s)
            self._write()

    def stop(self) -> None:
        """Ask every process to stop, rank by rank; kill what has not when its time is up."""
        end_s = time.monotonic() + self._settings.stop_grace_s
        self.report = self._report(self._now_s(), stopping=True)
        self._notify.stopping()
        for chore in self.chores:
            chore.stop()
        ranks = sorted({process.rank for process in self.processes})
        for rank in ranks:
            left_s = end_s - time.monotonic()
            deadline_s = time.monotonic() + (left_s if rank == ranks[-1] else SHARE_OF_STOP * left_s)
            _stop_all([process for process in self.processes if process.rank == rank], deadline_s)
        self._heart.close()

    def _report(self, now_s: float, *, stopping: bool = False) -> Report:
        told = []
        for group in self.groups.values():
            for one in group.members:
                state, reason = ("stopping", "") if stopping else group.state(one, now_s)
                words = None if one.last_exit is None else exit_words(one.last_exit)
                told.append(ProcessReport(one.name, state, reason, one.pid, one.restarts, words))
        chores = tuple(ChoreReport(one.name, one.runs, one.failures, one.trouble) for one in self.chores)
        files = [(one.name, read(self.data / "run" / f"{one.name}.json")) for one in self.processes if one.running]
        wrong = tuple(f"{name}: {alarm}" for name, facts in files for alarm in alarms(facts))
        return Report(tuple(told), chores, stopped_sinks(self.data), wrong, self.beginning)

    def _write(self) -> None:
        """Keep the report where other commands find it; a full disk must not stop the supervisor."""
        if self.report == self._told:
            return
        try:
            facts = self.report.facts()
            write_run_file(self.data, SUPERVISOR, started_ns=self._started_ns, port=self._port, **facts)
        except OSError as error:
            log.warning("the report of the supervisor cannot be written: %s", error)
        self._told = self.report


def _stop_all(processes: Sequence[Process], deadline_s: float) -> None:
    for process in processes:
        process.ask()
    for process in processes:
        if not process.wait(deadline_s):
            log.warning("%s did not stop in time and was killed", process.name)
