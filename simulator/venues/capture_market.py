"""A recorded capture as a market: its book messages and trades, in their own time from the opening on."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from simulator.listing import Listing
from simulator.venues.book import BUY, SELL, Book, Change
from simulator.venues.capture_reader import Told, frames, told
from simulator.venues.listed import places
from simulator.venues.market import Step, Trade

KRAKEN_DEPTHS = (10, 25, 100, 500, 1000)
DECIMALS_MOST = 12


class CaptureMarket:
    """Steps are the capture's messages. Books open as the first snapshot of each instrument shows them.

    Ticks and lots are the finest that the capture's texts show. Where `cut` is set, books are cut to the depth of
    their snapshot after each message, as Kraken leaves to its clients.
    """

    def __init__(
        self, path: Path, *, symbols: Sequence[str] = (), start_ns: int = 0, cut: bool = False, named: str = ""
    ) -> None:
        """`symbols`: only these; `named`: whose the snapshots are that name no symbol.

        Raises ValueError where the capture holds no book message, or none of a symbol.
        """
        rows = [
            (time_ns, one._replace(symbol=one.symbol or named))
            for time_ns, frame in frames(path)
            for one in told(frame)
        ]
        found = dict.fromkeys(one.symbol for _, one in rows if one.bids or one.asks)
        missing = [symbol for symbol in symbols if symbol not in found]
        if missing or not found:
            shown = ", ".join(found) or "of nothing"
            raise ValueError(
                f"{path} holds no book messages of {', '.join(missing) or 'anything'}; it has books of {shown}"
            )
        names = list(symbols) or list(found)
        self._numbers = {name: i for i, name in enumerate(names)}
        self._rows = [(time_ns, one) for time_ns, one in rows if one.symbol in self._numbers]
        self._listings = [_listing(name, [one for _, one in self._rows if one.symbol == name]) for name in names]
        self._places = [(places(row.tick_size), places(row.lot_size)) for row in self._listings]
        self._depths: list[int | None] = [None] * len(names)
        self._cut = cut
        self._books = [Book() for _ in names]
        self._trade_numbers = [0] * len(names)
        self._shift_ns = start_ns - self._rows[0][0]
        self._at = 0
        self._open()

    @property
    def listings(self) -> Sequence[Listing]:
        """The instruments, with the steps that the capture shows."""
        return self._listings

    @property
    def books(self) -> Sequence[Book]:
        """Their books as of the last step."""
        return self._books

    @property
    def next_ns(self) -> int | None:
        """When the next step is; None at the end of the capture."""
        return self._rows[self._at][0] + self._shift_ns if self._at < len(self._rows) else None

    def step(self) -> Step:
        """Make the next step."""
        time_ns, one = self._rows[self._at]
        self._at += 1
        i = self._numbers[one.symbol]
        trades = []
        for side, price, size in one.trades:
            self._trade_numbers[i] += 1
            trades.append(Trade(self._trade_numbers[i], side, *self._counts(i, price, size)))
        return Step(time_ns + self._shift_ns, i, tuple(self._apply(i, one)), tuple(trades))

    def mark(self, instrument: int) -> int:
        """Halfway between best bid and ask."""
        touch = self._books[instrument].touch()
        return (touch[0] + touch[2]) // 2 if touch else self._listings[instrument].opening_ticks

    def _open(self) -> None:
        """First snapshots are the opening; what an instrument said before is left out, unless it is newer by its id."""
        first: dict[str, Told] = {}
        for _, one in self._rows:
            if one.snapshot and one.symbol not in first:
                first[one.symbol] = one
                i, most = self._numbers[one.symbol], max(len(one.bids), len(one.asks))
                self._depths[i] = next((depth for depth in KRAKEN_DEPTHS if depth >= most), None)
                self._apply(i, one)
        at_row = {id(one): at for at, (_, one) in enumerate(self._rows)}
        opened_at = {symbol: at_row[id(one)] for symbol, one in first.items()}
        self._rows = [
            row
            for at, row in enumerate(self._rows)
            if row[1] is not first.get(row[1].symbol)
            and _continues(row[1], first.get(row[1].symbol), later=at > opened_at.get(row[1].symbol, -1))
        ]

    def _apply(self, i: int, one: Told) -> list[Change]:
        book, after = self._books[i], {}
        for side, levels in ((BUY, one.bids), (SELL, one.asks)):
            if one.snapshot:
                after.update({(side, ticks): 0 for ticks in book.side(side)})
            for price, size in levels:
                ticks, lots = self._counts(i, price, size)
                after[side, ticks] = lots
        for (side, ticks), lots in after.items():
            book.put(side, ticks, lots)
        depth = self._depths[i] if self._cut else None
        for side in (BUY, SELL) if depth is not None else ():
            for ticks, _ in book.best(side)[depth:]:
                book.put(side, ticks, 0)
                after[side, ticks] = 0
        return [Change(side, ticks, lots) for (side, ticks), lots in after.items()]

    def _counts(self, i: int, price: str, size: str) -> tuple[int, int]:
        price_places, size_places = self._places[i]
        return int(Decimal(price).scaleb(price_places)), int(Decimal(size).scaleb(size_places))


def _continues(one: Told, snapshot: Told | None, *, later: bool) -> bool:
    """Whether a message is after the opening: by its id, where there are ids, else by its place."""
    if snapshot is None or not (one.bids or one.asks):
        return True
    return one.number > snapshot.number if snapshot.number else later


def _listing(symbol: str, rows: Sequence[Told]) -> Listing:
    prices = {price for one in rows for price, _ in (*one.bids, *one.asks)} | {t[1] for one in rows for t in one.trades}
    sizes = {size for one in rows for _, size in (*one.bids, *one.asks)} | {t[2] for one in rows for t in one.trades}
    opening = next(price for one in rows for price, _ in (*one.bids, *one.asks))
    steps = (_step(prices), _step(sizes))
    return Listing(symbol, float(opening), *steps, _decimals(prices), _decimals(sizes))


def _step(texts: Iterable[str]) -> str:
    """The finest step in use: zeros at the end do not count."""
    return f"{Decimal(1).scaleb(-min(DECIMALS_MOST, max(map(places, texts), default=0))):f}"


def _decimals(texts: Iterable[str]) -> int:
    """The most decimals that are written, zeros too."""
    return min(DECIMALS_MOST, max((len(text.partition(".")[2]) for text in texts if "e" not in text), default=0))
