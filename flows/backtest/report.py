"""The report of a backtest as plain data: what was asked, what came of it, and why what is missing cannot be told.

Shares (return, drawdown, costs, turnover) are of capital; ratios are yearly unless they say otherwise; times are ISO,
UTC. A figure that cannot be told is null, and its reason stands under `unknown` beside it. No clock is in it: the same
inputs give the same bytes.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import polars as pl

from flows.backtest.account import Run
from flows.backtest.by_regime import by_regime
from flows.backtest.figures import Section, account_figures, ratio_figures, trade_figures
from flows.backtest.folds import Fold
from flows.backtest.lookahead import Checked
from flows.backtest.periods import per_year
from flows.backtest.plan import Plan
from flows.backtest.tape import Tape
from flows.backtest.trials import Trials, judged, overfitted, walked
from flows.backtest.variants import SECTIONS
from gateway.rows import time_text
from market.clock import SECOND_NS
from market.messages import encode

FEW_FILLS = 30

Report = dict[str, Any]


def made(tape: Tape, trials: Trials, plan: Plan, *, name: str, checked: Checked | None) -> Report:
    """The whole report."""
    run = trials.runs[trials.chosen]
    yearly = per_year(run.periods, trials.period_ns)
    tested = max(plan.trials or 1, len(trials.runs))
    figures = account_figures(run, trials.period_ns, trials=tested, variance=trials.variance(tested), seed=plan.seed)
    folds, embargo, reason = walked(trials, plan)
    return {
        "backtest": _asked(tape, trials, plan, name, yearly),
        "settings": {part: getattr(trials.settings[trials.chosen], part).model_dump() for part in SECTIONS},
        "variant": trials.names[trials.chosen],
        "figures": plain(figures),
        "by_regime": {state: plain(section) for state, section in by_regime(run, yearly).items()},
        "variants": [_variant(trials, number, yearly) for number in range(len(trials.runs))],
        "walk_forward": _walk(trials, folds, embargo, reason, yearly),
        "overfitting": _overfitting(trials),
        "lookahead": None if checked is None else lookahead(checked),
        "warnings": _warnings(tape, run, trials),
    }


def plain(section: Section) -> Report:
    """Figures, and the reasons of those that are not known."""
    return {**section.values, **({"unknown": section.unknown} if section.unknown else {})}


def lookahead(checked: Checked) -> Report:
    """What the look-ahead check found."""
    return {
        "cuts": [time_text(cut) for cut in checked.cuts],
        "rows": checked.rows,
        "differences": [
            {**one._asdict(), "cut_ns": time_text(one.cut_ns), "time_ns": time_text(one.time_ns)}
            for one in checked.differences
        ],
    }


def digest(tape: Tape) -> str:
    """SHA-256 of all messages of a tape: two backtests of one digest saw the same."""
    found = hashlib.sha256()
    for row in tape.rows:
        found.update(b"%d|%d\n" % (row.offset, row.receive_time))
        for message in row.messages:
            found.update(encode(message))
    return found.hexdigest()


def _asked(tape: Tape, trials: Trials, plan: Plan, name: str, yearly: float) -> Report:
    return {
        "name": name,
        "from": time_text(tape.first_ns),
        "to": time_text(tape.last_ns),
        "rows": len(tape.rows),
        "sha256": digest(tape),
        "period_s": trials.period_ns / SECOND_NS,
        "periods_per_year": round(yearly, 6),
        "regimes_of": trials.timeframe,
        "capital": trials.runs[trials.chosen].capital,
        "seed": plan.seed,
        "interval": 0.95,
        **tape.told,
    }


def _variant(trials: Trials, number: int, yearly: float) -> Report:
    ratios = ratio_figures(trials.returns[:, number], yearly)
    named = {"name": trials.names[number], "settings": dict(trials.values[number])}
    return {**named, **plain(trade_figures(trials.runs[number])), **plain(ratios)}


def _walk(trials: Trials, folds: Sequence[Fold], embargo: int, reason: str, yearly: float) -> Report:
    if not folds:
        return {"folds": [], "embargo_periods": embargo, "unknown": {"folds": reason}}
    ends = trials.runs[0].periods["time"].to_list()
    starts = [ends[0] - trials.period_ns, *ends[:-1]]
    rows = []
    for fold in folds:
        inside = ratio_figures(trials.returns[: fold.chosen_until, fold.variant], yearly)
        outside = ratio_figures(trials.returns[fold.judged_from : fold.judged_until, fold.variant], yearly)
        rows.append(
            {
                "from": time_text(starts[fold.judged_from]),
                "to": time_text(ends[fold.judged_until - 1]),
                "variant": trials.names[fold.variant],
                "in_sample": plain(inside),
                "out_of_sample": plain(outside),
            }
        )
    return {"folds": rows, "embargo_periods": embargo, "joined": plain(judged(trials, folds, yearly))}


def _overfitting(trials: Trials) -> Report:
    found, reason = overfitted(trials)
    if found is None:
        return {"probability": None, "unknown": {"probability": reason}}
    section = Section()
    section.add("probability", found.probability)
    section.add("probability_of_loss", found.loss)
    section.add("slope", found.slope, "the best ratios in-sample do not differ")
    section.add("combinations", found.combinations)
    section.add("blocks", found.blocks)
    return plain(section)


def _warnings(tape: Tape, run: Run, trials: Trials) -> list[str]:
    """What whoever reads the figures must know."""
    said = []
    letters = sum(row.accounts.dead_lettered for row in tape.rows)
    if letters:
        said.append(f"{letters:,} messages of the journal could not be used (dead letters)")
    events = run.tables.get("risk_events", pl.DataFrame())
    for event in ("reducing", "halted") if len(events) else ():
        rows = events.filter(pl.col("event") == event)
        if len(rows):
            when = time_text(int(rows["receive_time"][0]))[:19]
            said.append(f"the kill switch went to {event} at {when} ({rows['reason'][0]}): nothing was opened after it")
            break
    refused = len(events.filter(pl.col("event") == "refused")) if len(events) else 0
    if refused:
        said.append(f"the gate refused {refused:,} orders")
    if len(run.trades) < FEW_FILLS:
        said.append(f"{len(run.trades)} fills: too few to say much")
    if len(run.trades) and not (run.trades["impact"].abs() > 0).any():
        said.append("no order paid for impact beyond the touch; give --impact above 0")
    if len(trials.runs) > 1:
        said.append(f"chosen as the best of {len(trials.runs)} variants; trust the figures out of sample")
    return said
