"""States as they lie in a recovery store: sealed, so that a damaged one is told from a whole one before it is used.

A sealed state is `MARK`, the row of the journal it stands at, a BLAKE2b digest of row and state, and the pickled state.
SQLite keeps no checksums of its own, and a pickle with a flipped bit may well load: as another number.
"""

import pickle
from hashlib import blake2b
from typing import Any, NamedTuple

from market.errors import StateError

MARK = b"barograph state 1\n"
NO_ROW = -1  # of a state that belongs to no single journal
_DIGEST_BYTES = 16
_ROW_END = len(MARK) + 8
_HEAD_END = _ROW_END + _DIGEST_BYTES
_WRAPPED_WITHIN = 32  # the pickle of bytes begins with no more than this


class Sealed(NamedTuple):
    """What a seal holds."""

    row: int  # the last row of its journal that the state knows of
    state: bytes  # pickled


def seal(state: Any, row: int = NO_ROW) -> bytes:
    """A state as sealed bytes.

    >>> unseal(seal({"sum": 3}, row=12))
    {'sum': 3}
    """
    pickled = pickle.dumps(state, pickle.HIGHEST_PROTOCOL)
    place = row.to_bytes(8, "little", signed=True)
    return b"".join((MARK, place, _digest(place, pickled), pickled))


def unseal(sealed: bytes) -> Any:
    """The state; raises StateError for bytes that are not as they were sealed."""
    return pickle.loads(opened(sealed).state)  # noqa: S301 its digest was right: we have written it


def opened(sealed: bytes) -> Sealed:
    """Row and pickled state; raises StateError for bytes that are not as they were sealed."""
    if not isinstance(sealed, bytes) or sealed[: len(MARK)] != MARK:
        raise StateError("a state of the recovery store bears no seal")
    view = memoryview(sealed)
    place, digest, pickled = view[len(MARK) : _ROW_END], view[_ROW_END:_HEAD_END], view[_HEAD_END:]
    if _digest(place, pickled) != digest:
        raise StateError(
            f"a state of the recovery store is damaged: {len(pickled)} bytes are not those that were sealed"
        )
    return Sealed(int.from_bytes(place, "little", signed=True), bytes(pickled))


def opened_pickle(pickled: bytes) -> Sealed | None:
    """The same of a sealed state that was pickled once more, as an engine does; None for a pickled None.

    Nothing is unpickled: it must be the pickle of its sealed bytes to the bit.
    """
    begin = pickled.find(MARK, 0, _WRAPPED_WITHIN + len(MARK))
    if begin < 0:
        if pickled == pickle.dumps(None):
            return None
        raise StateError("a state of the recovery store bears no seal")
    sealed = pickled[begin : _end(pickled)]
    if pickle.dumps(sealed) != pickled:
        raise StateError("a state of the recovery store is damaged around its seal")
    return opened(sealed)


def _end(pickled: bytes) -> int:
    """Where the bytes end within their pickle, which memoizes them (one byte) and stops (one byte)."""
    return len(pickled) - 2


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
