"""`Hours`: whether the market of a calendar is open; while it is closed, silence means nothing."""

from market.calendar import ALWAYS, Session, sessions


class Hours:
    """Asked with the wall clock; the session under way is kept, so that asking is cheap."""

    def __init__(self, calendar: str) -> None:
        self._calendar = calendar
        self._session: Session | None = None  # the one under way or the next, as of `_asked_ns`
        self._asked_ns = 0

    def are_open(self, now_ns: int) -> bool:
        """Whether it trades now; lunch breaks and holidays count as closed."""
        if self._calendar == ALWAYS:
            return True
        session = self._session
        if session is None or not self._asked_ns <= now_ns < session.end:
            session, self._asked_ns = next(sessions(self._calendar, now_ns)), now_ns
            self._session = session
        return session.start <= now_ns < session.end and not session.break_start <= now_ns < session.break_end
