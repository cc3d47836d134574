from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from market.errors import FrameError
from venues.times import from_rfc3339, from_seconds


@given(
    time=some.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001 - naive, as hypothesis wants them
    digits=some.integers(0, 9),
    fraction=some.integers(0, 999_999_999),
)
def test_every_digit_of_a_time_counts(time: datetime, digits: int, fraction: int) -> None:
    whole = int(time.replace(microsecond=0, tzinfo=UTC).timestamp())
    shown = f"{fraction:09d}"[:digits]
    text = time.strftime("%Y-%m-%dT%H:%M:%S") + (f".{shown}" if shown else "")
    assert from_rfc3339(text + "Z") == whole * 10**9 + int(shown.ljust(9, "0"))
    assert from_seconds(f"{whole}.{fraction:09d}") == whole * 10**9 + fraction


@pytest.mark.parametrize(("offset", "ahead_s"), [("+00:00", 0), ("+05:30", 19_800), ("-08:00", -28_800)])
def test_offsets_are_taken_off(offset: str, ahead_s: int) -> None:
    assert from_rfc3339(f"2026-08-09T21:05:48.5{offset}") == from_rfc3339("2026-08-09T21:05:48.5Z") - ahead_s * 10**9


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "2026-08-09",
            "2026-08-09 21:05:48Z",
            "2026-08-09T21:05:48",
            "2026-08-09t21:05:48z",
            "2026-8-9T21:05:48Z",
        ),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z"),
        *(
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00+1:00",
        ),
        *("2026-01-01T00:00:00+24:00", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "２026-01-01T00:00:00Z"),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(FrameError, match="time"):
        from_rfc3339(text)


@pytest.mark.parametrize("text", ["", "1618678142.", "1618678142557535", "1e9", "-1618678142", "1618678142.1234567891"])
def test_seconds_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(FrameError, match="seconds"):
        from_seconds(text)
