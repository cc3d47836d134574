"""What a key looks like: bg_<public id>_<secret><checksum>.

The prefix lets scanners of source code know a key that leaked; the checksum tells a typo or a cut from a wrong key
without asking anybody, and says nothing of the secret that its holder does not know.
"""

import re
import secrets
import zlib
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_BYTES = 32
SECRET_CHARACTERS = 43  # 62 ** 43 > 2 ** 256
CHECKSUM_CHARACTERS = 6  # 62 ** 6 > 2 ** 32
PATTERN = re.compile(r"bg_([0-9a-f]{16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")
LONGEST_BYTES = 256  # of what is looked at; longer is no key


class KeyText(NamedTuple):
    """A new key. `text` is shown once and kept nowhere."""

    id: str
    text: str


def new_key() -> KeyText:
    """A key from 256 random bits.

    >>> key = new_key()
    >>> key_id(key.text) == key.id, key_id(key.text[:-1]), key_id(key.text.swapcase())
    (True, None, None)
    """
    public = secrets.token_hex(8)
    secret = base62(int.from_bytes(secrets.token_bytes(SECRET_BYTES), "big"), SECRET_CHARACTERS)
    body = f"bg_{public}_{secret}"
    return KeyText(public, body + checksum(body))


def key_id(text: str) -> str | None:
    """The public id of a whole key; None where it is none, or mistyped."""
    found = PATTERN.fullmatch(text)
    if found is None or checksum(text[:-CHECKSUM_CHARACTERS]) != found[3]:
        return None
    return found[1]


def checksum(body: str) -> str:
    """CRC-32 of prefix, id and secret.

    >>> checksum("bg_")
    '1rDcSn'
    """
    return base62(zlib.crc32(body.encode()), CHECKSUM_CHARACTERS)


def base62(number: int, characters: int) -> str:
    """A number in digits and letters, with leading zeros.

    >>> base62(61, 2)
    '0z'
    """
    text = ""
    for _ in range(characters):
        number, rest = divmod(number, len(ALPHABET))
        text = ALPHABET[rest] + text
    return text
