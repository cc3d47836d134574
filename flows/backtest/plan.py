"""What a backtest was asked for, checked before any work."""

from dataclasses import dataclass
from pathlib import Path

from flows.backtest.tape import Tape
from market.errors import SettingsError
from market.messages import Signal
from market.regimes import UNKNOWN
from market.schema import TIMEFRAMES

MOST_FOLDS, MOST_CUTS, MOST_TRIALS = 50, 100, 1_000_000


@dataclass(frozen=True)
class Plan:
    """How a tape is to be judged."""

    since_ns: int | None = None  # trading begins; the models learn from what is before
    until_ns: int | None = None
    folds: int = 4
    embargo: int | None = None  # periods; None: a hundredth of all
    trials: int | None = None  # that were tried in all; None: as many as there are variants
    period: str | None = None  # of TIMEFRAMES; None: the longest that gives enough
    timeframe: str | None = None  # whose regimes figures are split by; None: the shortest that knows any
    seed: int = 1
    output: Path = Path("barograph-backtest")

    def __post_init__(self) -> None:
        """Raise SettingsError for what cannot be."""
        if not 1 <= self.folds <= MOST_FOLDS:
            raise SettingsError(f"--folds must be 1 … {MOST_FOLDS}, got {self.folds}")
        if self.embargo is not None and self.embargo < 0:
            raise SettingsError(f"--embargo must be at least 0 periods, got {self.embargo}")
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise SettingsError(f"--trials must be 1 … {MOST_TRIALS:,}, got {self.trials}")
        if self.period is not None and self.period not in TIMEFRAMES:
            raise SettingsError(f"--period must be one of {', '.join(TIMEFRAMES)}, got {self.period!r}")
        if self.since_ns is not None and self.until_ns is not None and self.since_ns >= self.until_ns:
            raise SettingsError("--from must be before --to")
        check_output(self.output)


def check_output(folder: Path) -> None:
    """Refuse, before any work, a folder that cannot be made or is a file."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"--output {folder} is a file; name a folder")
    if not folder.absolute().parent.is_dir():
        raise SettingsError(f"--output {folder}: there is no folder {folder.absolute().parent}")


def timeframe_of(tape: Tape, wanted: str | None, known: list[str]) -> str:
    """The regime timeframe that figures are split by: the one that is wanted, or the first of `known` (short to long)
    with a regime that is not unknown.

    Raises SettingsError for one that is not among those known.
    """
    if wanted is not None:
        if wanted not in known:
            raise SettingsError(f"--timeframe must be one of {', '.join(known)}, got {wanted!r}")
        return wanted
    heard = {
        message.timeframe
        for row in tape.rows
        for message in row.messages
        if isinstance(message, Signal) and message.regime != UNKNOWN
    }
    return next((name for name in known if name in heard), known[0])
