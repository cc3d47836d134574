"""Alpaca's ids of our orders: it cancels by its own."""

MAX_REMEMBERED = 20_000  # orders; the oldest is forgotten, and asked for when it is needed again


class Ids:
    """The orders that were heard of last."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._theirs: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._theirs)

    def learn(self, ours: str, theirs: str) -> None:
        """Two ids of one order."""
        self._theirs[ours] = theirs
        if len(self._theirs) > self._most:
            del self._theirs[next(iter(self._theirs))]

    def theirs(self, ours: str) -> str | None:
        """Alpaca's id; None: not heard of."""
        return self._theirs.get(ours)
