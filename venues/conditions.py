"""Which trades of US stocks are no price of the moment, by their sale conditions.

Every trade on the tape carries conditions: letters and digits of the CTA plan on tapes A and B, of the UTP plan on tape
C; Massive sends numbers of its own for them. Three kinds of trades are `Flag.OFF_BOOK`, as no order of the market met
them at their price and time:

- the price was made elsewhere or by a formula: average price, derivatively priced, prior reference price, price
  variation, contingent and qualified contingent trades;
- the price was made at another time: reported out of sequence or late, or settled on another day (cash, next day,
  seller), which is a price of its own;
- there was no trade: the official open and close of a market center, a corrected consolidated close.

Odd lots (I) and trades outside of the session (T) do not move the official last, high and low either. They count here,
as the book's orders met: without them half of the trades of a high-priced stock would be missing. Auctions (O opening,
5 reopening, 6 closing), sweeps (F), crosses (X) and every condition that we do not know count too.

Sources: CTS Pillar Multicast Output Binary Specification 2.7a (2020-06-12) and UTP Data Feed Services Specification,
tables "Sale Conditions: consolidated and market center update guidelines"; Massive, reference data
/v3/reference/conditions, `sip_mapping` and `update_rules.consolidated`. The same letter is not the same in both plans:
B is an average price on tapes A and B, a bunched trade on tape C, where W is the average price.
"""

from collections.abc import Iterable

_BOTH = frozenset("CGHLMNPQRUVZ479")
CTA = _BOTH | {"B"}  # tapes A and B
UTP = _BOTH | {"W", "2", "3"}  # tape C; 2 and 3: stopped stock, sold last and out of sequence
UNKNOWN_TAPE = _BOTH | {"W"}  # B may be either

# 2 average price, 5 bunched sold, 7 cash, 10 derivatively priced, 13 outside of the session and out of sequence,
# 15 and 16 official close and open, 20 next day, 21 price variation, 22 prior reference price, 29 seller, 30 and 31
# sold last, 32 and 33 sold out of sequence, 35 stock option, 38 corrected consolidated close, 52 contingent,
# 53 qualified contingent
MASSIVE = frozenset({2, 5, 7, 10, 13, 15, 16, 20, 21, 22, 29, 30, 31, 32, 33, 35, 38, 52, 53})

_TAPES = {"A": CTA, "B": CTA, "C": UTP}


def is_off_book(codes: Iterable[str], tape: str) -> bool:
    """Whether a trade with these conditions of the tape is no price of the moment.

    >>> is_off_book(["@", "F", "T", "I"], "C"), is_off_book(["@", "4", "W"], "C"), is_off_book(["B"], "C")
    (False, True, False)
    """
    return not _TAPES.get(tape, UNKNOWN_TAPE).isdisjoint(codes)


def is_off_book_at_massive(numbers: Iterable[int]) -> bool:
    """The same of Massive's numbers, which have one meaning on every tape.

    >>> is_off_book_at_massive([14, 41, 37]), is_off_book_at_massive([2, 12])
    (False, True)
    """
    return not MASSIVE.isdisjoint(numbers)
