"""Telling systemd that the supervisor is ready and goes round, where systemd asks for it (NOTIFY_SOCKET)."""

import os
import socket
import time

EVERY_S = 1.0


class Notify:
    """Says READY=1 once, then WATCHDOG=1 about every second; does nothing elsewhere, and never fails."""

    def __init__(self) -> None:
        path = os.environ.pop("NOTIFY_SOCKET", "")  # ours alone: children must not speak for us
        self._path = f"\0{path[1:]}" if path.startswith("@") else path
        self._due_s = 0.0
        self._said = "READY=1\n"

    def __call__(self) -> None:
        """Call often."""
        now_s = time.monotonic()
        if self._path and now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            self._send(f"{self._said}WATCHDOG=1")
            self._said = ""

    def stopping(self) -> None:
        """The end is meant."""
        if self._path:
            self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as speaker:
                speaker.sendto(text.encode(), self._path)
        except OSError:
            pass
