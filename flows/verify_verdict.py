"""What a verification comes to: one word and one exit code, for people and for scripts.

    0  verified      every rule of the venue held for every message, and nothing was unknown
    1  contradicted  something is missing, wrong, unread or silent
    3  drifted       every rule held, but the venue's messages have fields that we do not know, or lack some
    3  unverifiable  nothing is wrong, and the venue gives no means to see a loss, or gave none for some messages
    3  unseen        nothing is wrong, but some of what was to be verified never came

2 is left to wrong words on the command line. What is not verified is never 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from operators.analysis.verification import DOUBT, Verification

Word = Literal["verified", "contradicted", "drifted", "unverifiable", "unseen"]
EXIT_CODES: dict[Word, int] = {"verified": 0, "contradicted": 1, "drifted": 3, "unverifiable": 3, "unseen": 3}
# The venue's own word, where books come in band or every message is whole: an auction, a tick that it doubts itself.
TOLD = ("crossed", "suspicious")


@dataclass(frozen=True)
class Outcome:
    """The word, and why it is not a better one."""

    word: Word
    reasons: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """For scripts."""
        return EXIT_CODES[self.word]


Findings = dict[Word, list[str]]
WORST_FIRST: tuple[Word, ...] = ("contradicted", "unverifiable", "unseen", "drifted")


def findings(found: Verification) -> Findings:
    """All that speaks against a better word, by the word that it leads to."""
    return {
        "contradicted": list(_wrong(found)),
        "unverifiable": list(_unverifiable(found)),
        "unseen": list(_unseen(found)),
        "drifted": list(_drifted(found)),
    }


def worst(found: Findings) -> Outcome:
    """The worst word that has a reason."""
    for word in WORST_FIRST:
        if found.get(word):
            return Outcome(word, tuple(found[word]))
    return Outcome("verified")


def outcome(found: Verification) -> Outcome:
    """The verdict on a recording."""
    return worst(findings(found))


def _wrong(found: Verification) -> Iterator[str]:
    capability = found.venue.capability
    in_band, verifiable = capability.snapshot == "stream", capability.detection != "none"
    for (channel, cause), count in sorted(found.gaps.items()):
        if cause != DOUBT and not (cause in TOLD and (in_band or not verifiable)):
            yield f"{count:,} gaps of {channel}: {cause}"
    for gap in sorted(found.open_gaps):
        told = gap.cause == DOUBT or (gap.cause in TOLD and not verifiable)
        if not told and found.snapshots[gap.instrument]:
            yield f"{gap.instrument} {gap.channel}: still {gap.cause}"
    if found.dead_letters:
        yield f"{found.dead_letters.total():,} frames could not be read"
    if found.has_ids and found.agreed != found.tickers:
        yield f"{found.tickers.total() - found.agreed.total():,} best quotes of the venue are not our touch"


def _unverifiable(found: Verification) -> Iterator[str]:
    if found.venue.capability.detection == "none":
        yield "this venue gives no means to see a loss"
    if found.doubted.total():
        yield f"{found.doubted.total():,} checksums could not be computed beyond doubt"


def _unseen(found: Verification) -> Iterator[str]:
    if not found.book_messages:
        yield "no message of a book came"
    elif missing := sorted(symbol for symbol in found.book_messages if not found.snapshots[symbol]):
        yield f"no full book of {', '.join(missing)} came"


def _drifted(found: Verification) -> Iterator[str]:
    drift = found.drift
    for what, names in (("unknown", drift.added), ("missing", drift.removed), ("of another type", drift.retyped)):
        if names:
            yield f"fields {what}: {', '.join(sorted(names))}"
