"""What the gateway refused, as exceptions that say so in its own words."""


class ApiError(Exception):
    """An answer that is none of those hoped for: its status, and the sentence of the gateway with the way out.

    >>> str(ApiError(403, "This key does not have the scope account."))
    '403: This key does not have the scope account.'
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status, self.detail = status, detail


class StreamError(ApiError):
    """The stream was closed for a reason that trying again does not mend; `status` is the close code."""


class MissedError(StreamError):
    """Events after a sequence are not kept any more (4410), or did not come: read history, then subscribe anew."""
