"""A tape made of files of bars: the stages of the market flow find the regimes, quotes are assumed around the bars.

Signals are those of operators/signals/decide.py; the book that it asks for is the assumed quote: valid, of this moment,
leaning nowhere. A signal is known when its bar closed, and the quotes that fill come after that (assumed.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from flows.backtest.assumed import Assumed, Steps, faded, quote
from flows.backtest.bar_files import BarFile, batches, read_file, steps_of
from flows.backtest.market_stages import market_stages, regimes_read
from flows.backtest.tape import MOST_ROWS, Progress, Source, Tape, row_of
from market.batch import Batch
from market.clock import MILLISECOND_NS, SECOND_NS
from market.errors import SettingsError
from market.messages import AnyMessage, Traded
from operators.signals.decide import SIGNAL, BookView, signal
from operators.signals.messages import signals
from operators.stage import Stage

LEANING_NOWHERE = BookView(valid=True, age_s=0.0, imbalance=0.0)
STALE_S = 5.0  # as operators/signals/decide.py; the assumed book is of this moment
LEAST_DELAY_NS = MILLISECOND_NS  # what fills comes after what was decided, even without latency


def bar_source(
    names: Sequence[str],
    *,
    venue: str,
    timeframes: Mapping[str, str],
    assumed: Assumed,
    latency_ms: float,
    now_ns: int,
    stages: Sequence[Stage] | None = None,
) -> Source:
    """Files of bars, PATH or INSTRUMENT=PATH each. timeframes: the bars of each regime timeframe.

    stages: of the market flow, those of flows/market.py if none. Raises SettingsError or CaptureError for files that
    cannot be traded on.
    """
    files = [read_file(name, now_ns=now_ns) for name in names]
    _check(files, timeframes)
    shortest = {name: min((file for file in files if file.instrument == name), key=_length) for name in _named(files)}
    steps = {name: steps_of(file, venue) for name, file in shortest.items()}
    delay_ns = max(round(latency_ms * MILLISECOND_NS), LEAST_DELAY_NS)
    least_ns = min(file.bars.interval_ns for file in files)
    if delay_ns >= least_ns:
        raise SettingsError(
            f"execution.latency_ms {latency_ms:g} is as long as the bars or longer, {least_ns / SECOND_NS:g} s: what"
            " fills an order cannot be told from them; take longer bars"
        )

    def read(until_ns: int | None, progress: Progress) -> Tape:
        known = [file.until(until_ns) for file in files]
        tables = _market(known, list(steps.values()), venue, stages or market_stages(timeframes), progress)
        events: dict[int, list[AnyMessage]] = defaultdict(list)
        for file in known:
            if file.timeframe == shortest[file.instrument].timeframe:
                _quotes(events, file, steps[file.instrument], assumed, delay_ns)
        for batch in _of_signals(tables["signals"], venue):
            for message in signals(batch):
                events[message.time_ns].append(message)
        if len(events) > MOST_ROWS:
            raise SettingsError(f"{len(events):,} rows are more than the {MOST_ROWS:,} a backtest holds; take less")
        rows = tuple(row_of(number, time, events[time]) for number, time in enumerate(sorted(events), 1))
        told = _told(known, steps.values(), assumed, latency_ms)
        return Tape(rows, tables, min(file.bars.interval_ns for file in files), told)

    longest_ns = max(file.bars.interval_ns for file in shortest.values())
    return Source(", ".join(file.bars.path.name for file in files), read, longest_ns)


def _named(files: Sequence[BarFile]) -> list[str]:
    return list(dict.fromkeys(file.instrument for file in files))


def _length(file: BarFile) -> int:
    return file.bars.interval_ns


def _check(files: Sequence[BarFile], timeframes: Mapping[str, str]) -> None:
    seen: dict[tuple[str, str], BarFile] = {}
    for file in files:
        key = (file.instrument, file.timeframe)
        if key in seen:
            raise SettingsError(
                f"{file.bars.path} and {seen[key].bars.path} both hold {file.timeframe} bars of {file.instrument};"
                " join them, or name their instruments: INSTRUMENT=PATH"
            )
        seen[key] = file
        if file.timeframe not in timeframes.values():
            made = ", ".join(f"{name} of {bar}" for name, bar in timeframes.items())
            raise SettingsError(
                f"{file.bars.path} holds {file.timeframe} bars, and regimes are found on {made}; set regimes.timeframes"
            )


def _market(
    files: Sequence[BarFile], steps: Sequence[Steps], venue: str, stages: Sequence[Stage], progress: Progress
) -> dict[str, pl.DataFrame]:
    """Tables `regimes` and `signals` of all bars."""
    states = [stage.empty() for stage in stages]
    found: list[pl.DataFrame] = []
    made: list[dict[str, Any]] = []
    done, total = 0, sum(len(file.bars) for file in files)
    for arrived in batches(files, steps, venue):
        batch = arrived
        for stage, state in zip(stages, states, strict=True):
            batch = stage.advance(state, batch)
        regimes = regimes_read(batch)
        if regimes is not None:
            found.append(regimes)
            made += [signal(row, LEANING_NOWHERE, stale_s=STALE_S) for row in regimes.iter_rows(named=True)]
        done += len(arrived.frames)
        progress("learning from bars", min(done, total), total)
    regimes = pl.concat(found) if found else pl.DataFrame()
    return {"regimes": regimes, "signals": pl.DataFrame(made, schema=SIGNAL)}


def _of_signals(rows: pl.DataFrame, venue: str) -> Iterator[Batch]:
    """The signals as the batches that operators/signals/messages.py reads."""
    if not rows.is_empty():
        yield Batch(f"{venue}/0", 1, np.empty(0, np.int64), tables={"signals": rows})


def _quotes(events: dict[int, list[AnyMessage]], file: BarFile, steps: Steps, assumed: Assumed, delay_ns: int) -> None:
    """Add what each bar traded and its two quotes; the second only where the next bar's open is known."""
    bars, closed = file.bars, file.closed.tolist()
    traded = _volume(file, steps)
    ranges, volumes = faded(bars.high - bars.low), faded(traded)
    opens = [*zip(bars.open_time.tolist(), bars.open.tolist(), strict=True), file.opened][1:]
    for row, (close, opened) in enumerate(zip(bars.close.tolist(), opens, strict=True)):
        means = {"mean_range": float(ranges[row]), "mean_volume": float(volumes[row])}
        events[closed[row]].append(quote(steps, assumed, time_ns=closed[row], price=close, **means))
        if traded[row] > 0.0:
            said = Traded(venue=steps.venue, instrument=steps.instrument, time_ns=closed[row], size=float(traded[row]))
            events[closed[row]].append(said)
        if opened is not None:
            time_ns = opened[0] + delay_ns
            events[time_ns].append(quote(steps, assumed, time_ns=time_ns, price=opened[1], **means))


def _volume(file: BarFile, steps: Steps) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Sizes traded in each bar: as told, or from the notional; NaN where neither is."""
    bars = file.bars
    worth = steps.contract_size * (1.0 if steps.inverse else bars.close)
    volume: np.ndarray[Any, np.dtype[np.float64]] = np.where(
        np.isfinite(bars.volume), bars.volume, bars.notional / worth
    )
    return volume


def _told(files: Sequence[BarFile], steps: Any, assumed: Assumed, latency_ms: float) -> dict[str, str]:
    counted = [
        f"{file.bars.path.name}: {len(file.bars):,} bars {file.timeframe} of {file.instrument}"
        + (f", {file.faulty:,} rows that are no bars left out" if file.faulty else "")
        for file in files
    ]
    fixed = [f"{one.instrument} tick {one.tick_size:g} lot {one.lot_size:g}" for one in steps]
    filled = f"orders fill {latency_ms:g} ms after the next bar opened, around its open, by what is displayed there"
    return {"source": "; ".join(counted), "steps": "; ".join(fixed), "quotes": f"assumed: {assumed}; {filled}"}
