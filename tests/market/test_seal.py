import pickle

import pytest

from market.errors import StateError
from market.seal import MARK, NO_ROW, Sealed, opened, opened_pickle, seal, unseal

SIZES = [0, 1, 200, 255, 256, 65_536, 300_000]  # pickles change their form with the size


@pytest.mark.parametrize("size", SIZES)
def test_a_sealed_state_comes_back_with_its_row(size: int) -> None:
    state = {"numbers": bytes(range(256)) * (size // 256 + 1)}
    sealed = seal(state, row=2**40)
    assert unseal(sealed) == state
    assert opened(sealed) == opened_pickle(pickle.dumps(sealed)) == Sealed(2**40, pickle.dumps(state, 5))


@pytest.mark.parametrize("wrapped", [False, True])
def test_every_flipped_bit_is_told(wrapped: bool) -> None:
    sealed = seal({"sum": 12.5}, row=7)
    whole = pickle.dumps(sealed) if wrapped else sealed
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StateError):
            (opened_pickle if wrapped else opened)(bytes(damaged))


def test_every_truncation_is_told() -> None:
    sealed = seal([1, 2, 3])
    whole = pickle.dumps(sealed)
    for length in range(len(sealed)):
        with pytest.raises(StateError):
            unseal(sealed[:length])
    for length in range(len(whole)):
        with pytest.raises(StateError):
            opened_pickle(whole[:length])


def test_none_needs_no_seal_and_anything_else_does() -> None:
    assert opened_pickle(pickle.dumps(None)) is None
    for state in (0, {"offset": 3}, b"bytes", b"x" * 40 + MARK):
        with pytest.raises(StateError, match="no seal"):
            opened_pickle(pickle.dumps(state))


def test_a_seal_is_mark_row_digest_and_pickle_and_a_state_of_no_journal_has_a_row_of_its_own() -> None:
    pickled = pickle.dumps(3, 5)
    digest = bytes.fromhex("d0ddc24159c935444e3d3efe23d18b04")
    assert seal(3, row=258) == b"barograph state 1\n" + b"\2\1\0\0\0\0\0\0" + digest + pickled
    assert opened(seal(3)) == Sealed(NO_ROW, pickled)
