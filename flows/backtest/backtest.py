"""`barograph backtest`: a tape, all variants over it, the report, its files and its page."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Shown

from flows.backtest import lookahead, output, picture
from flows.backtest.page import checked, page
from flows.backtest.periods import period_of
from flows.backtest.plan import Plan, timeframe_of
from flows.backtest.report import Report, made
from flows.backtest.report import lookahead as told
from flows.backtest.tape import Progress, Source, Tape
from flows.backtest.trading_stages import trading_stages
from flows.backtest.trials import Trials, tried, walked
from flows.backtest.variants import Values
from flows.settings import Settings
from gateway.rows import time_text
from market.clock import SECOND_NS
from market.errors import BarographError, SettingsError
from market.schema import TIMEFRAMES

LEAST_ROWS = 2


class LookaheadError(BarographError):
    """Something was decided by what came later."""


def run_backtest(
    source: Source, settings: Settings, variants: list[tuple[Values, Settings]], plan: Plan, *, cuts: int = 0
) -> None:
    """Run, write and tell; with `cuts`, check for look-ahead first. Raises LookaheadError where there is any."""
    console = Console(highlight=False)
    for _, chosen in variants:
        _check_step(source, chosen)
    with watched() as progress:
        found = _checked(source, settings, plan, cuts, progress) if cuts else None
        if found is not None and found.differences:
            raise LookaheadError(checked(told(found)))
        report, trials = reported(source, settings, variants, plan, progress, found)
    folds, _, _ = walked(trials, plan)
    paths = output.write(plan.output, report, trials)
    paths.append(output.put(plan.output, "backtest.png", lambda path: picture.save(report, trials, folds, path)))
    console.print(page(report))
    console.print()
    for path in paths:
        console.print(f"written: {path}", style="bright_black", soft_wrap=True, markup=False)


def run_check(source: Source, settings: Settings, plan: Plan, *, cuts: int) -> None:
    """Only the look-ahead check; raises LookaheadError where there is any."""
    _check_step(source, settings)
    with watched() as progress:
        found = _checked(source, settings, plan, cuts, progress)
    if found.differences:
        raise LookaheadError(checked(told(found)))
    Console(highlight=False).print(checked(told(found)), style="green", soft_wrap=True)


def _check_step(source: Source, settings: Settings) -> None:
    """The optimiser knows returns on its grid, which needs a price in every step."""
    portfolio, bar_s = settings.portfolio, source.bar_ns / SECOND_NS
    if portfolio.method == "optimizer" and portfolio.return_step_s < bar_s:
        raise SettingsError(
            f"portfolio.return_step_s {portfolio.return_step_s:g} is shorter than the bars, {bar_s:g} s, so that no"
            " return would be known; set it to that or a multiple, and covariance_half_life_s to fit"
        )


def _checked(source: Source, settings: Settings, plan: Plan, cuts: int, progress: Progress) -> lookahead.Checked:
    return lookahead.check(
        source, lambda: trading_stages(settings, bar_ns=source.bar_ns), cuts=cuts, seed=plan.seed, progress=progress
    )


def reported(
    source: Source,
    settings: Settings,
    variants: list[tuple[Values, Settings]],
    plan: Plan,
    progress: Progress,
    found: lookahead.Checked | None = None,
) -> tuple[Report, Trials]:
    """The report and what it rests on. Raises SettingsError for a tape that holds nothing in the time asked for."""
    whole = source.read(None, progress)
    tape = whole.between(plan.since_ns, plan.until_ns)
    if len(tape.rows) < LEAST_ROWS:
        raise SettingsError(_nothing(whole))
    names = list(settings.regimes.timeframes)
    period_ns = _period(plan, tape)
    trials = tried(
        tape, variants, period_ns=period_ns, timeframe=timeframe_of(tape, plan.timeframe, names), progress=progress,
        bar_ns=source.bar_ns,
    )  # fmt: skip
    return made(tape, trials, plan, name=source.name, checked=found), trials


def _period(plan: Plan, tape: Tape) -> int:
    if plan.period is None:
        return period_of(tape)
    period_ns = TIMEFRAMES[plan.period] * SECOND_NS
    if period_ns < tape.bar_ns:
        raise SettingsError(f"--period {plan.period} is shorter than the bars, {tape.bar_ns // SECOND_NS} s")
    return period_ns


def _nothing(tape: Tape) -> str:
    if not tape.rows:
        return "there is nothing to trade on: no quotes came of this input"
    first, last = (time_text(time)[:19] for time in (tape.first_ns, tape.last_ns))
    return f"nothing was recorded between --from and --to; the input goes from {first} to {last} UTC"


@contextmanager
def watched() -> Iterator[Progress]:
    """Bars of progress where a person watches."""
    columns = (TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn())
    console = Console(stderr=True)
    with Shown(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task("reading", total=None)

        def tell(what: str, done: int, total: int) -> None:
            shown.update(task, description=what, completed=done, total=total or None)

        yield tell
