"""US stocks as Lean stores them: zipped ticks of past days, read as if they were received when they happened.

There is no connection: `barograph import` makes frames of the files (sources/lean_zip.py), one line each, with the
context that the file's name gives, so that the line stays as it was:

    trade IBM 20131007 1 14430270,1815200,283,P,20002020,0
    quote IBM 20131007 2 14400241,1800100,300,0,0,P,1,0

Columns: milliseconds since midnight in New York (a fraction may follow), price in 1/10 000 dollar, shares, exchange,
conditions as hexadecimal bits, whether AlgoSeek suspects the tick; a quote has bid and ask, of which one is 0.
Source: QuantConnect/Lean, Data/equity/readme.md.

The quotes are of the national best: every line says where the best bid, or the best ask, of all exchanges is now, and
nothing is said of the other exchanges. Seen in real files: lines come as pairs of bid and ask of one instant (all but 2
of 355 836 pairs); read so, they are Lean's own quote bars to the tick (close and size of 100.0 % of 24 477 seconds);
read as the exchanges' own quotes, of which the best would have to be found, the market would be crossed 99 % of the
time. So they carry Flag.BEST.
"""

from venues.keys import Layout
from venues.lean.product import Lean
from venues.venue import Capability, Limits

__all__ = ["LEAN_USA", "Lean"]

LEAN_USA = Lean(
    name="lean-usa",
    capability=Capability("none"),
    keys=Layout(()),  # lines of csv are not for the scanner
    limits=Limits(0, 0, 0, 0),
)
