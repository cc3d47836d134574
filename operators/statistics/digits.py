"""When sums that roll over a window have lost their digits, and the window must be counted anew.

What entered rolled sums and left them again leaves the rounding of its own size. A sum about the mean below KEPT of
the largest that the sums have been has lost three digits of sixteen to it: a jump has left the window, or the price has
gone far from where it was when last counted. Counting anew costs a window, but takes a jump as large as all else to
come about, and one jump can leave a window only once.
A part of `statistics.dependence`.
"""

from operators.kernel import part

KEPT = 1e-3


@part
def lost(about_mean: float, largest: float) -> bool:
    """Whether a sum about the mean is too small beside the largest raw sum since the last count."""
    return about_mean < KEPT * largest
