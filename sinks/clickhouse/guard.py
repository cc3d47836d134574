"""What the reader may run: one SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS that stays inside the database.

ClickHouse's own `readonly = 1`, which no query can lift, refuses writes, DDL, settings and most table functions. It
lets through what a server's access control would stop and the embedded engine has not got: KILL QUERY, INTO OUTFILE,
`file()` as a function, DESCRIBE of a table function, and whatever asks a network. Those are refused here.

A query is judged by the text that ClickHouse's own parser writes for it, and that text is what runs: so a comment, a
quote or an encoding that this file reads otherwise than ClickHouse does cannot hide anything.
"""

import re
from collections.abc import Callable, Iterable

from sinks.clickhouse.exceptions import INTO_OUTFILE_NOT_ALLOWED, READONLY, refused

VERBS = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "EXPLAIN", "EXISTS"})
HARMLESS_TABLE_FUNCTIONS = frozenset(
    {
        "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generate_series", "generateseries", "generaterandom",
        "values", "null", "view", "merge", "format",
    }
)  # fmt: skip
# Functions that read files, ask a network or show the process's insides.
FOREIGN_FUNCTIONS = frozenset(
    {
        "file", "catboostevaluate", "addresstoline", "addresstolinewithinlines", "addresstosymbol",
        "getclienthttpheader", "naivebayesclassifier", "modelevaluate",
        "aigenerate", "aiextract", "aiclassify", "aifilter", "aiembed", "aiembedding", "aitranslate", "airedact",
        "aisimilarity",
    }
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|`(?P<quoted>(?:[^`\\]|\\.)*)`|(?P<word>[^\W\d]\w*)|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)
_FILES = re.compile(r"\b(INTO\s+OUTFILE|FROM\s+INFILE)\b")


class Guard:
    """Judges the reader's statements; `canonical` is ClickHouse's own formatter."""

    def __init__(self, table_functions: Iterable[str], canonical: Callable[[str], str]) -> None:
        self._refused = {name.lower() for name in table_functions} - HARMLESS_TABLE_FUNCTIONS | FOREIGN_FUNCTIONS
        self._canonical = canonical

    def readable(self, query: str) -> str:
        """The statement to run in place of this one; raises QueryError (62, 164, 358)."""
        clean = self._canonical(query)
        words = [
            (match.group("word") or match.group("quoted") or match.group("other") or "'") for match in _tokens(clean)
        ]
        first = next((word.upper() for word in words if word != "("), "")
        if first not in VERBS:
            raise refused(READONLY, f"reader: Cannot execute {first or 'an empty'} query in readonly mode.")
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if following == "(" and word.lower() in self._refused:
                raise refused(READONLY, f"reader: {word} reaches outside the database, which a reader may not.")
            if word.upper() == "INTO" and following.upper() == "OUTFILE":
                raise refused(INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed")
        return clean


def stays_inside(canonical: str) -> None:
    """Refuse a statement of the writer that would touch a file of the machine by INTO OUTFILE or FROM INFILE."""
    bare = " ".join(match.group() for match in _tokens(canonical) if match.group("word"))
    if _FILES.search(bare.upper()):
        raise refused(INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE and FROM INFILE are not allowed over HTTP")


def _tokens(canonical: str) -> list["re.Match[str]"]:
    return [match for match in _TOKEN.finditer(canonical) if not match.group("blank")]
