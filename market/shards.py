"""Which shard an instrument belongs to, and which worker of a cluster a shard: the same everywhere, for ever.

Instruments go by rendezvous hashing, Thaler & Ravishankar (1998), "Using name-based mappings to increase hit rates",
https://doi.org/10.1109/90.663936: one more instrument moves none of the others, and one more shard moves only those
that it wins.

Shards go where Bytewax sends their key: to worker `hash(key) mod workers`. The hash is Rust's SipHash-1-3, which does
not know that neighbours should be apart, so `key_of` picks among the names of a shard one that makes the shards of a
venue go round: no worker of up to eight has two more of them than another. A guess of the hash that is wrong costs
balance and nothing else.
"""

import hashlib
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import count

EVEN_UP_TO = 840  # the least common multiple of 1 … 8
_WORD = (1 << 64) - 1


def shard_name(venue: str, number: int) -> str:
    """The name of a shard.

    >>> shard_name("binance-usdm", 2)
    'binance-usdm/2'
    """
    return f"{venue}/{number}"


def shard_of_file(stem: str) -> str:
    """The shard whose journal file is called so.

    >>> shard_of_file("binance-usdm-2")
    'binance-usdm/2'
    """
    return "/".join(stem.rsplit("-", 1))


def shard_number(symbol: str, shards: int) -> int:
    """The number, 0 … shards − 1, of the shard that an instrument belongs to.

    >>> [shard_number(symbol, 4) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")]
    [0, 1, 3]
    """
    return max(range(shards), key=lambda number: _score(symbol, number))


def instruments_of(number: int, instruments: Sequence[str], shards: int) -> list[str]:
    """The instruments of one shard, in their order."""
    return [symbol for symbol in instruments if shard_number(symbol, shards) == number]


def place_of(shard: str) -> int:
    """A number that counts up with the shards of a venue; modulo a number of places, it says where a shard belongs.

    >>> [place_of(f"okx/{number}") % 6 for number in range(6)]
    [1, 2, 3, 4, 5, 0]
    """
    venue, _, number = shard.rpartition("/")
    return zlib.crc32(venue.encode()) + int(number) if number.isdecimal() else zlib.crc32(shard.encode())


def worker_of(shard: str, workers: int) -> int:
    """The worker, 0 … workers − 1, that Bytewax hands everything of a shard to.

    >>> [worker_of(f"okx/{number}", 3) for number in range(6)]
    [1, 2, 0, 1, 2, 0]
    """
    return _hash(key_of(shard)) % workers


@lru_cache(maxsize=4096)
def key_of(shard: str) -> str:
    """The key of a shard in the stream."""
    place = place_of(shard)
    names = (f"{shard}#{salt}" for salt in count())
    return next(name for name in names if _hash(name) % EVEN_UP_TO == place % EVEN_UP_TO)


def _score(symbol: str, number: int) -> bytes:
    return hashlib.blake2b(f"{number}|{symbol}".encode(), digest_size=8).digest()


def _hash(key: str) -> int:
    """Rust's hash of a string: SipHash-1-3 of its bytes and 0xFF under the key zero. Aumasson & Bernstein (2012)."""
    data = key.encode() + b"\xff"
    a, b, c, d = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    whole = len(data) - len(data) % 8
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        a, b, c, d = _round(a, b, c, d ^ word)
        a ^= word
    c ^= 0xFF
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _WORD
    b = _rotated(b, 13) ^ a
    a = _rotated(a, 32)
    c = (c + d) & _WORD
    d = _rotated(d, 16) ^ c
    a = (a + d) & _WORD
    d = _rotated(d, 21) ^ a
    c = (c + b) & _WORD
    b = _rotated(b, 17) ^ c
    return a, b, _rotated(c, 32), d


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _WORD
