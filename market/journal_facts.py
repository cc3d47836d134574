"""What a journal must know about itself to be read rightly, kept twice and sealed by a CRC-32, in `meta` and `facts`.

Two tables lie on two pages of the file, so no single bad block takes both.
"""

import zlib
from collections.abc import Mapping

VENUE, SHARD, SCHEMA, BLOCK_NS = "venue", "shard", "schema", "block_ns"
CHECKED_AFTER = "checked_after"  # rows with greater offsets carry checksums
PRUNED_TO = "pruned_to"  # up to this offset, rows may be missing because they were pruned
FACTS = (SCHEMA, VENUE, SHARD, BLOCK_NS, CHECKED_AFTER, PRUNED_TO)
SEAL = "seal"
UNSEALED_SCHEMA = "1"


def sealed(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts with their seal.

    >>> sealed({"schema": "2", "venue": "v", "shard": "v/0", "block_ns": "1", "checked_after": "0", "pruned_to": "0"})[
    ...     "seal"
    ... ]
    'ebb9adab'
    """
    kept = {key: facts[key] for key in FACTS}
    return kept | {SEAL: _seal(kept)}


def are_whole(facts: Mapping[str, str]) -> bool:
    """Whether all facts are there and as they were sealed. Schema 1 knew no seal."""
    if facts.get(SCHEMA) == UNSEALED_SCHEMA:
        return all(key in facts for key in (VENUE, SHARD, BLOCK_NS))
    return all(key in facts for key in FACTS) and facts.get(SEAL) == _seal(facts)


def number(facts: Mapping[str, str], key: str, otherwise: int) -> int:
    """A fact as a number; what schema 1 does not say is `otherwise`."""
    return int(facts.get(key, otherwise))


def _seal(facts: Mapping[str, str]) -> str:
    return f"{zlib.crc32(chr(0).join(facts[key] for key in FACTS).encode()):08x}"
