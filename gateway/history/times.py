"""Times as people write them in a URL."""

from typing import Annotated, Any

from pydantic import Field

from gateway.rows import time_ns

_LEAP = "(00|04|08|12|16|20|24|28|32|36|40|44|48|52|56|60|64|68|72|76|80|84|88|92|96)"
_DAY = (
    "20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?Z?"
TIME = f"{_DAY}(T{_HOUR})?"


def parsed(text: str) -> int:
    """A day, or a time in UTC to the nanosecond, as ns since 1970.

    >>> parsed("2024-02-29"), parsed("2024-02-29T00:00:00.000000001Z") - parsed("2024-02-29")
    (1709164800000000000, 1)
    """
    return time_ns(text)


def _text(pattern: str, what: str) -> Any:
    return Field(
        pattern=pattern, max_length=30, description=what, examples=["2026-11-23", "2026-11-23T05:33:00.123456789Z"]
    )


WHAT = "ISO 8601 in UTC, a day or to the nanosecond, from 2000 to 2099"
TimeText = Annotated[str, _text(f"^{TIME}$", WHAT)]
OptionalTime = Annotated[str, _text(f"^({TIME})?$", WHAT)]  # empty: not given
