"""What an exit code says, in words."""

import signal

MEANINGS = {
    0: "it ended by itself",
    1: "its log says why",
    2: "wrong words on its command line",
    70: "internal error",
    74: "I/O error",
    75: "temporary failure",
    78: "configuration error",
}


def exit_words(code: int | None) -> str:
    """
    >>> exit_words(-9), exit_words(74), exit_words(5), exit_words(None)
    ('SIGKILL', '74 (I/O error)', '5', 'nothing')
    """
    if code is None:
        return "nothing"
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"{code} ({MEANINGS[code]})" if code in MEANINGS else str(code)
