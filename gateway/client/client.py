"""`Client`: everything of the gateway in typed calls."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx

from gateway.client.live import Stream, Subscription, socket_url
from gateway.client.requests import Requests
from gateway.client.rows import Rows, Time, time_text

BarTimeframe = Literal["1s", "1m", "15m", "1h", "1d"]
RegimeTimeframe = Literal["ultra_short", "short", "medium", "long"]
AccountTable = Literal[
    "accounts",
    "ledger",
    "intents",
    "risk",
    "risk_parts",
    "limits",
    "rebalances",
    "correlations",
    "problems",
    "solutions",
]
Json = dict[str, Any]


class Client:
    """A gateway at `url`.

    History answers `Rows`, which are read by `.polars()`, `.pandas()` or `.pages()`. Times are ISO texts in UTC or
    datetimes with a time zone; `until` is exclusive; without `since` the gateway takes a stretch that ends at `until`,
    or at the newest row. `limit`: only the newest so many. `known_at`: as it was known then. Every call raises ApiError
    where the gateway refuses, after it was tried again where that may help.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str = "",
        timeout_s: float = 30.0,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._url, self._key = url, key
        self._requests = Requests(url, key, timeout_s=timeout_s, attempts=attempts, transport=transport, wait=wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._requests.close()

    def bars(self, instrument: str = "", *, timeframe: BarTimeframe = "1m", **asked: Any) -> Rows:
        """Bars, the last revision of each. Further: venue, since, until, limit, columns, known_at."""
        return self.history("bars", instrument=instrument, timeframe=timeframe, **asked)

    def quotes(self, instrument: str = "", *, source: Literal["", "book", "ticker"] = "", **asked: Any) -> Rows:
        """Best bid and ask after every message."""
        return self.history("quotes", instrument=instrument, source=source, **asked)

    def trades(self, instrument: str = "", **asked: Any) -> Rows:
        """Public trades."""
        return self.history("trades", instrument=instrument, **asked)

    def features(self, instrument: str = "", **asked: Any) -> Rows:
        """Measures after every book message."""
        return self.history("features", instrument=instrument, **asked)

    def regimes(self, instrument: str = "", *, timeframe: RegimeTimeframe | Literal[""] = "", **asked: Any) -> Rows:
        """Regimes at every bar close, with probabilities and evidence."""
        return self.history("regimes", instrument=instrument, timeframe=timeframe, **asked)

    def regime_changes(
        self, instrument: str = "", *, timeframe: RegimeTimeframe | Literal[""] = "", **asked: Any
    ) -> Rows:
        """Changes of held states."""
        return self.history("regimes/changes", instrument=instrument, timeframe=timeframe, **asked)

    def signals(self, instrument: str = "", *, timeframe: RegimeTimeframe | Literal[""] = "", **asked: Any) -> Rows:
        """Signals with the evidence they rest on."""
        return self.history("signals", instrument=instrument, timeframe=timeframe, **asked)

    def orders(self, instrument: str = "", *, account: str = "", **asked: Any) -> Rows:
        """Every state that every order entered; needs the scope account, as do the next four."""
        return self.history("orders", instrument=instrument, account=account, **asked)

    def fills(self, instrument: str = "", *, account: str = "", **asked: Any) -> Rows:
        """Our own trades."""
        return self.history("fills", instrument=instrument, account=account, **asked)

    def targets(self, instrument: str = "", *, account: str = "", **asked: Any) -> Rows:
        """Where the portfolio wanted to be."""
        return self.history("targets", instrument=instrument, account=account, **asked)

    def position_history(self, instrument: str = "", *, account: str = "", **asked: Any) -> Rows:
        """What was held, after every fill."""
        return self.history("positions/history", instrument=instrument, account=account, **asked)

    def risk_events(self, instrument: str = "", *, account: str = "", **asked: Any) -> Rows:
        """What the risk gate refused, and every change of the trading state."""
        return self.history("risk_events", instrument=instrument, account=account, **asked)

    def of_account(self, table: AccountTable, *, account: str = "", **asked: Any) -> Rows:
        """How an account stood, what was measured of it and decided for it."""
        return self.history(table, account=account, **asked)

    def history(
        self,
        path: str,
        *,
        instrument: str = "",
        venue: str = "",
        since: Time = None,
        until: Time = None,
        known_at: Time = None,
        limit: int | None = None,
        columns: Sequence[str] = (),
        **filters: str,
    ) -> Rows:
        """Rows of any table of which the gateway tells history, by its path below /api/v1."""
        if limit is not None and limit < 1:
            raise ValueError(f"limit must be at least 1, is {limit}")
        times = {"since": time_text(since), "until": time_text(until), "known_at": time_text(known_at)}
        asked = {"instrument": instrument, "venue": venue, "columns": ",".join(columns), **times, **filters}
        given = {name: value for name, value in asked.items() if value}
        return Rows(self._requests, f"/api/v1/{path}", given, limit)

    def explanation(self, instrument: str, *, timeframe: RegimeTimeframe, time: Time, venue: str = "") -> Json:
        """Why there is a signal, down to the bytes that the venue sent, and what trading made of it."""
        asked = {"instrument": instrument, "timeframe": timeframe, "time": time_text(time), "venue": venue}
        return self._object("signals/explanation", asked)

    def order_explanation(self, client_order_id: str, *, account: str = "") -> Json:
        """Why there is an order: target, signals, regimes, optimiser, risk, limits, checks; what became of it."""
        return self._object(f"orders/{quote(client_order_id, safe='')}/explanation", {"account": account})

    def instruments(self) -> list[Json]:
        """What is traded, in which steps."""
        return self._list("instruments", {"limit": 1_000})

    def positions(self, *, account: str = "") -> list[Json]:
        """What every account holds now."""
        return self._list("positions", {"account": account, "limit": 1_000})

    def latest(self, what: Literal["quotes", "features", "regimes", "signals"], instrument: str = "") -> list[Json]:
        """The newest row of each instrument, and of each timeframe or source."""
        return self._list(f"{what}/latest", {"instrument": instrument, "limit": 1_000})

    def overview(self) -> Json:
        """Every instrument with its price, flow, regimes and position, and the pulse of the whole."""
        return self._object("overview", {})

    def status(self) -> Json:
        """Processes, connections, lag, gaps, latencies, sizes of tables."""
        return self._object("status", {})

    def stream(
        self,
        *,
        kinds: Sequence[str] = (),
        instruments: Sequence[str] = (),
        venues: Sequence[str] = (),
        timeframes: Sequence[str] = (),
        after: int | None = None,
        stream: str = "",
        slow: Literal["replay", "conflate", "disconnect"] = "replay",
        snapshot: bool = False,
    ) -> Stream:
        """Live events, over losses of the connection without loss or repetition. `after` and `stream`: where an
        earlier Stream was (`sequence`, `id`).
        """
        asked = Subscription(
            kinds=tuple(kinds),
            venues=tuple(venues),
            instruments=tuple(instruments),
            timeframes=tuple(timeframes),
            slow=slow,
            snapshot=snapshot,
        )
        return Stream(socket_url(self._url), self._key, asked, after=after, stream=stream)

    def _list(self, path: str, asked: dict[str, str | int]) -> list[Json]:
        found: list[Json] = self._requests.get(f"/api/v1/{path}", asked).json()
        return found

    def _object(self, path: str, asked: dict[str, str]) -> Json:
        found: Json = self._requests.get(f"/api/v1/{path}", asked).json()
        return found
