"""`Terms` of the kill switch, and what a kill came to."""

from dataclasses import dataclass, field
from math import isfinite

WITHIN_S = 60.0
REQUESTS = 8


@dataclass(frozen=True)
class Terms:
    """Times and limits of a kill."""

    within_s: float = WITHIN_S  # then it says that it is not acknowledged
    settle_s: float = 2.0  # for which no order may stand, whatever the venue
    unstamped_s: float = 15.0  # … where the venue neither suspends nor refuses late requests: what may be under way
    margin_s: float = 2.0  # beyond the venue's own limit for late requests: it takes stamps of up to 1 s ahead
    round_s: float = 0.2  # between two looks
    requests: int = REQUESTS  # to the venue at once
    connect_s: float = 2.0
    answer_s: float = 5.0  # for which an answer is waited

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be finite and above 0, got {value}")


@dataclass
class Outcome:
    """What a kill did. Acknowledged: no order lives at the venue and none can come to live there from here."""

    acknowledged: bool = False
    done: list[str] = field(default_factory=list)  # in order, for a person
    problems: list[str] = field(default_factory=list)  # that stand
    cancelled: int = 0
    asked: int = 0  # intents in doubt
    closed: dict[str, float] = field(default_factory=dict)  # positions that were closed: signed size
