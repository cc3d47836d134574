"""Our ids of orders and Alpaca's, both ways: it cancels by its own, and its list of fills names no other."""

MAX_REMEMBERED = 20_000  # orders, about 5 MB; the oldest is forgotten, and asked for when it is needed again


class Ids:
    """The orders that were heard of last."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._theirs: dict[str, str] = {}
        self._ours: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._ours)

    def learn(self, ours: str, theirs: str) -> None:
        """Two ids of one order."""
        if theirs not in self._ours and len(self._ours) >= self._most:
            oldest = next(iter(self._ours))
            self._theirs.pop(self._ours.pop(oldest), None)
        self._ours[theirs], self._theirs[ours] = ours, theirs

    def theirs(self, ours: str) -> str | None:
        """Alpaca's id; None: not heard of."""
        return self._theirs.get(ours)

    def ours(self, theirs: str) -> str | None:
        """Our id; None: not heard of."""
        return self._ours.get(theirs)
