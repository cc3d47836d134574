// What is known: the newest of everything, from REST and from the stream alike. The newer receive_time wins, so the order
// in which the two arrive does not matter.

import { known } from "./format.js";

export const keyOf = (row) => `${row.venue} ${row.instrument}`;
const CHANGES = 40;  // of regimes that are kept to be listed
const RISK_EVENTS = 20;

export const model = {
  instruments: new Map(),  // key → row of the table
  selected: null,  // key
  books: new Map(),  // key → {bids, asks, receive_time}
  features: new Map(),  // key → row of table features
  quotes: new Map(),  // key → row of table quotes
  regimes: new Map(),  // key → Map(timeframe → row of table regimes)
  signals: new Map(),  // key → Map(timeframe → row of table signals)
  changes: [],  // of regimes, newest first
  positions: new Map(),  // account and key → row of table positions
  accounts: [],  // {account, state, since, reason, equity, drawdown}
  riskEvents: [],
  overview: null,
  status: null,
  dataTime: "",  // newest receive time of anything
  events: 0,
};

/** The row of an instrument, made where it is new. */
export function instrument(venue, name) {
  const key = keyOf({ venue, instrument: name });
  let row = model.instruments.get(key);
  if (!row) {
    row = { key, venue, instrument: name, detection: "", tick: 0, time: "", mid: null, bid: null, ask: null, spread: null,
      valid: true, ofi: null, ofiTime: "", past: null, moods: {}, position: null, pnl: null };
    model.instruments.set(key, row);
  }
  return row;
}

function newer(map, key, row, time = row.receive_time) {
  const before = map.get(key);
  if (before && (before.time ?? before.receive_time) > (row.time ?? time)) return false;
  map.set(key, row);
  return true;
}

function inner(map, key) {
  if (!map.has(key)) map.set(key, new Map());
  return map.get(key);
}

/** Take one answer of /api/v1/overview. */
export function takeOverview(seen) {
  model.overview = seen;
  if (seen.data_time && seen.data_time > model.dataTime) model.dataTime = seen.data_time;
  if (seen.accounts) model.accounts = seen.accounts;
  for (const one of seen.instruments) {
    const row = instrument(one.venue, one.instrument);
    row.detection = one.detection;
    row.past = one.mid_prices.find(known) ?? null;
    row.position = one.position;
    row.pnl = one.pnl;
    if (one.receive_time && one.receive_time >= row.time) {
      Object.assign(row, { time: one.receive_time, mid: one.mid_price, spread: one.spread_bps });
    }
    if (one.receive_time && one.receive_time >= row.ofiTime) Object.assign(row, { ofi: one.ofi_50, ofiTime: one.receive_time });
    for (const [timeframe, now] of Object.entries(one.regimes)) takeMood(row, timeframe, now);
  }
}

function takeMood(row, timeframe, now) {
  const before = row.moods[timeframe];
  if (!before || before.time <= now.time) row.moods[timeframe] = { regime: now.regime, confidence: now.confidence, time: now.time };
}

const take = {
  quote(event, key, row) {
    if (event.source && event.source !== "book") return;
    if (!newer(model.quotes, key, event)) return;
    if (event.receive_time < row.time) return;
    const two = known(event.bid_price) && known(event.ask_price);
    const mid = two ? (event.bid_price + event.ask_price) / 2 : null;
    Object.assign(row, { time: event.receive_time, bid: event.bid_price, ask: event.ask_price, valid: event.valid !== false,
      mid, spread: two ? (1e4 * (event.ask_price - event.bid_price)) / mid : null });
  },
  book(event, key) {
    newer(model.books, key, event);
  },
  features(event, key, row) {
    if (!newer(model.features, key, event)) return;
    if (event.receive_time >= row.ofiTime) Object.assign(row, { ofi: event.ofi_50, ofiTime: event.receive_time });
    if (event.receive_time > row.time) Object.assign(row, { time: event.receive_time, mid: event.mid_price, spread: event.spread_bps });
  },
  regime(event, key, row) {
    if (newer(inner(model.regimes, key), event.timeframe, event)) takeMood(row, event.timeframe, event);
  },
  signal(event, key) {
    newer(inner(model.signals, key), event.timeframe, event);
  },
  regime_change(event) {
    addFirst(model.changes, event, CHANGES, (one) => `${keyOf(one)} ${one.timeframe} ${one.view} ${one.time}`);
  },
  position(event, key) {
    newer(model.positions, `${event.account} ${key}`, event);
  },
  risk_event(event) {
    addFirst(model.riskEvents, event, RISK_EVENTS, (one) => `${one.account} ${one.receive_time} ${one.event} ${one.reason} ${one.client_order_id}`);
  },
  order() {},
  fill() {},
};

function addFirst(list, row, most, identity) {
  const mine = identity(row);
  if (list.some((one) => identity(one) === mine)) return;
  list.push(row);
  list.sort((a, b) => (a.receive_time < b.receive_time ? 1 : a.receive_time > b.receive_time ? -1 : 0));
  list.length = Math.min(list.length, most);
}

/** Take one row of a kind; returns the key of its instrument. Kinds that are not known are left alone. */
export function takeRow(kind, row) {
  const key = keyOf(row);
  if (!take[kind]) return key;
  model.events += 1;
  take[kind](row, key, row.instrument ? instrument(row.venue, row.instrument) : null);
  if (row.receive_time > model.dataTime) model.dataTime = row.receive_time;
  return key;
}
