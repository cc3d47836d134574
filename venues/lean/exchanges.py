"""Exchanges of US stocks: the letter that Lean writes, and the small int that a QUOTE row has of it."""

from market.errors import FrameError

# By the letter of the consolidated tape; names as of the days of the files.
EXCHANGES = {
    "A": "NYSE MKT",
    "B": "NASDAQ BX",
    "C": "National Stock Exchange",
    "D": "FINRA",
    "I": "International Securities Exchange",
    "J": "Direct Edge A",
    "K": "Direct Edge X",
    "M": "Chicago Stock Exchange",
    "N": "New York Stock Exchange",
    "P": "NYSE Arca",
    "Q": "NASDAQ",
    "S": "Consolidated Tape System",
    "T": "NASDAQ (tapes A and B)",
    "W": "CBOE Stock Exchange",
    "X": "NASDAQ PSX",
    "Y": "BATS Y",
    "Z": "BATS Z",
}


def code(letter: str) -> int:
    """0 for A … 25 for Z, also where the letter is younger than the table; raises FrameError for anything else.

    >>> code("P")
    15
    """
    if len(letter) == 1 and "A" <= letter <= "Z":
        return ord(letter) - ord("A")
    raise FrameError(f"exchange {letter[:40]!r} is not a letter from A to Z")
