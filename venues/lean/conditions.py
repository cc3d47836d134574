"""What the conditions of a tick say, as AlgoSeek writes them into bits and Lean into hexadecimal digits.

Source: QuantConnect/Lean, Common/Data/Auxiliary/TradeConditionFlags.cs and QuoteConditionFlags.cs. Which trades are
no price of the moment: CTA and UTP plans, sale conditions that may not update the last price. Odd lots, which may not
either, are prices all the same: orders in a book met.
"""

from enum import IntFlag

from market.errors import FrameError


class Sale(IntFlag):
    """Bits of a trade that mean something here."""

    CASH = 0x2  # settled the same day
    NEXT_DAY = 0x4
    SELLER = 0x8  # delivered when the seller likes
    OPENING = 0x40  # print of an auction
    CLOSING = 0x80
    REOPENING = 0x100
    DERIVATIVELY_PRICED = 0x200
    SOLD_LAST = 0x800  # reported late
    OUT_OF_SEQUENCE = 0x4000
    STOCK_OPTION = 0x40000
    AVERAGE_PRICE = 0x100000
    PRICE_VARIATION = 0x400000
    OFFICIAL_CLOSE = 0x1000000  # a price, no trade
    PRIOR_REFERENCE_PRICE = 0x2000000
    OFFICIAL_OPEN = 0x4000000


class Quotation(IntFlag):
    """Bits of a quote that mean something here."""

    CLOSING = 0x8
    NEWS_DISSEMINATION = 0x10
    NEWS_PENDING = 0x20
    TRADING_RANGE = 0x40
    IMBALANCE = 0x80
    VOLATILITY = 0x200
    NON_FIRM = 0x400
    OPENING = 0x800
    RELATED_SECURITY = 0x1000
    RESUME = 0x2000
    IN_VIEW_OF_COMMON = 0x4000
    EQUIPMENT = 0x8000
    SUB_PENNY = 0x10000
    NO_RESUME = 0x20000
    PRICE_BAND = 0x40000
    PRICE_BAND_AGAIN = 0x80000
    ORDER_INFLUX = 0x400000


OFF_BOOK = (
    *(Sale.CASH, Sale.NEXT_DAY, Sale.SELLER, Sale.DERIVATIVELY_PRICED, Sale.SOLD_LAST, Sale.OUT_OF_SEQUENCE),
    *(Sale.STOCK_OPTION, Sale.AVERAGE_PRICE, Sale.PRICE_VARIATION, Sale.PRIOR_REFERENCE_PRICE),
    *(Sale.OFFICIAL_CLOSE, Sale.OFFICIAL_OPEN),
)
NO_PRICE = sum(OFF_BOOK)
# What a trade says of the phase of its instrument: the print ends an auction.
SALE_PHASES = {
    Sale.OPENING: "open",
    Sale.REOPENING: "open",
    Sale.OFFICIAL_OPEN: "open",
    Sale.CLOSING: "closed",
    Sale.OFFICIAL_CLOSE: "closed",
}
QUOTE_PHASES = {
    Quotation.OPENING: "open",
    Quotation.RESUME: "open",
    Quotation.CLOSING: "closed",
    Quotation.TRADING_RANGE: "auction",
    Quotation.PRICE_BAND: "limits",
    Quotation.PRICE_BAND_AGAIN: "limits",
    Quotation.NEWS_DISSEMINATION: "halted",
    Quotation.NEWS_PENDING: "halted",
    Quotation.IMBALANCE: "halted",
    Quotation.VOLATILITY: "halted",
    Quotation.RELATED_SECURITY: "halted",
    Quotation.IN_VIEW_OF_COMMON: "halted",
    Quotation.EQUIPMENT: "halted",
    Quotation.SUB_PENNY: "halted",
    Quotation.NO_RESUME: "halted",
    Quotation.ORDER_INFLUX: "halted",
}
HALTED = sum(bit for bit, phase in QUOTE_PHASES.items() if phase == "halted")
INDICATED = sum(bit for bit, phase in QUOTE_PHASES.items() if phase in ("auction", "limits"))
MAX_DIGITS = 16


def bits(text: str) -> int:
    """Hexadecimal digits as bits, none as 0; raises FrameError for anything else.

    >>> bits("20000020") & Sale.OPENING, bits("40") & Sale.OPENING
    (<Sale: 0>, <Sale.OPENING: 64>)
    """
    if len(text) > MAX_DIGITS or not set(text) <= set("0123456789abcdefABCDEF"):
        raise FrameError(f"conditions {text[:40]!r} are not at most {MAX_DIGITS} hexadecimal digits")
    return int(text or "0", 16)


def said(conditions: int, phases: "dict[Sale, str] | dict[Quotation, str]") -> list[tuple[str, str]]:
    """(phase, word) of every bit that tells of a phase.

    >>> said(0x20000040, SALE_PHASES)
    [('open', 'opening')]
    """
    return [(phase, _word(bit)) for bit, phase in phases.items() if conditions & bit]


def _word(bit: "Sale | Quotation") -> str:
    return (bit.name or "").lower().replace("_", " ")
