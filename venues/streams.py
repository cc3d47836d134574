"""Streams that have no name but ours, `<channel>:<symbol>`; and streams in parts, as requests may name so many."""

from collections.abc import Sequence


def channel_name(stream: str) -> str:
    """`level2:BTC-USD` -> `level2`."""
    return stream.partition(":")[0]


def symbol_of(stream: str) -> str:
    """`level2:BTC-USD` -> `BTC-USD`; "" for a stream without a symbol."""
    return stream.partition(":")[2]


def parts(streams: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """Streams in their order, `most` a part.

    >>> parts(["a", "b", "c"], 2)
    [('a', 'b'), ('c',)]
    """
    return [tuple(streams[at : at + most]) for at in range(0, len(streams), most)]


def parts_by_channel(streams: Sequence[str], most: int) -> list[tuple[str, tuple[str, ...]]]:
    """The same for requests that have one channel each: channels with their parts.

    >>> parts_by_channel(["book:A", "trade:A", "book:B"], 2)
    [('book', ('book:A', 'book:B')), ('trade', ('trade:A',))]
    """
    channels = dict.fromkeys(map(channel_name, streams))
    named = {channel: [stream for stream in streams if channel_name(stream) == channel] for channel in channels}
    return [(channel, part) for channel in channels for part in parts(named[channel], most)]
