"""What the exchange says of the account when it is asked: balances, positions, trades, income, all orders."""

from bisect import bisect_left
from collections.abc import Mapping

import msgspec

from simulator.orders.account import MARK
from simulator.orders.desk import Desk
from simulator.orders.events import Trade
from simulator.orders.order import printed
from simulator.orders.refusals import BAD_SYMBOL, Refusal, missing
from simulator.orders.units import Units, money, text

TRADES_MOST = 1_000  # in one answer
LISTED_MOST = 100_000
WEEK_MS = 7 * 24 * 3600 * 1000  # trades from a time on are told for so long


def account(desk: Desk) -> bytes:
    """GET /fapi/v2/account and v3: v3 has fewer fields, all of them here too."""
    held = desk.account
    amounts = {
        "totalInitialMargin": held.margin,
        "totalMaintMargin": 0,
        "totalWalletBalance": held.wallet,
        "totalUnrealizedProfit": held.unrealised,
        "totalMarginBalance": held.equity,
        "totalCrossWalletBalance": held.wallet,
        "totalCrossUnPnl": held.unrealised,
        "availableBalance": held.available,
        "maxWithdrawAmount": held.available,
    }
    asset = {
        "asset": "USDT",
        "walletBalance": money(held.wallet),
        "unrealizedProfit": money(held.unrealised),
        "marginBalance": money(held.equity),
        "initialMargin": money(held.margin),
        "availableBalance": money(held.available),
        "updateTime": desk.now_ms,
    }
    return msgspec.json.encode(
        {name: money(value) for name, value in amounts.items()}
        | {
            "canTrade": not desk.suspended,
            "updateTime": 0,
            "assets": [asset],
            "positions": [_position(desk, i) for i in range(len(desk.units))],
        }
    )


def _position(desk: Desk, i: int) -> dict[str, object]:
    one, units = desk.account.positions[i], desk.units[i]
    return {
        "symbol": units.symbol,
        "positionSide": "BOTH",
        "positionAmt": units.size(one.lots),
        "entryPrice": units.entry_price(one.cost, one.lots) if one.lots else "0.0",
        "breakEvenPrice": "0.0",
        "unrealizedProfit": money(desk.account.unrealised_of(i)),
        "notional": money(one.lots * one.mark * units.worth // MARK),
        "isolated": False,
        "isolatedWallet": "0",
        "leverage": str(desk.rules.leverage),
        "updateTime": one.updated_ms,
    }


def position_risk(desk: Desk, params: Mapping[str, str]) -> bytes | Refusal:
    """GET /fapi/v3/positionRisk, of all instruments where none is named."""
    asked = params.get("symbol", "")
    if asked and asked not in desk.places:
        return BAD_SYMBOL
    rows = []
    for i, units in enumerate(desk.units):
        if asked in ("", units.symbol):
            row = _position(desk, i)
            mark = desk.account.positions[i].mark * units.tick // MARK
            rows.append(
                row
                | {
                    "unRealizedProfit": row["unrealizedProfit"],
                    "markPrice": text(mark, units.price_decimals),
                    "marginAsset": "USDT",
                    "liquidationPrice": "0",
                }
            )
    return msgspec.json.encode(rows)


def open_orders(desk: Desk, params: Mapping[str, str]) -> bytes | Refusal:
    """GET /fapi/v1/openOrders, of all instruments where none is named."""
    asked = params.get("symbol", "")
    if asked and asked not in desk.places:
        return BAD_SYMBOL
    chosen = [desk.places[asked]] if asked else range(len(desk.units))
    return f"[{','.join(printed(order, desk.units[i]) for i in chosen for order in desk.open[i].values())}]".encode()


def trades(desk: Desk, params: Mapping[str, str]) -> bytes | Refusal:
    """GET /fapi/v1/userTrades of one instrument: from a trade id on, or from a time on, or the newest."""
    if "symbol" not in params:
        return missing("symbol")
    if params["symbol"] not in desk.places:
        return BAD_SYMBOL
    i = desk.places[params["symbol"]]
    kept, limit = desk.trades[i], _number(params, "limit", 500, TRADES_MOST)
    if "fromId" in params:
        first = bisect_left(kept, _number(params, "fromId", 0), key=lambda trade: trade.trade_id)
    elif "startTime" in params:
        since_ms = _number(params, "startTime", 0)
        first = bisect_left(kept, since_ms, key=lambda trade: trade.time_ms)
        limit = min(limit, bisect_left(kept, since_ms + WEEK_MS, key=lambda trade: trade.time_ms) - first)
    else:
        first = max(0, len(kept) - limit)
    return f"[{','.join(_trade(trade, desk.units[i]) for trade in kept[first : first + limit])}]".encode()


def _trade(trade: Trade, units: Units) -> str:
    side = "BUY" if trade.side > 0 else "SELL"
    return (
        f'{{"symbol":"{units.symbol}","id":{trade.trade_id},"orderId":{trade.number},"side":"{side}",'
        f'"price":"{units.price(trade.ticks)}","qty":"{units.size(trade.lots)}",'
        f'"realizedPnl":"{money(trade.realised)}","quoteQty":"{money(trade.ticks * trade.lots * units.worth)}",'
        f'"commission":"{money(trade.fee)}","commissionAsset":"USDT","time":{trade.time_ms},"positionSide":"BOTH",'
        f'"buyer":{"true" if trade.side > 0 else "false"},"maker":{"true" if trade.maker else "false"}}}'
    )


def income(desk: Desk, params: Mapping[str, str]) -> bytes:
    """GET /fapi/v1/income: funding payments; the account has no other income that is not told elsewhere."""
    if params.get("incomeType", "FUNDING_FEE") != "FUNDING_FEE":
        return b"[]"
    limit, since_ms = _number(params, "limit", 100, TRADES_MOST), _number(params, "startTime", 0)
    first = bisect_left(desk.income, since_ms, key=lambda row: row[3])
    first += limit * (_number(params, "page", 1) - 1)
    return msgspec.json.encode(
        [
            {
                "symbol": desk.units[i].symbol,
                "incomeType": "FUNDING_FEE",
                "income": money(amount),
                "asset": "USDT",
                "time": time_ms,
                "info": "FUNDING_FEE",
                "tranId": number,
                "tradeId": "",
            }
            for number, i, amount, time_ms in desk.income[first : first + limit]
        ]
    )


def listed(desk: Desk, params: Mapping[str, str]) -> bytes:
    """GET /simulator/orders, not Binance's: every order that was ever taken, from a number on."""
    first = max(_number(params, "fromId", 0), desk.first_number + 1)
    last = min(desk.last_number, first + _number(params, "limit", 1_000, LISTED_MOST) - 1)
    rows = [desk.orders[number] for number in range(first, last + 1) if number in desk.orders]
    return f"[{','.join(printed(order, desk.units[order.i]) for order in rows)}]".encode()


def _number(params: Mapping[str, str], name: str, default: int, most: int = 10**18) -> int:
    word = params.get(name, "")
    return min(int(word), most) if word.isdecimal() and len(word) < 19 else default
