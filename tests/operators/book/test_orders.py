"""Books of single orders: recorded order by order feeds, and random streams against dictionaries of orders."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from market.batch import Events, Structs
from market.instrument import Instrument, InstrumentTable
from market.schema import EVENT, NO_SEQUENCE, Kind
from operators.book import orders as tables
from operators.book import rebuild
from operators.book.ladders import Ladders
from operators.book.order_rows import change_order
from operators.book.window import put, size_at
from tests.operators.book.levels import check, levels_of
from tests.operators.book.messages import VENUE, Levels, batch, message
from tests.operators.book.rda import read_frame

ADD, REDUCE, EXECUTE, DELETE = Kind.ORDER_ADD, Kind.ORDER_REDUCE, Kind.ORDER_EXECUTE, Kind.ORDER_DELETE
LOBSTER = "07_l3_order_messages"
NO_PRICE = 9_999_999_999  # of a level that is not there, either sign
KINDS = {1: ADD, 2: REDUCE, 3: DELETE, 4: EXECUTE}  # 5: execution of a hidden order, 7: halt

Row = tuple[int, int, int, int, float]  # kind, order, side, price in ticks, size


def captured(name: str) -> Path:
    found = Path(os.environ.get("BAROGRAPH_CAPTURES", "")) / LOBSTER / name
    if not os.environ.get("BAROGRAPH_CAPTURES") or not found.exists():
        pytest.skip("BAROGRAPH_CAPTURES does not name a folder with the LOBSTER samples")
    return found


def rows_of(*rows: Row) -> Events:
    return np.array(
        [(0, 0, 0, order, price, size, 0, 0, 0, kind, side, 0) for kind, order, side, price, size in rows], EVENT
    )


class Books:
    """One book of a venue that chains its messages, of whole ticks."""

    def __init__(self, lot: str = "1") -> None:
        self.stage, self.state, self.sequence = rebuild.stage(), rebuild.Books(), 0
        self.causes: list[str] = []
        self.instruments = InstrumentTable().define(Instrument(VENUE, "X", Decimal(1), Decimal(lot)))

    @property
    def ladders(self) -> Ladders:
        return self.state.ladders

    def start(self, levels: Levels) -> None:
        """Begin with levels (side, price, size)."""
        self.sequence = max(self.sequence, 1)
        self.advance(message(Kind.SNAPSHOT, self.sequence, NO_SEQUENCE, levels, 0))

    def take(self, *messages: Sequence[Row]) -> Structs:
        """BOOK rows of messages about orders; none of one that leaves a book which must not be trusted."""
        events = []
        for rows in messages:
            self.sequence += 1
            (head,) = message(Kind.DEPTH, self.sequence, self.sequence - 1, [], 0)
            events += [(*head[:7], len(rows), *head[8:]), *rows_of(*rows).tolist()]
        return self.advance(events)

    def room(self, more: int) -> None:
        found = tables.room_for(self.ladders, 0, more)
        assert found is not None
        self.state.ladders = found

    def advance(self, events: list[tuple[object, ...]]) -> Structs:
        given = batch(events, instruments=self.instruments)
        found = self.stage.advance(self.state, given)
        if "gaps" in found.tables:
            self.causes += found.tables["gaps"]["cause"].to_list()
        return found.books

    def sides(self) -> tuple[dict[int, float], dict[int, float]]:
        check(self.ladders, 0)
        return levels_of(self.ladders, 0, 0), levels_of(self.ladders, 0, 1)

    def order(self, number: int) -> tuple[int, int, int] | None:
        """(side, price, lots) of one."""
        slot = self.ladders.slots[tables.slot_of(self.ladders, self.ladders.tables[0], number)]
        side = 1 - 2 * int(slot["side"])
        return (side, side * int(slot["key"]), int(slot["lots"])) if slot["lots"] else None

    def held(self) -> dict[int, tuple[int, int, int] | None]:
        """Order → (side, price, lots), each of which its table finds."""
        table = self.ladders.tables[0]
        found: dict[int, tuple[int, int, int] | None] = {}
        for slot in self.ladders.slots[table["first"] : table["first"] + (1 << table["bits"])]:
            if slot["lots"]:
                found[int(slot["order"])] = self.order(int(slot["order"]))
        assert len(found) == table["held"]
        assert None not in found.values()
        return found


def lobster_levels(line: str) -> list[tuple[int, int, float]]:
    """(side, price, size) of a row of an orderbook file: ask, size, bid, size from the best level on."""
    numbers = [int(number) for number in line.split(",")]
    found = [(-1 if at % 4 == 0 else 1, numbers[at], float(numbers[at + 1])) for at in range(0, len(numbers), 2)]
    return [level for level in found if abs(level[1]) != NO_PRICE]


def best(levels: dict[int, float], side: int, worst: int, count: int) -> dict[int, float]:
    """The best levels of a side, down to a price."""
    prices = sorted(levels, reverse=side > 0)[:count]
    return {price: levels[price] for price in prices if side * price >= side * worst}


@pytest.mark.parametrize("tick", [100, 1], ids=["of a cent", "of a hundredth of a cent"])  # in the window; beyond it
def test_recorded_book_after_each_message_is_the_row_of_the_venue(tick: int) -> None:
    """All levels that can be known: those not worse than the 50th of the first row."""
    stem = "MSFT_2012-06-21_34200000_37800000_{}_50.csv"
    messages = captured(stem.format("message")).read_text().splitlines()
    rows = [
        [(side, price // tick, size) for side, price, size in lobster_levels(line)]
        for line in captured(stem.format("orderbook")).read_text().splitlines()
    ]
    books, compared = Books(), 0
    books.start(rows[0])
    worst = {side: side * min(side * price for of, price, _ in rows[0] if of == side) for side in (1, -1)}
    books.ladders.books["edge"] = worst[1], -worst[-1]  # as of a venue that gives 50 levels
    for line, row in zip(messages[1:], rows[1:], strict=True):
        kind, order, size, price, side = (int(number) for number in line.split(",")[1:])
        changes = [(int(KINDS[kind]), order, side, price // tick, float(size))] if kind in KINDS else []
        (shown,) = books.take(changes)
        for of, name, found in zip((1, -1), ("bid", "ask"), books.sides(), strict=True):
            expected = best({p: s for one, p, s in row if one == of}, of, worst[of], 50)
            assert best(found, of, worst[of], 50) == expected
            assert shown[f"{name}_price"].tolist() == list(expected)[:10]
            assert shown[f"{name}_size"].tolist() == list(expected.values())[:10]
            compared += len(expected)
    assert (compared, sum(map(len, rows[1:]))) == (96_358, 99_900)


def test_recorded_orders_are_as_large_when_they_are_deleted_as_the_venue_says() -> None:
    """And a best level is, after each message at it, what the venue shows: this feed shows one level a side."""
    frame = read_frame(captured("AMZN_2012-06-21_lobster_voigt.rda"))
    cents = {name: np.rint(frame[name] * 100).astype(int).tolist() for name in ("Price", "Askp1", "Bidp1")}
    sizes = {name: frame[name].tolist() for name in ("Asks1", "Bids1")}
    names = ("Type", "OrderID", "Size", "TradeDirection")
    rows = zip(*(frame[name].astype(int).tolist() for name in names), strict=True)
    books, deleted, shown = Books(), 0, 0
    books.start([(1, 22_000, 1.0), (-1, 22_500, 1.0)])
    books.room(1 << 15)
    book = books.ladders.books[0]
    for number, (kind, order, size, side) in enumerate(rows):
        if kind not in KINDS:
            continue
        of, name, price = int(side < 0), "Bid" if side > 0 else "Ask", cents["Price"][number]
        best, of_best = cents[f"{name}p1"], sizes[f"{name}s1"]
        stays = number > 0 and best[number - 1] == price == best[number]
        if stays:
            put(books.ladders, book, of, side * price, of_best[number - 1])
        before = books.order(order)
        # Not through the stage: the file leaves out what happens behind the best levels, so no book of it is sound.
        change_order(books.ladders, book, rows_of((int(KINDS[kind]), order, side, price, float(size)))[0])
        if stays:
            assert size_at(books.ladders, book, of, side * price) == of_best[number]
            shown += 1
        if kind == 3 and before is not None:
            assert before == (side, price, size)
            deleted += 1
    assert (deleted, shown) == (7359, 16374)


class SlowBook:
    """Orders in a dictionary; levels are added up anew every time."""

    def __init__(self, levels: list[tuple[int, int, float]]) -> None:
        self.rest = {(side, price): int(size) for side, price, size in levels}  # of orders that have no name
        self.orders: dict[int, tuple[int, int, int]] = {}

    def take(self, row: Row) -> None:
        kind, order, side, price, size = row
        if kind == ADD:
            self.orders[order] = side, price, int(size)
        elif order not in self.orders:
            self.rest[side, price] -= int(size)
        else:
            side, price, lots = self.orders.pop(order)
            if kind != DELETE and lots > size:
                self.orders[order] = side, price, lots - int(size)

    def sides(self) -> tuple[dict[int, float], dict[int, float]]:
        total: Counter[tuple[int, int]] = Counter(self.rest)
        for side, price, lots in self.orders.values():
            total[side, price] += lots
        bids, asks = (
            {price: float(lots) for (of, price), lots in total.items() if of == side and lots} for side in (1, -1)
        )
        return bids, asks


@pytest.mark.parametrize("ids", ["small", "clustered", "wide"])
def test_random_orders_make_the_same_book_as_a_dictionary_of_them(ids: str) -> None:
    chance = np.random.default_rng(7)
    start = [(side, 1000 - side * away, float(chance.integers(1, 50))) for side in (1, -1) for away in range(1, 40)]
    books, slow = Books(), SlowBook(start)
    books.start(start)
    numbers = {
        "small": lambda: int(chance.integers(0, 600)),  # come again, also while they stand
        "clustered": lambda: int(chance.integers(0, 600)) << 31,
        "wide": lambda: int(chance.integers(-(1 << 63), 1 << 63)),
    }[ids]
    for sequence in range(2, 1500):
        rows: list[Row] = []
        for _ in range(int(chance.integers(1, 5))):
            rows.append(random_row(chance, slow, numbers))
            slow.take(rows[-1])
        assert len(books.take(rows)) == 1
        if sequence < 50 or sequence % 25 == 0:
            assert books.held() == slow.orders
            assert books.sides() == slow.sides()


def random_row(chance: np.random.Generator, slow: SlowBook, number: Callable[[], int]) -> Row:
    """A row that can be."""
    kind = int(chance.choice((ADD, ADD, REDUCE, EXECUTE, DELETE)))
    side = int(chance.choice((1, -1)))
    price = 1000 - side * int(1 + 3000 * chance.random() ** 8)  # some beyond the window
    if kind == ADD:
        return kind, number(), side, price, float(chance.integers(1, 20))
    if slow.orders and chance.random() < 0.9:
        order = list(slow.orders)[int(chance.integers(len(slow.orders)))]
        # Price and side of a known order are not looked at.
        return kind, order, side, price, float(chance.integers(1, slow.orders[order][2] + 1))
    unnamed = [at for at, lots in slow.rest.items() if lots > 3]
    side, price = unnamed[int(chance.integers(len(unnamed)))]
    return kind, (1 << 62) + 1, side, price, float(chance.integers(1, 3))


def test_levels_of_fractions_are_empty_when_the_last_order_is_gone() -> None:
    books, parts = Books("0.001"), [0.1, 0.2, 1.005, 4.035]
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    books.take(*(((ADD, number, 1, 100, size),) for number, size in enumerate(parts)))
    (shown,) = books.take(((EXECUTE, 1, 1, 100, 0.1),))
    assert shown["bid_size"][0] == 5.24
    assert shown["bid_removed"] == pytest.approx(0.1)
    books.take(*(((DELETE, number, 1, 100, 0.0),) for number in range(len(parts))))
    assert books.sides() == ({90: 1.0}, {110: 1.0})
    assert books.held() == {}
    for lots in range(1, 2000):
        size = float(f"{lots / 1000:.3f}")
        assert len(books.take(((ADD, 1, 1, 100, size),), ((DELETE, 1, 1, 100, size),))) == 2
    assert books.sides()[0] == {90: 1.0}


def test_orders_are_found_past_the_last_slot() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    books.room(1)
    table = books.ladders.tables[0]
    last = [number for number in range(100_000) if tables.home(table, number) == (1 << table["bits"]) - 1][:4]
    books.take(*(((ADD, number, 1, 80, 1.0),) for number in last))
    for gone in (0, 1, 0, 0):
        books.take(((DELETE, last.pop(gone), 1, 80, 1.0),))
        assert set(books.held()) == set(last)
    assert books.sides()[0] == {90: 1.0}


def test_replaced_order_leaves_its_level_in_the_same_message() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    books.take(((ADD, 5, 1, 95, 7.0),))
    (shown,) = books.take(((DELETE, 5, 1, 95, 7.0), (ADD, 6, 1, 96, 4.0)))
    assert shown["bid_price"][:3].tolist() == pytest.approx([96, 90, np.nan], nan_ok=True)
    assert (shown["bid_added"], shown["bid_removed"], shown["ask_added"]) == (4.0, 7.0, 0.0)
    books.take(((ADD, 6, -1, 105, 3.0),))  # the same id
    assert books.sides() == ({90: 1.0}, {105: 3.0, 110: 1.0})
    assert books.held() == {6: (-1, 105, 3)}


@pytest.mark.parametrize(
    "row",
    [
        (ADD, 9, 1, 95, 0.0),
        (ADD, 9, 1, 95, -1.0),
        (ADD, 9, 1, 95, float("inf")),
        (ADD, 9, 1, 95, 2.0**53),  # more than can be told apart, with what is there
        (DELETE, 9, 1, 90, float("nan")),
        (ADD, 9, 1, 110, 1.0),  # crossed
        (EXECUTE, 5, 1, 95, 8.0),  # more than the order has
        (REDUCE, 5, 1, 95, 0.0),
        (EXECUTE, 9, 1, 90, 2.0),  # more than the level has
        (DELETE, 9, 1, 91, 1.0),  # a level that is not there
    ],
)
def test_what_cannot_be_leaves_a_book_that_is_not_sound(row: Row) -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    assert len(books.take(((ADD, 5, 1, 95, 7.0), (ADD, 6, 1, 95, 7.0)))) == 1
    assert len(books.take((row,))) == 0
    assert books.causes == ["crossed"]
    assert books.held() == {}


def test_orders_beyond_what_a_snapshot_told_of_take_nothing_that_is_not_there() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (1, 89, 1.0), (-1, 110, 1.0), (-1, 111, 1.0)])
    books.ladders.books["edge"] = 89, -111
    assert len(books.take(((DELETE, 9, 1, 80, 5.0),), ((ADD, 10, 1, 80, 2.0),))) == 2
    assert books.sides()[0] == {90: 1.0, 89: 1.0, 80: 2.0}
    assert len(books.take(((DELETE, 9, 1, 89, 5.0),))) == 0


def test_table_has_a_limit_and_grows_up_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ORDERS", 1 << 12)
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    for number in range(1 << 12):
        books.take(((ADD, number, 1, 50 + number % 40, 1.0),))
    assert len(books.held()) == 1 << 12
    assert len(books.take(((DELETE, 7, 1, 50, 1.0),), ((ADD, 7, 1, 50, 1.0),))) == 2
    assert len(books.take(((ADD, -1, 1, 50, 1.0),))) == 0
    assert books.causes == ["limit"]
    assert books.held() == {}


def test_orders_of_before_a_new_snapshot_or_a_reset_are_forgotten() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    books.take(((ADD, 5, 1, 95, 7.0),))
    books.start([(1, 95, 7.0), (-1, 110, 1.0)])
    assert books.held() == {}
    assert books.sides()[0] == {95: 7.0}
    books.take(((EXECUTE, 5, 1, 95, 2.0), (ADD, 6, 1, 95, 1.0)))
    assert books.sides()[0] == {95: 6.0}
    books.advance(message(Kind.RESET, books.sequence, NO_SEQUENCE, [], 0))
    assert books.held() == {}


def test_snapshot_may_name_its_orders() -> None:
    books = Books()
    books.sequence = 1
    (head,) = message(Kind.SNAPSHOT, 1, NO_SEQUENCE, [], 0)
    rows: list[Row] = [(ADD, 1, 1, 90, 2.0), (ADD, 2, 1, 90, 3.0), (ADD, 3, -1, 110, 1.0)]
    (shown,) = books.advance([(*head[:7], len(rows), *head[8:]), *rows_of(*rows).tolist()])
    assert (shown["bid_size"][0], shown["bid_added"]) == (5.0, 0.0)
    assert set(books.held()) == {1, 2, 3}
    books.take(((EXECUTE, 2, 1, 90, 1.0),))
    assert books.sides() == ({90: 4.0}, {110: 1.0})


def test_instruments_have_tables_of_their_own_and_are_forgotten_one_by_one() -> None:
    orders = tables.empty(2)
    for number in range(3000):
        for instrument in (0, 1):
            found = tables.room_for(orders, instrument, 1)
            assert found is not None
            orders, table = found, found.tables[instrument]
            slot = tables.slot_of(orders, table, number)
            tables.write_order(orders.slots[slot], number, instrument, 7, 1 + number)
            table["held"] += 1
    tables.forget_orders(orders, 0)
    for number in range(3000):
        gone, kept = (orders.slots[tables.slot_of(orders, orders.tables[one], number)] for one in (0, 1))
        assert gone["lots"] == 0
        assert (kept["order"], kept["side"], kept["lots"]) == (number, 1, 1 + number)
