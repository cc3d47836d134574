"""`impact.calibrate` as its documents say it, for one instrument: everything is kept, every sum is made anew."""

import math
from typing import Any

import numpy as np

from market.schema import Kind
from operators.impact import calibrate, drift, hasbrouck, intervals, kyle, models, propagator, seconds, square_root
from operators.impact import volatility_state as volatility

SECOND = 1_000_000_000
NAN = math.nan
TRADES = (Kind.TRADE, Kind.AGGREGATE_TRADE)
BOOKS = (Kind.SNAPSHOT, Kind.DEPTH)
Row = dict[str, Any]
BLANK = dict.fromkeys(calibrate.COLUMNS.names or (), NAN)


class Memory:
    """Observations (time, x, y, error, weight) that weigh half after a half-life; time that goes back is no time."""

    def __init__(self, half_life_s: float) -> None:
        self.half_life_s, self.at = half_life_s, 0
        self.rows: list[tuple[int, np.ndarray, float, float, float]] = []

    def learn(self, time: int, x: Any, y: float, error: float, weight: float) -> None:
        self.pass_time(time)
        self.rows.append((self.at, np.array(x), y, error, weight))

    def pass_time(self, time: int) -> None:
        self.at = max(self.at, time)

    def sums(self, size: int) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Number, A, b, M."""
        if not self.rows:
            return 0.0, np.zeros((size, size)), np.zeros(size), np.zeros((size, size))
        ages = np.array([self.at - row[0] for row in self.rows]) / SECOND
        fade = 0.5 ** (ages / self.half_life_s)
        x = np.array([row[1] for row in self.rows])
        y, error, weight = (np.array([row[k] for row in self.rows]) for k in (2, 3, 4))
        w = fade * weight
        return float(fade.sum()), x.T @ (w[:, None] * x), x.T @ (w * y), x.T @ ((w * error)[:, None] ** 2 * x)


class SlowImpact:
    """One instrument."""

    def __init__(self, half_lives_s: tuple[float, ...], gap_s: float) -> None:
        self.lives, self.gap = half_lives_s, round(gap_s * SECOND)
        self.now = dict(BLANK)
        self.time, self.live, self.trade_kind, self.sequence = 0, False, 0, -1
        self.logs: list[float] = []  # of the typical orders
        self.memories = {m: [Memory(self.lives[m])] for m in (kyle.FAST, kyle.SLOW)}
        self.memories[kyle.STATEFUL] = [Memory(self.lives[2]) for _ in range(volatility.STATES)]
        self.beta = [np.zeros(kyle.X) for _ in range(3)]
        self.low: list[np.ndarray | None] = [None] * 3  # A of the last estimate, where there was one
        self.score, self.scored_at, self.weight = [0.0] * 3, 0, [0.0] * 3
        self.known, self.lambda_, self.error, self.flow = False, 0.0, 0.0, 0.0
        self.var_rows: list[tuple[int, np.ndarray, float]] = []  # time, z, noise
        self.var_at, self.hasbrouck = 0, NAN
        self.cells: list[float] = []  # squared changes since the start, for the usual
        self.moves: list[tuple[float, float, int]] = []  # |r|, notional, seconds
        self.volumes: list[float] = []
        self.roots, self.y, self.y_error = Memory(self.lives[1]), NAN, NAN
        self.flows, self.g, self.g_error = Memory(self.lives[1]), np.zeros(propagator.G), 0.0
        self.judged: list[tuple[float, float]] = []  # e² / 2 σ² of both models, by second
        self.ready = (False, False)
        self.steps: list[float] = []  # log λ every 10 s since it was last unknown
        self.changes: list[float] = []
        self.stepped = 0
        self.lose()

    def lose(self) -> None:
        self.now = dict(BLANK)
        self.live, self.sequence, self.quote_sequence = False, -1, -1
        self.quotes: list[tuple[int, float]] = []
        self.order: tuple[int, int] | None = None  # time, side
        self.size = 0.0
        self.start: tuple[int, float] | None = None
        self.start_state = (0.0, 0.0)
        self.x, self.before = np.zeros(3), np.zeros(3)
        self.cell, self.cell_mid, self.ring = 0, 0.0, []  # type: ignore[var-annotated]
        self.variance, self.position = 0.0, getattr(self, "position", 0.0)
        self.past: list[tuple[float, float]] = []
        self.decayed: list[float] = []  # λ v of the seconds since the gap
        self.expected = 0.0

    def take(self, row: Row) -> None:
        kind = row["kind"]
        if kind in BOOKS and row["valid"]:
            self.live, self.sequence = True, row["sequence"]
            self.quote(row)
        elif kind in (*BOOKS, Kind.RESET):
            if self.live and not (kind == Kind.DEPTH and row["sequence"] <= self.sequence):
                self.lose()
        elif kind == Kind.TICKER:
            if self.live and row["valid"]:
                self.quote(row)
        else:
            self.trade_kind = self.trade_kind or kind
            if kind == self.trade_kind and row["size"] > 0 and not row["off_book"] and self.live and self.time:
                self.clock(row)
                self.trade(row)

    def clock(self, row: Row) -> None:
        if self.time < row["exchange_time"] <= row["receive_time"] + 5 * SECOND:
            self.time = row["exchange_time"]
        self.pass_time()

    def mid_before(self, time: int) -> float:
        return next((mid for t, mid in reversed(self.quotes[-intervals.QUOTES :]) if t < time), 0.0)

    def quote(self, row: Row) -> None:
        self.clock(row)
        if row["sequence"] < self.quote_sequence or not self.time:
            return
        self.quote_sequence, self.spread = row["sequence"], row["ask_price"] - row["bid_price"]
        mid = (row["bid_price"] + row["ask_price"]) / 2
        if self.quotes and self.time <= self.quotes[-1][0]:
            self.quotes[-1] = (self.quotes[-1][0], mid)
        else:
            self.quotes.append((self.time, mid))
        if not self.cell:
            self.cell, self.cell_mid = self.time // volatility.CELL_NS, mid
            self.begin_second(self.time // SECOND, mid)
            self.second_variance = self.second_lambda = 0.0

    def trade(self, row: Row) -> None:
        stamp, side, size = row["exchange_time"], row["side"], row["size"]
        time = stamp if 0 < stamp <= row["receive_time"] + 5 * SECOND else self.time
        self.signed, self.volume = self.signed + side * size, self.volume + size
        self.notional += size * row["price"]
        if self.order == (time, side):
            self.size += size
            return
        self.commit()
        if self.start is None or time >= self.start[0] + self.gap:
            self.end_interval(time)
            mid = self.mid_before(time)
            self.start = (time, mid) if mid else None
            self.before, self.x = self.x, np.zeros(3)
            self.start_state = (self.variance, self.position)
            if not mid:
                self.stop()
                return
        self.order, self.size = (time, side), size

    def commit(self) -> None:
        if self.order is None:
            return
        side, log = self.order[1], math.log(self.size)
        self.order = None
        if len(self.logs) < intervals.TYPICAL_ORDERS:
            self.logs.append(log)
        if len(self.logs) == intervals.TYPICAL_ORDERS:
            relative = log - float(np.mean(self.logs))
            self.x = self.x + side * np.array([math.exp(relative), 1.0, relative])

    def stop(self) -> None:
        self.order, self.start = None, None
        self.x, self.before = np.zeros(3), np.zeros(3)

    def end_interval(self, time: int) -> None:
        mid = self.mid_before(time)
        if self.start is None or not mid:
            return
        change, length = mid - self.start[1], (time - self.start[0]) / SECOND
        x = np.concatenate([self.x, self.before])
        self.expected += sum(w * float(b @ x) for w, b in zip(self.weight, self.beta, strict=True))
        noise = self.start_state[0] * (length + kyle.QUOTE_S)
        if noise > 0:
            self.observe(time, x, change, noise)
        if len(self.past) == hasbrouck.LAGS and noise > 0:
            self.var_at = max(self.var_at, time)
            z = [r for r, _ in self.past[::-1]] + [v for _, v in self.past[::-1]] + [self.x[0], change]
            self.var_rows.append((self.var_at, np.array(z), noise))
        self.past = [*self.past, (change, self.x[0])][-hasbrouck.LAGS :]

    def observe(self, time: int, x: np.ndarray, change: float, noise: float) -> None:
        share = 0.5 ** (max(time - self.scored_at, 0) / SECOND / kyle.SCORE_HALF_LIFE_S)
        self.scored_at = max(self.scored_at, time)
        for m in range(3):
            error = change - float(self.beta[m] @ x)
            self.score[m] = share * self.score[m] - error**2 / noise / 2
            a = self.low[m]
            own = math.sqrt(noise) if a is None else error / math.sqrt(1 + float(x @ np.linalg.solve(a, x)) / noise)
            row = 0 if m != kyle.STATEFUL else math.floor(self.start_state[1]) % volatility.STATES
            self.memories[m][row].learn(time, x, change, own, 1 / noise)

    def pass_time(self) -> None:
        if self.start and self.time >= self.start[0] + intervals.LONGEST_NS:
            self.commit()
            self.end_interval(self.start[0] + intervals.LONGEST_NS)
            self.stop()
        cell = self.time // volatility.CELL_NS
        if not self.cell or cell <= self.cell:
            return
        mid, ended = self.mid_before(cell * volatility.CELL_NS), cell - self.cell
        squares = [(mid - self.cell_mid) ** 2] + [0.0] * (ended - 1)
        self.cell_mid = mid
        self.cells += squares
        self.ring = [*self.ring, *squares[: volatility.WINDOW]][-volatility.WINDOW :]
        ages = np.arange(len(self.cells))[::-1]
        weights = volatility.KEEP_USUAL**ages
        usual = float(weights @ self.cells / weights.sum())
        if len(self.ring) == volatility.WINDOW and usual > 0:
            self.variance = 10 * max(float(np.mean(self.ring)), volatility.FLOOR * usual)
            self.position = math.log2(self.variance / mid**2)
        solve = self.variance > 0 and cell // calibrate.SOLVED_CELLS > self.cell // calibrate.SOLVED_CELLS
        self.cell = cell
        if solve:
            self.estimate()
        seconds_ended = self.time // SECOND - self.second
        if seconds_ended > 0:
            self.end_seconds(seconds_ended)
        if solve:
            self.write()

    def estimate(self) -> None:
        found = {}
        for m in range(3):
            total = [0.0, np.zeros((6, 6)), np.zeros(6), np.zeros((6, 6))]
            reach = kyle.REACH if m == kyle.STATEFUL else 0
            for shift in range(-reach, reach + 1):
                at = math.floor(self.position + shift)
                share = math.exp(-0.5 * ((at + 0.5 - self.position) / kyle.BANDWIDTH) ** 2) if reach else 1.0
                memory = self.memories[m][at % volatility.STATES if reach else 0]
                memory.pass_time(self.time)
                for k, (part, power) in enumerate(zip(memory.sums(6), (1, 1, 1, 2), strict=True)):
                    total[k] = total[k] + share**power * part
            count, a, b, meat = total
            self.low[m] = None
            if count < kyle.WARM_UP or not sound(a):
                continue
            self.low[m], self.beta[m] = a, np.linalg.solve(a, b)
            u = np.linalg.solve(a, [1.0, 0, 0, 1, 0, 0])
            plain = np.linalg.solve(a[np.ix_([0, 3], [0, 3])], b[[0, 3]]).sum()
            found[m] = (self.beta[m][0] + self.beta[m][3], float(u @ meat @ u), plain)
        self.known = bool(found)
        best = max((self.score[m] for m in found), default=0.0)
        raw = [math.exp(self.score[m] - best) / found[m][1] if m in found else 0.0 for m in range(3)]
        self.weight = [w / sum(raw) if found else 0.0 for w in raw]
        if found:
            self.lambda_, self.flow = (sum(self.weight[m] * found[m][k] for m in found) for k in (0, 2))
            own = sum(self.weight[m] * found[m][1] for m in found)
            apart = sum(self.weight[m] * (found[m][0] - self.lambda_) ** 2 for m in found)
            self.error = math.sqrt(max(own, apart))

    def begin_second(self, second: int, mid: float) -> None:
        self.second, self.second_mid = second, mid
        self.signed = self.volume = self.notional = 0.0

    def end_seconds(self, ended: int) -> None:
        mid = self.mid_before((self.second + ended) * SECOND)
        change, flow = mid - self.second_mid, 0.0
        self.moves.append((abs(math.log(mid / self.second_mid)), self.notional, ended))
        if self.second_variance > 0 and len(self.logs) == intervals.TYPICAL_ORDERS:
            flow = self.compete(change)
            self.solve_seconds()
        self.decayed += [flow] + [0.0] * (min(ended, seconds.QUIET_MOST) - 1)
        self.volumes += [self.volume] + [0.0] * (min(ended, seconds.QUIET_MOST) - 1)
        self.begin_second(self.second + ended, mid)
        self.second_variance = self.variance
        self.second_lambda = self.lambda_ if self.known and self.lambda_ > 0 else 0.0
        self.expected = 0.0

    def compete(self, change: float) -> float:
        noise, time = self.second_variance, self.second * SECOND
        rate = self.volume_rate()
        root = (
            math.copysign(math.sqrt(noise * abs(self.signed) / rate), self.signed) if self.signed and rate > 0 else 0.0
        )
        flow = self.signed / math.exp(float(np.mean(self.logs))) * self.second_lambda
        past = self.decayed[::-1]
        u = [sum(v * phi**k for k, v in enumerate(past)) for phi in propagator.FADES]
        x = np.array([flow, *u])
        by_root = self.y * root if math.isfinite(self.y) else 0.0
        self.ready = (self.known, math.isfinite(self.y))
        errors = (change - (self.expected if self.known else 0.0), change - by_root)
        self.judged.append((errors[0] ** 2 / 2 / noise, errors[1] ** 2 / 2 / noise))
        if root:
            self.roots.learn(time, [root], change, change - by_root, 1 / noise)
        if self.second_lambda > 0:
            self.flows.learn(time, x, change, change - float(self.g @ x), 1 / noise)
        return flow

    def solve_seconds(self) -> None:
        count, a, b, meat = self.roots.sums(1)
        if count >= square_root.WARM_UP and a[0, 0] > 0:
            self.y, self.y_error = b[0] / a[0, 0], math.sqrt(meat[0, 0]) / a[0, 0]
        count, a, b, meat = self.flows.sums(propagator.G)
        if count >= propagator.WARM_UP and sound(a):
            u = np.linalg.solve(a, [1.0, 0.0, 0.0])
            self.g, self.g_error = np.linalg.solve(a, b), math.sqrt(float(u @ meat @ u))
        self.solve_vector()
        self.stepped += 1
        if self.stepped == drift.STEP_S:
            self.stepped = 0
            if self.known and self.lambda_ > 0:
                self.steps.append(math.log(self.lambda_))
                if len(self.steps) > drift.STEPS:
                    self.changes.append(self.steps[-1] - self.steps[-1 - drift.STEPS])
            else:
                self.steps = []

    def solve_vector(self) -> None:
        fade = [0.5 ** ((self.var_at - time) / SECOND / self.lives[1]) for time, _, _ in self.var_rows]
        if sum(fade) < hasbrouck.WARM_UP:
            return
        z = np.array([row[1] for row in self.var_rows])
        w = np.array(fade) / [row[2] for row in self.var_rows]
        zz, n = z.T @ (w[:, None] * z), hasbrouck.PAST
        if not sound(zz[: n + 1, : n + 1]):
            return
        of_x = np.linalg.solve(zz[:n, :n], zz[:n, n])
        of_r = np.linalg.solve(zz[: n + 1, : n + 1], zz[: n + 1, n + 1])
        r, x = [of_r[n]], [1.0]
        for _ in range(hasbrouck.STEPS):
            past = [*(r[::-1] + [0.0] * 3)[:3], *(x[::-1] + [0.0] * 3)[:3]]
            x.append(float(of_x @ past))
            r.append(float(of_r @ [*past, x[-1]]))
        self.hasbrouck = sum(r)

    def volume_rate(self) -> float:
        weights = square_root.SHARE ** np.arange(len(self.volumes))[::-1]
        return float(weights @ self.volumes / weights.sum()) if self.volumes else 0.0

    def write(self) -> None:
        typical = math.exp(float(np.mean(self.logs))) if self.logs else 1.0
        now = self.now = dict(BLANK)
        after = np.cumsum([0.0, *[ended for _, _, ended in self.moves[:0:-1]]])[::-1]
        weights = 0.5 ** (after / self.lives[1])
        traded = float(weights @ [notional for _, notional, _ in self.moves]) if self.moves else 0.0
        if traded > 0:
            now["amihud"] = 1e6 * float(weights @ [move for move, _, _ in self.moves]) / traded
        now["price_variance"], now["hasbrouck_lambda"] = self.variance, self.hasbrouck / typical
        now["volume_rate"] = self.volume_rate() if self.volumes else NAN
        if self.changes:
            fade = drift.SHARE ** np.arange(len(self.changes))[::-1]
            now["lambda_drift"] = math.sqrt(float(fade @ np.square(self.changes) / fade.sum()))
        if self.known and self.variance >= self.spread**2:
            now["kyle_lambda"], now["kyle_lambda_error"] = self.lambda_ / typical, self.error / typical
            now["flow_lambda"] = self.flow / typical
        if math.isfinite(self.y):
            now["square_root_y"], now["square_root_y_error"] = self.y, self.y_error
        if self.g.any():
            now["propagator_now"], now["propagator_fast"], now["propagator_slow"] = self.g
            now["propagator_error"] = self.g_error
            left = self.g[0] + sum(
                g * sum(phi**k for k in range(60)) for g, phi in zip(self.g[1:], propagator.FADES, strict=True)
            )
            now["impact_decay"] = max(left, 0.0) / self.g[0] if self.g[0] > 0 else NAN
        now["kyle_weight"], now["square_root_weight"] = self.weights()

    def weights(self) -> tuple[float, float]:
        fade = models.SHARE ** np.arange(len(self.judged))[::-1]
        scores = [-float(fade @ [row[k] for row in self.judged]) if self.judged else 0.0 for k in range(2)]
        best = max((s for s, ready in zip(scores, self.ready, strict=True) if ready), default=0.0)
        raw = [math.exp(s - best) if ready else 0.0 for s, ready in zip(scores, self.ready, strict=True)]
        return (raw[0] / sum(raw), raw[1] / sum(raw)) if sum(raw) else (0.0, 0.0)


def sound(a: np.ndarray) -> bool:
    """Whether no regressor is the sum of those before it, to a part in 10⁹."""
    try:
        low = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return False
    return bool((np.diag(low) ** 2 > 1e-9 * np.diag(a)).all())
