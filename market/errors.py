"""The error tree. Expected trouble in data is a row (dead letter, gap, refusal); these stop something or are told."""


class BarographError(Exception):
    """Root of every error raised on purpose. Its text is one sentence that names the way out."""


class SettingsError(BarographError):
    """A setting or command-line value is missing, unknown or out of range."""


class JournalError(BarographError):
    """A journal cannot be opened, read or written."""


class DiskError(JournalError):
    """The disk failed under the journal. What is durable is known only after a new start, so the process ends."""

    exit_code = 74  # EX_IOERR of sysexits.h


class CaptureError(BarographError):
    """A line capture cannot be imported."""


class StateError(BarographError):
    """A recovery store, or one state in it, is damaged; a flow goes on from the newest whole copy of it."""


class StoreError(BarographError):
    """ClickHouse refused a statement or cannot be reached."""


class VenueError(BarographError):
    """A venue is unknown, or refuses for good."""


class OddAnswerError(VenueError):
    """A venue answered something else than was asked for: too many requests, a page for people; worth another try."""


class FrameError(ValueError):
    """One frame cannot be understood; the text is the reason kept with its dead letter."""
