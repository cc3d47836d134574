"""What the user stream says, printed: order updates, account updates, the end of a listen key."""

from typing import Literal, NamedTuple

from simulator.orders.account import Account
from simulator.orders.order import Order
from simulator.orders.units import Units, money

Execution = Literal["NEW", "TRADE", "CANCELED", "EXPIRED"]


class Trade(NamedTuple):
    """One fill of an order of the account."""

    i: int
    trade_id: int  # of the public trade
    number: int  # of the order
    side: int
    ticks: int
    lots: int
    fee: int  # units of money
    realised: int
    maker: bool
    time_ms: int


def order_update(order: Order, units: Units, execution: Execution, time_ms: int, trade: Trade | None = None) -> str:
    """ORDER_TRADE_UPDATE; with `trade` where the execution is one."""
    lots, price, fee, number, maker, realised = ("0", "0", "0", 0, "false", "0")
    if trade is not None:
        lots, price, fee = units.size(trade.lots), units.price(trade.ticks), money(trade.fee)
        number, maker, realised = trade.trade_id, "true" if trade.maker else "false", money(trade.realised)
    average = units.average(order.value, order.filled) if order.filled else "0"
    return (
        f'{{"e":"ORDER_TRADE_UPDATE","E":{time_ms},"T":{time_ms},"o":{{"s":"{units.symbol}","c":"{order.client_id}",'
        f'"S":"{order.side_name}","o":"{order.kind}","f":"{order.time_in_force}","q":"{units.size(order.lots)}",'
        f'"p":"{units.price(order.ticks)}","ap":"{average}","sp":"0","x":"{execution}","X":"{order.state}",'
        f'"i":{order.number},"l":"{lots}","z":"{units.size(order.filled)}","L":"{price}","N":"USDT","n":"{fee}",'
        f'"T":{time_ms},"t":{number},"b":"0","a":"0","m":{maker},"R":{"true" if order.reduces else "false"},'
        f'"wt":"CONTRACT_PRICE","ot":"{order.kind}","ps":"BOTH","cp":false,"rp":"{realised}","pP":false,"si":0,"ss":0,'
        f'"V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}}}'
    )


def account_update(account: Account, i: int, reason: Literal["ORDER", "FUNDING_FEE"], change: int, time_ms: int) -> str:
    """ACCOUNT_UPDATE: the wallet, and the position where an order changed it; `change` is what is neither fee nor
    profit, as the venue has it."""
    held = ""
    if reason == "ORDER":
        one, units = account.positions[i], account.units[i]
        entry = units.entry_price(one.cost, one.lots) if one.lots else "0"
        held = (
            f'{{"s":"{units.symbol}","pa":"{units.size(one.lots)}","ep":"{entry}","bep":"0","cr":"0",'
            f'"up":"{money(account.unrealised_of(i))}","mt":"cross","iw":"0","ps":"BOTH"}}'
        )
    return (
        f'{{"e":"ACCOUNT_UPDATE","E":{time_ms},"T":{time_ms},"a":{{"m":"{reason}","B":[{{"a":"USDT",'
        f'"wb":"{money(account.wallet)}","cw":"{money(account.wallet)}","bc":"{money(change)}"}}],"P":[{held}]}}}}'
    )


def key_expired(key: str, time_ms: int) -> str:
    """The last thing a stream says when its key was not kept."""
    return f'{{"e":"listenKeyExpired","E":{time_ms},"listenKey":"{key}"}}'
