"""Reading SQL as text: comments, quotes, parentheses, top-level commas. No parser: enough for what macros need."""

import re

_SKIPPED = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<quoted>'(?:[^'\\]|\\.|'')*(?:'|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z)|`(?:[^`\\]|\\.|``)*(?:`|\Z))""",
    re.DOTALL,
)


def blank_comments(sql: str) -> str:
    """The same text, as long, with blanks for comments; what looks like one inside quotes stays.

    >>> blank_comments("select '--' -- one")
    "select '--'       "
    """
    return _SKIPPED.sub(lambda match: " " * len(match[0]) if match["comment"] else match[0], sql)


def after_quoted(sql: str, start: int) -> int:
    """Where a quoted region that begins at `start` is over; `start` itself where none begins there."""
    match = _SKIPPED.match(sql, start)
    return match.end() if match and match["quoted"] else start


def closing(sql: str, opening: int) -> int:
    """Place of the parenthesis that closes the one at `opening`. Raises ValueError where none does."""
    depth, at = 0, opening
    while at < len(sql):
        if (after := after_quoted(sql, at)) > at:
            at = after
            continue
        depth += (sql[at] == "(") - (sql[at] == ")")
        if not depth:
            return at
        at += 1
    raise ValueError(f"unbalanced parentheses after {sql[max(opening - 20, 0) : opening + 1]!r}")


def arguments(text: str) -> list[str]:
    """What top-level commas separate, without the blanks around; none of an empty text.

    >>> arguments("f(a, b), 'c,d'")
    ['f(a, b)', "'c,d'"]
    """
    if not text.strip():
        return []
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if (after := after_quoted(text, at)) > at:
            at = after
            continue
        depth += (text[at] == "(") - (text[at] == ")")
        if text[at] == "," and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*parts, text[start:].strip()]


def top_level(sql: str, words: re.Pattern[str], start: int = 0) -> list[re.Match[str]]:
    """Matches of `words` outside quotes and parentheses, in order."""
    found, depth, at = [], 0, start
    while at < len(sql):
        if (after := after_quoted(sql, at)) > at:
            at = after
        elif not depth and (match := words.match(sql, at)) and (at == 0 or not re.match(r"\w", sql[at - 1])):
            found.append(match)
            at = match.end()
        else:
            depth = max(depth + (sql[at] == "(") - (sql[at] == ")"), 0)
            at += 1
    return found
