"""What the terminal shows of a running Barograph: one `Snapshot`, drawn for a screen or written as lines.

Both are pure functions. On a screen, regimes are words, marks and colours (flows/regime_text.py), and `agree` says how
much of them is the same on all timeframes; lines are `key=value` for grep. Narrow terminals get two lines per
instrument.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from flows import regime_text
from flows.regime_text import NONE
from gateway.limits import STALE_AFTER_S
from gateway.overview import TIMEFRAMES, InstrumentNow, Overview, RegimeNow
from gateway.rows import SECOND_NS, time_ns

WIDE_COLUMNS = 148  # from here on, one row holds an instrument
LABELS = dict(zip(TIMEFRAMES, ("1 s", "1 min", "1 h", "1 day"), strict=True))
NUMBERS = ("mid", "spread bps", "OFI 50")
AGREEMENT = "agree"
HOLDINGS = ("position", "PnL")


@dataclass(frozen=True)
class ProcessNow:
    """One supervised process."""

    name: str
    running: bool
    restarts: int = 0
    state: str = ""  # in one word, where more is known than that it runs
    reason: str = ""  # why it does not work, where that is worth the room

    @property
    def word(self) -> str:
        """Its state for grep: running, down, or what keeps it from working."""
        plain = "running" if self.running else "down"
        return self.state if self.state in ("waiting", "silent", "braked") else plain


@dataclass(frozen=True)
class Snapshot:
    """All that is shown, at one moment."""

    venue: str
    data: str
    uptime_s: float
    processes: tuple[ProcessNow, ...]
    sql_address: str
    console_address: str
    overview: Overview | None = None  # None until the store first answered
    trouble: str = ""  # why there is no newer overview; one sentence
    log: tuple[str, ...] = ()  # last sentences, oldest first


@dataclass(frozen=True)
class Screen:
    """A snapshot as a renderable that suits the width it is given."""

    snapshot: Snapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= WIDE_COLUMNS
        yield Group(*_parts(self.snapshot, wide))


def render(snapshot: Snapshot) -> RenderableType:
    """A snapshot for a terminal of any width from 80 columns."""
    return Screen(snapshot)


def plain(snapshot: Snapshot) -> list[str]:
    """A snapshot as lines of key=value: one for the whole, one per instrument; None values are left out."""
    seen = snapshot.overview
    states = ",".join(f"{one.name}:{one.word}:{one.restarts}" for one in snapshot.processes)
    total = _pairs(
        uptime_s=f"{snapshot.uptime_s:.0f}",
        frames_per_s=_number(seen.frames_per_s if seen else None, 1),
        latency_p50_ms=_number(_milliseconds(seen.latency_p50_ns if seen else None), 3),
        latency_p99_ms=_number(_milliseconds(seen.latency_p99_ns if seen else None), 3),
        gaps_open=seen.gaps_open if seen else None,
        dead_letters=seen.dead_letters if seen else None,
        data_age_s=_number(_age_s(seen), 1),
        processes=states or None,
        trouble=f'"{snapshot.trouble}"' if snapshot.trouble else None,
    )
    time = f"time={seen.time} " if seen else ""
    return [f"{time}total {total}"] + [f"{time}{_line(row)}" for row in (seen.instruments if seen else ())]


def _line(row: InstrumentNow) -> str:
    regimes = {
        name: f"{now.regime}:{_number(now.confidence, 2) or ''}".rstrip(":") for name, now in row.regimes.items()
    }
    return _pairs(
        instrument=row.instrument,
        mid_price=None if row.mid_price is None else f"{row.mid_price:.10g}",
        spread_bps=_number(row.spread_bps, 3),
        ofi_50=_number(row.ofi_50, 3),
        **{name: regimes.get(name) for name in TIMEFRAMES},
        agreement=_number(_agreement(row), 2),
        position=None if row.position is None else f"{row.position:.10g}",
        pnl=_number(row.pnl, 2),
    )


def _pairs(**values: object) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def _parts(snapshot: Snapshot, wide: bool) -> Iterator[RenderableType]:
    yield _header(snapshot)
    yield Rule(style="bright_black")
    yield _pulse(snapshot.overview)
    yield Text()
    if snapshot.overview is None:
        yield Text(f"  {snapshot.trouble or 'Waiting for the first rows.'}", "yellow")
    elif not snapshot.overview.instruments:
        yield Text("  No instrument yet; they appear with the first frames.", "yellow")
    else:
        yield _table(snapshot.overview) if wide else _stacked(snapshot.overview)
        yield from _warning(snapshot)
    yield Text()
    yield _processes(snapshot)
    yield Text.assemble("  SQL ", (snapshot.sql_address, "cyan"), "   console ", (snapshot.console_address, "cyan"))
    for sentence in snapshot.log:
        yield Padding(Text(sentence, "bright_black", overflow="ellipsis", no_wrap=True), (0, 2))
    yield Rule(style="bright_black")
    yield Text(f"  {regime_text.LEGEND}   Ctrl-C stops", "bright_black")


def _header(snapshot: Snapshot) -> RenderableType:
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1, no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    name = Text.assemble("  ", ("Barograph", "bold"), f"  {snapshot.venue}")
    grid.add_row(name, Text(f"data {snapshot.data}   up {_duration(snapshot.uptime_s)}  ", "bright_black"))
    return grid


def _pulse(seen: Overview | None) -> Text:
    if seen is None:
        return Text("  frames/s –", "bright_black")
    text = Text("  ")
    for label, value, bad in (
        ("frames/s", f"{seen.frames_per_s:,.0f}", False),
        ("p50", _with_unit(seen.latency_p50_ns), False),
        ("p99", _with_unit(seen.latency_p99_ns), False),
        ("gaps", str(seen.gaps_open), seen.gaps_open > 0),
        ("dead letters", str(seen.dead_letters), seen.dead_letters > 0),
    ):
        text.append(f"{label} ", "bright_black")
        text.append(f"{value}    ", "bold yellow" if bad else "bold")
    return text


def _table(seen: Overview) -> Table:
    table = _columns("instrument", *NUMBERS, left=tuple(LABELS.values()), right=(AGREEMENT, *HOLDINGS))
    for row in seen.instruments:
        agreed = Text(regime_text.percent(_agreement(row)))
        table.add_row(Text(row.instrument, "bold"), *_measures(row), *_regimes(row), agreed, *_holding(row))
    return table


def _stacked(seen: Overview) -> Group:
    """Numbers and regimes as two tables, for terminals where they do not fit beside each other."""
    numbers = _columns("instrument", *NUMBERS, AGREEMENT, *HOLDINGS)
    regimes = _columns("regime", left=tuple(LABELS.values()), gap=1)
    for row in seen.instruments:
        name = Text(row.instrument, "bold")
        numbers.add_row(name, *_measures(row), Text(regime_text.percent(_agreement(row))), *_holding(row))
        regimes.add_row(name, *_regimes(row))
    return Group(numbers, Text(), Padding(regimes, (0, 0, 0, 1)))


def _columns(first: str, *numbers: str, left: tuple[str, ...] = (), right: tuple[str, ...] = (), gap: int = 2) -> Table:
    """Columns `gap` blanks apart: with one, an instrument and its four regimes fit 80."""
    table = Table(box=None, padding=(0, 0, 0, gap), header_style="bright_black")
    table.add_column(first, no_wrap=True, max_width=14)
    for name in (*numbers, *left, *right):
        is_left = name in left
        table.add_column(
            name, justify="left" if is_left else "right", no_wrap=True, min_width=regime_text.WIDTH if is_left else None
        )
    return table


def _regimes(row: InstrumentNow) -> tuple[Text, ...]:
    return tuple(_regime(row.regimes.get(name)) for name in TIMEFRAMES)


def _measures(row: InstrumentNow) -> tuple[Text, ...]:
    mid = NONE if row.mid_price is None else f"{row.mid_price:,.{_decimals(row.mid_price)}f}"
    spread = NONE if row.spread_bps is None else f"{row.spread_bps:.3f}"
    return Text(mid), Text(spread), _signed(row.ofi_50, 1)


def _holding(row: InstrumentNow) -> tuple[Text, Text]:
    size = NONE if row.position is None else "flat" if row.position == 0 else f"{row.position:+.6g}"
    return Text(size), _signed(row.pnl, 2 if row.pnl is None or abs(row.pnl) < 1e5 else 0)


def _regime(now: RegimeNow | None) -> Text:
    return Text(NONE, "bright_black") if now is None else regime_text.short(now.regime, now.confidence)


def _agreement(row: InstrumentNow) -> float | None:
    """Share of states that are the same on two timeframes, over all pairs of them."""
    return regime_text.mean([now.agreement for now in row.regimes.values()])


def _signed(value: float | None, digits: int) -> Text:
    if value is None:
        return Text(NONE)
    return Text(f"{value:+,.{digits}f}", "green" if value > 0 else "red" if value < 0 else "")


def _warning(snapshot: Snapshot) -> Iterator[RenderableType]:
    age = _age_s(snapshot.overview)
    told = snapshot.trouble
    if not told and (age is None or age > STALE_AFTER_S):
        told = "No rows yet." if age is None else f"No new rows for {_duration(age)}."
    if told:
        yield Text()
        yield Padding(Text(told, "yellow"), (0, 2))


def _processes(snapshot: Snapshot) -> Text:
    text = Text("  ")
    for one in snapshot.processes:
        colour = "red" if not one.running else "green" if one.word == "running" else "yellow"
        text.append("● " if one.running else "○ ", colour)
        text.append(one.name)
        down = [] if one.running else [one.word]
        waits = [one.reason] if one.running and one.reason else []
        notes = down + waits + ([f"{one.restarts}×"] if one.restarts else [])
        text.append(f" {', '.join(notes)}   " if notes else "   ", "yellow")
    return text


def _age_s(seen: Overview | None) -> float | None:
    if seen is None or seen.data_time is None:
        return None
    return max(0.0, (time_ns(seen.time) - time_ns(seen.data_time)) / SECOND_NS)


def _milliseconds(latency_ns: float | None) -> float | None:
    return None if latency_ns is None else latency_ns / 1e6


def _with_unit(latency_ns: float | None) -> str:
    return NONE if latency_ns is None else f"{latency_ns / 1e6:.2f} ms"


def _number(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _decimals(price: float) -> int:
    """Digits after the point that leave seven significant ones.

    >>> _decimals(64210.55), _decimals(0.5)
    (2, 6)
    """
    return max(2, min(8, 7 - len(str(int(abs(price))))))


def _duration(seconds: float) -> str:
    """
    >>> _duration(59.6), _duration(3725)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
