"""The routes under /api/v1. Every answer is a list of rows of one table, newest first, within named limits."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from gateway import limits, regime_rows, rows
from gateway.caller import Caller, may_see_account, needs
from gateway.store import Store

Rows = Annotated[int, Query(ge=1, le=limits.MAX_ROWS, description="rows, at most")]
Window = Annotated[int, Query(ge=1, le=limits.MAX_WINDOW_S, description="how far back to look, s of recorded time")]
Days = Annotated[int, Query(ge=1, le=limits.MAX_DAYS, description="how far back to look, days of recorded time")]
Name = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$", description="only this one; empty: all")]
RegimeTimeframe = Literal["", "ultra_short", "short", "medium", "long"]
Horizon = Annotated[int, Query(ge=0, le=limits.MAX_HORIZON_BARS, description="only this one, bars ahead; 0: all")]


def tables(store: Store) -> APIRouter:
    """One route per question to the tables."""
    api = APIRouter(prefix="/api/v1", tags=["tables"], dependencies=[needs("read")])

    @api.get("/instruments")
    def instruments(instrument: Name = "", limit: Rows = limits.DEFAULT_ROWS) -> list[rows.Instrument]:
        """Instruments with their price and size steps."""
        return store.rows("instruments", rows.Instrument, instrument=instrument, limit=limit)

    @api.get("/quotes/latest")
    def quotes(
        instrument: Name = "", window_s: Window = limits.DEFAULT_WINDOW_S, limit: Rows = limits.DEFAULT_ROWS
    ) -> list[rows.Quote]:
        """The newest best bid and ask of every instrument, from the rebuilt book and from the venue's ticker."""
        return store.rows("quotes_latest", rows.Quote, instrument=instrument, window_s=window_s, limit=limit)

    @api.get("/features/latest")
    def features(
        instrument: Name = "", window_s: Window = limits.DEFAULT_WINDOW_S, limit: Rows = limits.DEFAULT_ROWS
    ) -> list[rows.Features]:
        """The newest order-flow measures of every instrument."""
        return store.rows("features_latest", rows.Features, instrument=instrument, window_s=window_s, limit=limit)

    @api.get("/regimes/latest")
    def regimes(
        instrument: Name = "", timeframe: RegimeTimeframe = "", limit: Rows = limits.DEFAULT_ROWS
    ) -> list[regime_rows.Regime]:
        """The regime of every instrument on every timeframe, with its probabilities and evidence."""
        return store.rows("regimes_latest", regime_rows.Regime, instrument=instrument, timeframe=timeframe, limit=limit)

    @api.get("/regimes/forecasts")
    def forecasts(
        instrument: Name = "",
        timeframe: RegimeTimeframe = "",
        horizon_bars: Horizon = 0,
        limit: Rows = limits.DEFAULT_ROWS,
    ) -> list[regime_rows.RegimeForecast]:
        """The newest forecasts of every instrument on every timeframe, with the scores of earlier ones."""
        return store.rows(
            "regime_forecasts_latest",
            regime_rows.RegimeForecast,
            instrument=instrument,
            timeframe=timeframe,
            horizon_bars=horizon_bars,
            limit=limit,
        )

    @api.get("/signals/latest")
    def signals(
        instrument: Name = "", timeframe: RegimeTimeframe = "", limit: Rows = limits.DEFAULT_ROWS
    ) -> list[rows.Signal]:
        """The newest signals with the evidence they rest on."""
        return store.rows("signals_latest", rows.Signal, instrument=instrument, timeframe=timeframe, limit=limit)

    @api.get("/gaps")
    def gaps(
        instrument: Name = "", state: Literal["", "open", "healed"] = "", limit: Rows = limits.DEFAULT_ROWS
    ) -> list[rows.Gap]:
        """Recent gaps and duplicates of the feeds."""
        return store.rows("gaps_recent", rows.Gap, instrument=instrument, state=state, limit=limit)

    @api.get("/coverage")
    def coverage(instrument: Name = "", days: Days = 7, limit: Rows = limits.DEFAULT_ROWS) -> list[rows.Coverage]:
        """Share of every trading session with a valid book, newest first."""
        return store.rows("coverage_latest", rows.Coverage, instrument=instrument, days=days, limit=limit)

    @api.get("/availability")
    def availability(
        instrument: Name = "", window: Literal["", "day", "30 days"] = "", limit: Rows = limits.DEFAULT_ROWS
    ) -> list[rows.Availability]:
        """What every subscription may still be down, those in need first."""
        return store.rows("availability_budgets", rows.Availability, instrument=instrument, window=window, limit=limit)

    @api.get("/latency")
    def latency(limit: Rows = limits.DEFAULT_ROWS) -> list[rows.Latency]:
        """Latencies of every stage as last measured."""
        return store.rows("latency_latest", rows.Latency, limit=limit)

    return api


def account(store: Store) -> APIRouter:
    """What the account holds now."""
    api = APIRouter(prefix="/api/v1", tags=["tables"])

    @api.get("/positions")
    def positions(
        caller: Annotated[Caller, needs("account")],
        instrument: Name = "",
        account: Name = "",
        limit: Rows = limits.DEFAULT_ROWS,
    ) -> list[rows.Position]:
        """What every account holds."""
        if not may_see_account(caller):
            return []
        return store.rows("positions_latest", rows.Position, instrument=instrument, account=account, limit=limit)

    return api
