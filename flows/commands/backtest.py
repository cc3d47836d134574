"""The command that says what trading would have come to."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.options import Config, Data, settings_of
from flows.settings import VENUE_NAMES
from market.errors import SettingsError

IMPACT_SPREADS = 1.0  # where neither settings nor words say: no order is free
BARS_SECTION = "Quotes where only bars exist"


def backtest(
    bars: Annotated[
        list[str] | None,
        typer.Argument(
            help="Bars, .parquet, .feather or .csv(.gz), PATH or INSTRUMENT=PATH; none: the journal under --data.",
            show_default=False,
        ),
    ] = None,
    venue: Annotated[str | None, typer.Option(help=f"Whose bars they are, for fees: {VENUE_NAMES}.")] = None,
    journal: Annotated[
        str | None,
        typer.Option(help="trading (signals as they were live) or market (all anew); trading where there is one."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Trade from this on: 2026-11-23 or 2026-11-23T05:30, UTC; learn before."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Trade before this.")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(help="NAME=A,B,C: a setting of portfolio, solver, risk or execution; may be repeated."),
    ] = None,
    folds: Annotated[int, typer.Option(help="Walk-forward folds: choose by what was, judge by what came.")] = 4,
    embargo: Annotated[
        int | None, typer.Option(help="Periods left out after each choice; a hundredth of all by default.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="How many strategies were tried in all, before these too; deflates the Sharpe.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="What a return is counted over: 1s, 1m, 15m, 1h, 1d; by default one that gives 250."),
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Whose regimes figures are split by; by default the shortest that knows any.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resampling and of the cuts of --check-lookahead.")] = 1,
    check_lookahead: Annotated[
        bool,
        typer.Option("--check-lookahead", help="Cut the input off at random times first: all up to there must stay."),
    ] = False,
    cuts: Annotated[int, typer.Option(min=1, max=100, help="How many times --check-lookahead cuts.")] = 5,
    only_check: Annotated[
        bool, typer.Option("--only-check", help="With --check-lookahead: check, and nothing else.")
    ] = False,
    output: Annotated[
        Path, typer.Option(help="Folder for report.json, equity, trades and variants (.parquet) and backtest.png.")
    ] = Path("barograph-backtest"),
    spread_bps: Annotated[float, typer.Option(min=0, help="Least spread assumed.", rich_help_panel=BARS_SECTION)] = 2.0,
    spread_of_range: Annotated[
        float, typer.Option(min=0, help="Or this share of a bar's mean range, if larger.", rich_help_panel=BARS_SECTION)
    ] = 0.05,
    depth_share: Annotated[
        float, typer.Option(help="Displayed on each side: share of a bar's mean volume.", rich_help_panel=BARS_SECTION)
    ] = 0.01,
    impact: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="What an order pays beyond the touch for all that is displayed, in spreads; execution.impact, or 1.",
        ),
    ] = None,
    depth_notional: Annotated[
        float, typer.Option(help="Displayed where no volume is told, quote currency.", rich_help_panel=BARS_SECTION)
    ] = 50_000.0,
    config: Config = None,
    data: Data = None,
) -> None:
    """Say what the settings would have earned on a recorded market, and how far to believe it.

    Runs the operators that trade live, one code path, with the costs, the latency and the limits of the settings:
    `barograph backtest --data DIR` on a journal, `barograph backtest BTCUSDT-1m.parquet --venue binance-usdm` on bars.
    Around bars quotes are assumed (below); decisions are made at a close and filled after the next open.

    [b]What it says:[/b] return, drawdown, turnover, costs by kind, capacity, all by regime too; the Sharpe ratio with
    its standard error, its probability, and what is left of it after all trials (deflated). Where a sample is too short
    it says so instead of a number.

    [b]Several settings at once:[/b] `--vary no_trade_band=0.01,0.02 --vary target_volatility=0.1,0.2` runs all four,
    chooses in each walk-forward fold by what was known, judges by what came after, and tells the probability that
    the choice is overfitted. Strategies that were tried before count too: say how many with --trials.

    [b]--check-lookahead[/b] proves that nothing was decided by what came later, or names the first row that was.

    Ends with 0 when done, with 1 where it cannot be done or looked ahead, with 2 for wrong words. The same inputs
    give the same bytes.
    """
    from flows.backtest.backtest import run_backtest, run_check
    from flows.backtest.plan import Plan
    from flows.backtest.variants import laid_over, variants_of

    settings = settings_of(config, data)
    charged = impact if impact is not None else settings.execution.impact or IMPACT_SPREADS
    settings = laid_over(settings, {"execution.impact": charged})
    variants = variants_of(settings, vary or [])
    plan = Plan(
        since_ns=_time("--from", since),
        until_ns=_time("--to", until),
        folds=folds,
        embargo=embargo,
        trials=trials,
        period=period,
        timeframe=timeframe,
        seed=seed,
        output=output,
    )
    if only_check and not check_lookahead:
        raise SettingsError("--only-check says to do nothing but the check; give --check-lookahead with it")
    assumed = {
        "spread_bps": spread_bps,
        "spread_of_range": spread_of_range,
        "depth_share": depth_share,
        "depth_notional": depth_notional,
    }
    latency_ms = max(_latency_ms(chosen) for _, chosen in [({}, settings), *variants])
    source = _source(settings, bars or [], venue, journal, assumed, latency_ms)
    if only_check:
        run_check(source, settings, plan, cuts=cuts)
    else:
        run_backtest(source, settings, variants, plan, cuts=cuts if check_lookahead else 0)


def _latency_ms(settings: Any) -> float:
    """From a close to the earliest quote that can fill what it leads to; the optimiser's answer takes its time too."""
    from flows.backtest.drive import ANSWER_MS

    return float(settings.execution.latency_ms + (ANSWER_MS if settings.portfolio.method == "optimizer" else 0.0))


def _source(
    settings: Any, bars: list[str], venue: str | None, journal: str | None, assumed: dict[str, float], latency_ms: float
) -> Any:
    """The files, or the journal, that were named."""
    from flows.backtest.assumed import Assumed
    from flows.backtest.bar_tape import bar_source
    from flows.backtest.journal_tape import journal_source
    from market.clock import SystemClock
    from market.journal import partitions

    timeframes = settings.regimes.timeframes
    if not bars:
        if venue is not None:
            raise SettingsError("--venue says whose bars they are; a journal knows its venue: leave it out")
        if journal not in (None, "trading", "market"):
            raise SettingsError(f"--journal must be trading or market, got {journal!r}")
        is_trading = journal == "trading" or (journal is None and partitions(settings.data, "trading"))
        return journal_source(settings.data, "trading" if is_trading else "market", timeframes=timeframes)
    if venue is None:
        raise SettingsError("bars do not say whose they are, and fees depend on it; give --venue")
    if journal is not None:
        raise SettingsError("--journal and files of bars are two inputs; give one")
    try:
        quotes = Assumed(**assumed)
    except ValueError as error:
        raise SettingsError(f"--{str(error).replace('_', '-', 1)}") from None
    return bar_source(
        bars,
        venue=venue,
        timeframes=timeframes,
        assumed=quotes,
        latency_ms=latency_ms,
        now_ns=SystemClock().now_ns(),
    )


def _time(option: str, text: str | None) -> int | None:
    """A time of UTC, ns; raises SettingsError."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option} {text}: write a time as 2026-11-23 or 2026-11-23T05:30, UTC") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.UTC)
    whole = found - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return ((whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds) * 1_000


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel="Recorded markets")(backtest)
