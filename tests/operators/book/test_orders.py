"""Books of single orders: recorded order by order feeds, and random streams against dictionaries of orders."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from market.batch import Events, Structs
from market.instrument import tick_ratio
from market.schema import BOOK, EVENT, Kind
from operators.book import ladders as levels
from operators.book import orders as tables
from operators.book.ladders import Ladders
from operators.book.order_rows import apply_orders
from operators.book.orders import Orders
from operators.book.walk import apply, replace
from operators.book.window import size_at
from tests.operators.book.levels import check, levels_of
from tests.operators.book.messages import message
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


def told(sequence: int, *rows: Row) -> Events:
    """A DEPTH message about orders."""
    head = message(Kind.DEPTH, sequence, sequence - 1, [], 0)[0]
    head = (*head[:7], len(rows), *head[8:])
    body = [(0, 0, sequence, order, price, size, 0, 0, 0, kind, side, 0) for kind, order, side, price, size in rows]
    return np.array([head, *body], EVENT)


@dataclass
class Books:
    """One book with its orders, of whole ticks."""

    lot: str = "1"
    orders: Orders = field(init=False)
    ladders: Ladders = field(init=False)

    def __post_init__(self) -> None:
        self.orders = self.room(tables.empty(1), 1)
        self.orders.tables["lot"] = tick_ratio(Decimal(self.lot))
        self.ladders = levels.with_levels(levels.with_width(levels.empty(1), 0, 1024), 0, 1024)

    @staticmethod
    def room(orders: Orders, more: int) -> Orders:
        found = tables.room_for(orders, 0, more)
        assert found is not None
        return found

    def start(self, rows: list[tuple[int, int, float]], *, limit: int = 1 << 60) -> None:
        """Begin with levels (side, price, size)."""
        replace(self.ladders, np.array(message(Kind.SNAPSHOT, 1, 0, rows, 0), EVENT), limit)

    def take(self, *messages: Events) -> Structs:
        """BOOK rows of the messages that were taken."""
        events = np.concatenate(messages)
        books = np.zeros(len(messages), BOOK)
        self.orders = self.room(self.orders, len(events) - len(messages))
        return books[: apply_orders(self.orders, self.ladders, events, books)]

    def sides(self) -> tuple[dict[int, float], dict[int, float]]:
        check(self.ladders, 0)
        return levels_of(self.ladders, 0, 0), levels_of(self.ladders, 0, 1)

    def order(self, number: int) -> tuple[int, int, int] | None:
        """(side, price, lots) of one."""
        slot = self.orders.slots[tables.slot_of(self.orders, self.orders.tables[0], number)]
        side = 1 - 2 * int(slot["side"])
        return (side, side * int(slot["key"]), int(slot["lots"])) if slot["lots"] else None

    def held(self) -> dict[int, tuple[int, int, int] | None]:
        """Order → (side, price, lots), each of which its table finds."""
        table = self.orders.tables[0]
        found: dict[int, tuple[int, int, int] | None] = {}
        for slot in self.orders.slots[table["first"] : table["first"] + (1 << table["bits"])]:
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
    books.start(rows[0], limit=50)
    worst = {side: side * min(side * price for of, price, _ in rows[0] if of == side) for side in (1, -1)}
    for sequence, (line, row) in enumerate(zip(messages[1:], rows[1:], strict=True), start=2):
        kind, order, size, price, side = (int(number) for number in line.split(",")[1:])
        changes = [(int(KINDS[kind]), order, side, price // tick, float(size))] if kind in KINDS else []
        (shown,) = books.take(told(sequence, *changes))
        for of, name, found in zip((1, -1), ("bid", "ask"), books.sides(), strict=True):
            expected = best({p: s for one, p, s in row if one == of}, of, worst[of], 50)
            assert best(found, of, worst[of], 50) == expected
            assert shown[f"{name}_price"].tolist() == list(expected)[:10]
            assert shown[f"{name}_size"].tolist() == list(expected.values())[:10]
            compared += len(expected)
    assert (compared, sum(map(len, rows[1:]))) == (96_358, 99_900)


def test_recorded_orders_are_as_large_when_they_are_deleted_as_the_venue_says() -> None:
    """And a best level is, after each message at it, what the venue shows: the second feed has one level a side."""
    frame = read_frame(captured("AMZN_2012-06-21_lobster_voigt.rda"))
    cents = {name: np.rint(frame[name] * 100).astype(int).tolist() for name in ("Price", "Askp1", "Bidp1")}
    sizes = {name: frame[name].tolist() for name in ("Asks1", "Bids1")}
    rows = zip(
        *(frame[name].astype(int).tolist() for name in ("Type", "OrderID", "Size", "TradeDirection")), strict=True
    )
    books, deleted, shown = Books(), 0, 0
    books.start([(1, 1, 1.0), (-1, 1 << 20, 1.0)])
    books.ladders.books["edge"] = 1 << 40  # nothing is known of any level
    for number, (kind, order, size, side) in enumerate(rows):
        if kind not in KINDS:
            continue
        name, price = "Bid" if side > 0 else "Ask", cents["Price"][number]
        top, of_top = cents[f"{name}p1"], sizes[f"{name}s1"]
        stays = number > 0 and top[number - 1] == price == top[number]
        if stays:
            apply(books.ladders, np.array(message(Kind.DEPTH, 1, 0, [(side, price, of_top[number - 1])], 0), EVENT))
        before = books.order(order)
        books.take(told(1, (int(KINDS[kind]), order, side, price, float(size))))
        if stays:
            level = size_at(books.ladders, books.ladders.books[0], int(side < 0), side * price)
            assert level == of_top[number]
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
        assert len(books.take(told(sequence, *rows))) == 1
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
    books.take(*(told(2 + number, (ADD, number, 1, 100, size)) for number, size in enumerate(parts)))
    (shown,) = books.take(told(7, (EXECUTE, 1, 1, 100, 0.1)))
    assert shown["bid_size"][0] == 5.24
    assert shown["bid_removed"] == pytest.approx(0.1)
    books.take(*(told(8 + number, (DELETE, number, 1, 100, 0.0)) for number in range(len(parts))))
    assert books.sides() == ({90: 1.0}, {110: 1.0})
    assert books.held() == {}
    for lots in range(1, 2000):
        size = float(f"{lots / 1000:.3f}")
        assert len(books.take(told(20, (ADD, 1, 1, 100, size)), told(21, (DELETE, 1, 1, 100, size)))) == 2
    assert books.sides()[0] == {90: 1.0}


def test_orders_are_found_past_the_last_slot() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    table = books.orders.tables[0]
    last = [number for number in range(100_000) if tables.home(table, number) == (1 << table["bits"]) - 1][:4]
    books.take(*(told(2, (ADD, number, 1, 80, 1.0)) for number in last))
    for gone in (0, 1, 0, 0):
        books.take(told(3, (DELETE, last.pop(gone), 1, 80, 1.0)))
        assert set(books.held()) == set(last)
    assert books.sides()[0] == {90: 1.0}


def test_replaced_order_leaves_its_level_in_the_same_message() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    books.take(told(2, (ADD, 5, 1, 95, 7.0)))
    (shown,) = books.take(told(3, (DELETE, 5, 1, 95, 7.0), (ADD, 6, 1, 96, 4.0)))
    assert shown["bid_price"][:3].tolist() == pytest.approx([96, 90, np.nan], nan_ok=True)
    assert (shown["bid_added"], shown["bid_removed"], shown["ask_added"]) == (4.0, 7.0, 0.0)
    books.take(told(4, (ADD, 6, -1, 105, 3.0)))  # the same id
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
    assert len(books.take(told(2, (ADD, 5, 1, 95, 7.0), (ADD, 6, 1, 95, 7.0)))) == 1
    assert len(books.take(told(3, row))) == 0


def test_orders_beyond_what_a_snapshot_told_of_take_nothing_that_is_not_there() -> None:
    books = Books()
    books.start([(1, 90, 1.0), (1, 89, 1.0), (-1, 110, 1.0), (-1, 111, 1.0)], limit=2)
    assert len(books.take(told(2, (DELETE, 9, 1, 80, 5.0)), told(3, (ADD, 10, 1, 80, 2.0)))) == 2
    assert books.sides()[0] == {90: 1.0, 89: 1.0, 80: 2.0}
    assert len(books.take(told(4, (DELETE, 9, 1, 89, 5.0)))) == 0


def test_table_has_a_limit_and_grows_up_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ORDERS", 1 << 12)
    books = Books()
    books.start([(1, 90, 1.0), (-1, 110, 1.0)])
    for number in range(1 << 12):
        books.take(told(number, (ADD, number, 1, 50 + number % 40, 1.0)))
    assert len(books.held()) == 1 << 12
    assert tables.room_for(books.orders, 0, 1) is None
    assert apply_orders(books.orders, books.ladders, told(1, (ADD, -1, 1, 50, 1.0)), np.zeros(1, BOOK)) == 0
    assert apply_orders(books.orders, books.ladders, told(1, (DELETE, 7, 1, 50, 1.0)), np.zeros(1, BOOK)) == 1


def test_instruments_have_tables_of_their_own_and_are_forgotten_one_by_one() -> None:
    orders: Orders | None = tables.empty(2)
    for number in range(3000):
        for instrument in (0, 1):
            assert orders is not None
            orders = tables.room_for(orders, instrument, 1)
            assert orders is not None
            table = orders.tables[instrument]
            slot = tables.slot_of(orders, table, number)
            tables.write_order(orders.slots[slot], number, instrument, 7, 1 + number)
            table["held"] += 1
    assert orders is not None
    tables.forget_orders(orders, orders.tables[0])
    for number in range(3000):
        gone, kept = (orders.slots[tables.slot_of(orders, orders.tables[one], number)] for one in (0, 1))
        assert gone["lots"] == 0
        assert (kept["order"], kept["side"], kept["lots"]) == (number, 1, 1 + number)


def test_compiled_code_does_what_the_source_says() -> None:
    chance = np.random.default_rng(3)
    start = [(side, 1000 - side * away, 50.0) for side in (1, -1) for away in range(1, 40)]
    slow, count = SlowBook(start), 300
    messages = []
    for sequence in range(count):
        row = random_row(chance, slow, lambda: int(chance.integers(0, 200)))
        slow.take(row)
        messages.append(told(sequence, row))
    results = []
    for function in (apply_orders, getattr(apply_orders, "py_func", apply_orders)):
        books = Books()
        books.start(start)
        rows = np.zeros(count, BOOK)
        assert function(books.orders, books.ladders, np.concatenate(messages), rows) == count
        results.append((rows.tobytes(), books.orders.slots.tobytes(), books.ladders.cells.tobytes()))
    assert results[0] == results[1]
