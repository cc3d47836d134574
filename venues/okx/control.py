"""Frames about the connection: subscribe requests, their answers, and which streams a frame is of.

Streams are ours: "books:BTC-USDT", "instruments:SWAP", "status", and of v3 "spot/depth:BTC-USDT". That of an index is
named after the swap that it is the index of, index-tickers:BTC-USDT-SWAP.
"""

import re
from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from venues.okx.frames import Argument, Control, Maintenance
from venues.reading import Spoiled
from venues.streams import parts
from venues.venue import Action, Channel, Reply, Requests

PONG = b"pong"
STATUS, INDEX, INSTRUMENTS, SWAP = "status", "index-tickers", "instruments", "-SWAP"
# Too many requests, internal errors: the request is not answered, and comes again.
TRANSIENT = frozenset({"60014", "60023", "63999", "64007"})
REFUSED_LOGINS = frozenset({"60004", "60005", "60006", "60007", "60009", "60024", "60026", "60031", "60032"})
UPGRADE = "64008"  # the connection will be closed in 60 s
_CHANNELS = {
    "books": Channel.DEPTH,
    "books-l2-tbt": Channel.DEPTH,
    "books50-l2-tbt": Channel.DEPTH,
    "books5": Channel.DEPTH,
    "bbo-tbt": Channel.DEPTH,
    "tickers": Channel.TICKER,
    "trades": Channel.TRADE,
    "trades-all": Channel.TRADE,
    "mark-price": Channel.MARK,
    "funding-rate": Channel.STATUS,
    INDEX: Channel.STATUS,
    INSTRUMENTS: Channel.STATUS,
    STATUS: Channel.STATUS,
    # v3, after the slash
    "depth": Channel.DEPTH,
    "depth_l2_tbt": Channel.DEPTH,
    "depth5": Channel.DEPTH,
    "ticker": Channel.TICKER,
    "trade": Channel.TRADE,
    "mark_price": Channel.MARK,
    "funding_rate": Channel.STATUS,
}
_PREFIX, _NAMED = b'{"arg":{"channel":"', b'","instId":"'
# As refusals name it: "channel:tickers,instId:LTC-USD doesn't exist" (60018), or the request again (60012).
_REFUSED = re.compile(r'"?channel"?\s*:\s*"?([\w-]+)"?\s*,\s*"?inst(?:Id|Type)"?\s*:\s*"?([\w-]+)')
_BACK = frozenset({"completed", "canceled"})
_control = msgspec.json.Decoder(Control).decode


class _Instrument(msgspec.Struct, gc=False):
    instrument_id: str = ""


class _Named(msgspec.Struct, gc=False):
    arg: Argument = msgspec.field(default_factory=Argument)
    event: str = ""
    table: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


_named = msgspec.json.Decoder(_Named).decode
_instruments = msgspec.json.Decoder(list[_Instrument]).decode


def requests(action: Action, streams: Sequence[str], first_id: int, streams_per_request: int) -> Requests:
    """`{"id":"1","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`, ids from `first_id` on."""
    return [
        (number, _request(action.lower(), part, str(number)), part)
        for number, part in enumerate(parts(streams, streams_per_request), first_id)
    ]


def _request(operation: str, streams: Sequence[str], number: str) -> bytes:
    return msgspec.json.encode({"id": number, "op": operation, "args": list(map(argument, streams))})


def argument(stream: str) -> dict[str, str]:
    """What the venue calls a stream."""
    channel, _, name = stream.partition(":")
    if channel == STATUS:
        return {"channel": channel}
    if channel == INSTRUMENTS:
        return {"channel": channel, "instType": name}
    return {"channel": channel, "instId": name.removesuffix(SWAP) if channel == INDEX else name}


def stream(channel: str, name: str) -> str:
    """The stream of an argument; the other way round of `argument`."""
    if channel == STATUS:
        return STATUS
    return f"{channel}:{name}{SWAP if channel == INDEX else ''}"


def streams_of(frame: bytes) -> tuple[str, ...]:
    """The streams that a frame has data of; quick where channel and instrument come first, as they do."""
    if frame.startswith(_PREFIX):
        middle = frame.find(b'"', len(_PREFIX))
        if frame.startswith(_NAMED, middle):
            start = middle + len(_NAMED)
            end = frame.find(b'"', start)
            channel = frame[len(_PREFIX) : middle].decode("utf-8", "replace")
            return (stream(channel, frame[start:end].decode("utf-8", "replace")),) if end > 0 else ()
    try:
        return _streams(_named(frame))
    except Spoiled:
        return ()


def _streams(message: _Named) -> tuple[str, ...]:
    if message.event:
        return ()
    if message.table:
        return tuple(dict.fromkeys(f"{message.table}:{row.instrument_id}" for row in _instruments(message.data)))
    named = _subscribed(message.arg)
    return (named,) if named and named != STATUS else ()


def _subscribed(argument: Argument) -> str:
    """The stream of an argument, "" for none."""
    return stream(argument.channel, argument.instId or argument.instType) if argument.channel else ""


def channel_of(name: str) -> Channel:
    """What `books:BTC-USDT` carries; unknown channels count as trades, which are never shed."""
    return _CHANNELS.get(name.partition(":")[0].rpartition("/")[2], Channel.TRADE)


def symbol_of(name: str) -> str:
    """`books:BTC-USDT` -> `BTC-USDT`; "" for what is of no one instrument."""
    channel, _, symbol = name.partition(":")
    return "" if channel in (STATUS, INSTRUMENTS) else symbol


def reply(frame: bytes) -> Reply | None:
    """Answer, pong, announced shutdown or notice of maintenance; None for anything else."""
    if frame == PONG:
        return Reply("pong")
    if frame.startswith(_PREFIX) and not frame.startswith(_PREFIX + STATUS.encode()):
        return None
    try:
        return read_reply(_control(frame))
    except Spoiled:
        return None


def read_reply(message: Control) -> Reply | None:
    """As `reply`, of a frame that is read already. Raises what a decoder does."""
    if message.arg.channel == STATUS and not message.event:
        return _maintenance(msgspec.convert([] if message.data is UNSET else message.data, list[Maintenance]))
    code, text = message.code or str(message.errorCode), message.msg or message.message
    request = int(message.id) if message.id.isascii() and message.id.isdigit() else None
    match message.event:
        case "subscribe" | "unsubscribe":
            return Reply("ack", request, streams=(_subscribed(message.arg) or message.channel,))
        case "login":
            return Reply("login", request)
        case "notice" if code == UPGRADE:
            return Reply("shutdown", text=text)
        case "error" if code in REFUSED_LOGINS:
            return Reply("refused", request, f"{text} (code {code})")
        case "error" | "channel-conn-count-error" if code not in TRANSIENT:
            return Reply("error", request, f"{text} (code {code})", _refused(message))
    return None


def _refused(message: Control) -> tuple[str, ...]:
    """The one stream that a refusal names; () where it only says the whole request again."""
    if named := _subscribed(message.arg):
        return (named,)
    found = _REFUSED.findall(message.msg)
    return (stream(*found[0]),) if len(found) == 1 else ()


def _maintenance(notices: Sequence[Maintenance]) -> Reply | None:
    """One that has begun or is over; of one that is only planned there is nothing to do yet."""
    for notice in notices:
        if notice.state == "ongoing" or notice.state in _BACK:
            return Reply("maintenance", text=notice.title, back=notice.state in _BACK)
    return None
