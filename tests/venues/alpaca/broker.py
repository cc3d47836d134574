"""A broker that behaves as Alpaca's trading API is documented to: orders, their lives, positions, money, refusals.

It knows nothing of the adapter. `test_stub.py` proves it with alpaca-py's own client and stream. Fills come by script.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]
Answer = tuple[int, Any]
SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
OPEN = {"new", "accepted", "pending_new", "partially_filled", "pending_cancel", "held"}
NONE_YET = (
    *("filled_at", "expired_at", "expires_at", "canceled_at", "failed_at", "replaced_at", "replaced_by", "replaces"),
    *("notional", "filled_avg_price", "stop_price", "legs", "trail_percent", "trail_price", "hwm"),
)


class Broker:
    """One account. `rule` is called with each order that was taken, to fill it or not."""

    def __init__(self, cash: str = "100000", number: str = "PA3TEST00001") -> None:
        self.lock = threading.RLock()
        self.cash, self.number = Decimal(cash), number
        self.orders: dict[str, Json] = {}  # by Alpaca's id, in the order of submission
        self.by_client: dict[str, str] = {}  # for ever
        self.held: dict[str, tuple[Decimal, Decimal]] = {}  # symbol as positions write it: size, average price
        self.activities: list[Json] = []
        self.configuration: Json = {
            "fractional_trading": True,
            "max_margin_multiplier": "4",
            "no_shorting": False,
            "suspend_trade": False,
            "trade_confirm_email": "all",
            "ptp_no_exception_entry": False,
            "max_options_trading_level": None,
        }
        self.listeners: list[Callable[[Json], None]] = []
        self.rule: Callable[[Broker, Json], None] = lambda broker, order: broker.accept(order)
        self.closes_at = Decimal(100)
        self._count = 0

    # --- what the API offers ---

    def submit(self, asked: Json) -> Answer:
        with self.lock:
            refused = self._refused(asked)
            if refused:
                return refused
            order = self._taken(asked)
            self.tell("pending_new", order)
            taken = dict(order, status="pending_new")
            self.rule(self, order)
            return 200, taken

    def _refused(self, asked: Json) -> Answer | None:
        symbol, crypto = str(asked.get("symbol", "")), "/" in str(asked.get("symbol", ""))
        client = str(asked.get("client_order_id") or "")
        if self.configuration["suspend_trade"]:
            return 403, {"code": 40310000, "message": "new orders are rejected by user request"}
        if len(client) > 128:
            return 422, {"code": 40010001, "message": "client_order_id must be no more than 128 characters"}
        if client in self.by_client:
            return 422, {"code": 40010001, "message": "client_order_id must be unique"}
        if symbol.startswith("NO"):
            return 422, {"code": 42210000, "message": f'asset "{symbol}" not found'}
        size, price = Decimal(str(asked["qty"])), Decimal(str(asked.get("limit_price") or self.closes_at))
        in_force = asked["time_in_force"]
        if size <= 0 or size != size.quantize(Decimal("1e-9")):
            return 422, {"code": 42210000, "message": "qty must be > 0 and have at most 9 decimals"}
        if crypto and in_force not in ("gtc", "ioc"):
            return 422, {"code": 42210000, "message": "invalid crypto time_in_force"}
        if not crypto and size != size.to_integral_value() and in_force != "day":
            return 422, {"code": 42210000, "message": "fractional orders must be DAY orders"}
        step = Decimal("1e-9") if crypto else Decimal("0.01") if price >= 1 else Decimal("0.0001")
        if price % step:
            words = f"invalid limit_price {price}. sub-penny increment does not fulfill minimum pricing criteria"
            return 422, {"code": 42210000, "message": words}
        if asked["side"] == "buy" and size * price > self.cash:
            return 403, {"code": 40310000, "message": "insufficient buying power"}
        return None

    def _taken(self, asked: Json) -> Json:
        moment, number = self.now(), str(uuid5(SPACE, f"order {len(self.orders)}"))
        symbol = asked["symbol"]
        order = dict.fromkeys(NONE_YET) | {
            "id": number,
            "client_order_id": asked.get("client_order_id") or str(uuid5(SPACE, f"own {len(self.orders)}")),
            "created_at": moment,
            "updated_at": moment,
            "submitted_at": moment,
            "asset_id": str(uuid5(SPACE, symbol)),
            "symbol": symbol,
            "asset_class": "crypto" if "/" in symbol else "us_equity",
            "qty": str(asked["qty"]),
            "filled_qty": "0",
            "order_class": "",
            "order_type": asked["type"],
            "type": asked["type"],
            "side": asked["side"],
            "position_intent": f"{asked['side']}_to_open",
            "time_in_force": asked["time_in_force"],
            "limit_price": None if asked.get("limit_price") is None else str(asked["limit_price"]),
            "status": "pending_new",
            "extended_hours": bool(asked.get("extended_hours")),
        }
        self.orders[number], self.by_client[str(order["client_order_id"])] = order, number
        return order

    def by_client_order_id(self, client: str) -> Answer:
        with self.lock:
            if client not in self.by_client:
                return 404, {"code": 40410000, "message": f"order not found for {client}"}
            return 200, dict(self.orders[self.by_client[client]])

    def order(self, number: str) -> Answer:
        with self.lock:
            if number not in self.orders:
                return 404, {"code": 40410000, "message": f"order not found for {number}"}
            return 200, dict(self.orders[number])

    def listed(self, asked: dict[str, str]) -> Answer:
        with self.lock:
            status, limit = asked.get("status", "open"), min(500, int(asked.get("limit", "50")))
            rows = [
                dict(row)
                for row in self.orders.values()
                if (status == "all" or (row["status"] in OPEN) == (status == "open"))
                and (not asked.get("after") or moment_of(row["submitted_at"]) > moment_of(asked["after"]))
                and (not asked.get("until") or moment_of(row["submitted_at"]) < moment_of(asked["until"]))
            ]
            return 200, (rows if asked.get("direction") == "asc" else rows[::-1])[:limit]

    def cancel(self, number: str) -> Answer:
        with self.lock:
            if number not in self.orders:
                return 404, {"code": 40410000, "message": f"order not found for {number}"}
            order = self.orders[number]
            if order["status"] not in OPEN:
                return 422, {"code": 42210000, "message": f'order is already in "{order["status"]}" state'}
            self.end(order, "canceled")
            return 204, None

    def cancel_all(self) -> Answer:
        with self.lock:
            working = [order for order in self.orders.values() if order["status"] in OPEN]
            for order in working:
                self.end(order, "canceled")
            return 207, [{"id": order["id"], "status": 200} for order in working]

    def positions(self) -> Answer:
        with self.lock:
            return 200, [self._position(symbol) for symbol, (size, _) in self.held.items() if size]

    def _position(self, symbol: str) -> Json:
        size, average = self.held[symbol]
        crypto = symbol.endswith("USD") and len(symbol) > 5
        return {
            "asset_id": str(uuid5(SPACE, symbol)),
            "symbol": symbol,
            "exchange": "CRYPTO" if crypto else "NASDAQ",
            "asset_class": "crypto" if crypto else "us_equity",
            "avg_entry_price": str(average),
            "qty": str(size),
            "side": "long" if size > 0 else "short",
            "cost_basis": str(size * average),
        }

    def close(self, symbol: str, asked: dict[str, str]) -> Answer:
        with self.lock:
            size, _ = self.held.get(symbol, (Decimal(0), Decimal(0)))
            wanted = Decimal(asked.get("qty") or abs(size))
            if not size:
                return 404, {"code": 40410000, "message": f"position not found: {symbol}"}
            if self.configuration["suspend_trade"]:
                return 403, {"code": 40310000, "message": "new orders are rejected by user request"}
            if wanted > abs(size):
                words = f"insufficient qty available for order (requested: {wanted}, available: {abs(size)})"
                return 403, {"code": 40310000, "message": words, "symbol": symbol}
            spelled = symbol.removesuffix("USD") + "/USD" if symbol.endswith("USD") and len(symbol) > 5 else symbol
            body = {"symbol": spelled, "qty": wanted, "side": "sell" if size > 0 else "buy", "type": "market"}
            order = self._taken({**body, "time_in_force": "gtc" if "/" in spelled else "day"})
            self.fill(order, wanted, self.closes_at)
            return 200, dict(order)

    def account(self) -> Answer:
        with self.lock:
            return 200, {
                "id": str(uuid5(SPACE, self.number)),
                "account_number": self.number,
                "status": "ACTIVE",
                "crypto_status": "ACTIVE",
                "currency": "USD",
                "cash": str(self.cash),
                "buying_power": str(self.cash),
                "trading_blocked": False,
                "transfers_blocked": False,
                "account_blocked": False,
                "trade_suspended_by_user": self.configuration["suspend_trade"],
                "multiplier": "1",
                "shorting_enabled": True,
            }

    def configure(self, asked: Json) -> Answer:
        with self.lock:
            self.configuration |= asked
            return 200, dict(self.configuration)

    def account_activities(self, kind: str, asked: dict[str, str]) -> Answer:
        with self.lock:
            trade = kind == "FILL"
            rows = [
                row
                for row in self.activities
                if (row["activity_type"] == "FILL") == trade
                and (not asked.get("after") or moment_of(row["transaction_time"]) > moment_of(asked["after"]))
            ]
            rows = rows if asked.get("direction") == "asc" else rows[::-1]
            names = [row["id"] for row in rows]
            start = names.index(asked["page_token"]) + 1 if asked.get("page_token") in names else 0
            page = rows[start : start + min(100, int(asked.get("page_size", "100")))]
            hidden = () if trade else ("transaction_time",)
            return 200, [{key: value for key, value in row.items() if key not in hidden} for row in page]

    # --- what happens to orders, by script ---

    def named(self, client: str) -> Json:
        return self.orders[self.by_client[client]]

    def accept(self, order: Json) -> None:
        self._moved(order, "new")
        self.tell("new", order)

    def fill(self, order: Json, size: Decimal, price: Decimal, **changed: Any) -> None:
        with self.lock:
            before, average = Decimal(order["filled_qty"]), Decimal(order["filled_avg_price"] or 0)
            filled = before + size
            order["filled_avg_price"] = str((before * average + size * price) / filled)
            order["filled_qty"] = str(filled)
            whole = filled >= Decimal(order["qty"])
            self._moved(order, "filled" if whole else "partially_filled")
            self._booked(order, size, price)
            event = "fill" if whole else "partial_fill"
            self._executed(order, event, size, price, filled)
            position, _ = self.held[order["symbol"].replace("/", "")]
            said = {"price": str(price), "qty": str(size), "position_qty": str(position)}
            self.tell(
                event, order, execution_id=str(uuid5(SPACE, f"execution {len(self.activities)}")), **said, **changed
            )

    def _booked(self, order: Json, size: Decimal, price: Decimal) -> None:
        symbol, sign = order["symbol"].replace("/", ""), 1 if order["side"] == "buy" else -1
        held, average = self.held.get(symbol, (Decimal(0), Decimal(0)))
        total = held + sign * size
        grows = held * sign >= 0
        paid = (abs(held) * average + size * price) / abs(total) if grows else average if total * held > 0 else price
        self.held[symbol] = (total, paid if total else Decimal(0))
        self.cash -= sign * size * price

    def _executed(self, order: Json, event: str, size: Decimal, price: Decimal, filled: Decimal) -> None:
        moment = self.now()
        digits = "".join(filter(str.isdigit, moment[:23]))
        self.activities.append(
            {
                "id": f"{digits}::{uuid5(SPACE, f'a {len(self.activities)}')}",
                "account_id": str(uuid5(SPACE, self.number)),
                "activity_type": "FILL",
                "transaction_time": moment,
                "type": event,
                "price": str(price),
                "qty": str(size),
                "side": order["side"],
                "symbol": order["symbol"],
                "leaves_qty": str(Decimal(order["qty"]) - filled),
                "order_id": order["id"],
                "cum_qty": str(filled),
                "order_status": order["status"],
            }
        )

    def paid(self, kind: str, amount: str, symbol: str = "") -> None:
        """Money without a trade."""
        with self.lock:
            self.cash += Decimal(amount)
            row = {"id": f"20260101000000000::{uuid5(SPACE, f'm {len(self.activities)}')}", "activity_type": kind}
            row |= {"date": self.now()[:10], "net_amount": amount, "status": "executed", "description": ""}
            row |= {"symbol": symbol, "transaction_time": self.now(), "account_id": str(uuid5(SPACE, self.number))}
            self.activities.append(row)

    def end(self, order: Json, event: str, **changed: Any) -> None:
        """canceled, expired, rejected, replaced."""
        with self.lock:
            order |= changed
            self._moved(order, event)
            order[{"rejected": "failed_at"}.get(event, f"{event}_at")] = order["updated_at"]
            self.tell(event, order)

    def tell(self, event: str, order: Json, **more: Any) -> None:
        said = {"event": event, "timestamp": order["updated_at"], "order": dict(order), **more}
        for listener in list(self.listeners):
            listener({"stream": "trade_updates", "data": said})

    def _moved(self, order: Json, status: str) -> None:
        order["status"], order["updated_at"] = status, self.now()

    def now(self) -> str:
        """Wall clock to the nanosecond; no two are the same."""
        self._count = max(self._count + 1, time.time_ns())
        seconds, rest = divmod(self._count, 1_000_000_000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def moment_of(text: str) -> tuple[int, int]:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return round(datetime.fromisoformat(whole + "+00:00").timestamp()), int((fraction or "0").ljust(9, "0")[:9])
