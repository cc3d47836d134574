"""Headers that carry keys: they can be sent, and cannot be printed."""

from collections.abc import Mapping
from types import MappingProxyType


class Hidden(dict[str, str]):
    """Shows its names and never its values."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}: hidden>"

    __str__ = __repr__


def hidden(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The same headers, for reading only.

    >>> hidden({"X-KEY": "secret"})
    mappingproxy(<X-KEY: hidden>)
    """
    return MappingProxyType(Hidden(headers))
