// Puts the page together: asks, listens, and says which parts are to be drawn. Nothing here draws.

import * as chart from "./chart.js";
import * as depth from "./depth.js";
import { at, mark, say, work } from "./dom.js";
import { amount, clock as clockOf, decimals, direction, duration, fixed, known, signed } from "./format.js";
import { drawing, drawn, redraw } from "./frames.js";
import { ageWords, judge } from "./health.js";
import { begin as beginKeys } from "./keys.js";
import { keyOf, instrument, model, takeOverview, takeRow } from "./model.js";
import * as quality from "./quality.js";
import { changeWords, drawRegimes } from "./regimes.js";
import { again, ask, path } from "./rest.js";
import { drawRisk } from "./risk.js";
import { drawChanges, drawSignals } from "./signals.js";
import { Stream } from "./stream.js";
import * as table from "./table.js";
import { keep, onTheme, recall } from "./theme.js";

const POLL_MS = 1000, CALM_MS = 5000, STATUS_MS = 2000, SLOW_MS = 30000;
const BLINK_MS = 80;  // between two drawings of what changes all the time
const NO_ACCOUNT = "This key may not see the account.";
const wide = matchMedia("(min-width: 760px)");
const ways = { answered: 0, trouble: null, retryAt: 0, offset: 0, account: "" };
const due = new Set();  // rows of the table
let verdict = null;

const now = () => Date.now() + ways.offset;
table.clock.now = now;

// ---- what a person chose

export function select(key) {
  if (!key || key === model.selected) return;
  model.selected = key;
  keep("selected", key);
  table.arrange();
  chart.show(key);
  listen();
  redraw("focus", "book", "flow", "regimes", "signals");
  askSelected();
  askSlow();
  const { instrument: name } = model.instruments.get(key);
  say(at("told"), `${name} selected`);
  document.title = `${name} · Barograph`;
}

function selectFirst() {
  if (model.selected !== null || model.instruments.size === 0) return;
  const kept = recall("selected");
  select(model.instruments.has(kept) ? kept : [...model.instruments.keys()].sort()[0]);
}

// ---- the stream

const market = new Stream(takeEvents, judgeAll);
const focus = new Stream(takeEvents, judgeAll);

market.onRefused = () => {
  if (ways.account) return false;
  ways.account = NO_ACCOUNT;
  listen();
  return true;
};

function listen() {
  const account = ways.account ? [] : ["position", "risk_event"];
  const kinds = ["quote", ...(wide.matches ? ["features"] : []), "regime", "regime_change", "signal", ...account];
  market.subscribe({ kinds });
  const row = model.instruments.get(model.selected);
  if (row) focus.subscribe({ kinds: ["book", "features", "quote"], venues: [row.venue], instruments: [row.instrument] });
}

const PARTS = { quote: ["rows"], features: ["rows"], regime: ["rows"] };
const FOCUSED = { quote: ["focus", "book"], features: ["flow", "focus"], book: ["book"], regime: ["regimes", "chart"], signal: ["signals"] };

function takeEvents(events) {
  for (const event of events) {
    const key = takeRow(event.kind, event);
    if (PARTS[event.kind]) { due.add(key); redraw("rows"); }
    if (key === model.selected && FOCUSED[event.kind]) redraw(...FOCUSED[event.kind]);
    if (event.kind === "regime_change") takeChange(event, key);
    if (event.kind === "position" || event.kind === "risk_event") { redraw("risk"); if (event.kind === "risk_event") askOverview(); }
  }
  selectFirst();
}

function takeChange(event, key) {
  redraw("changes");
  if (key !== model.selected) return;
  chart.takeChange(event);
  redraw("chart");
  if (event.timeframe !== "ultra_short") say(at("told"), changeWords(event));
}

// ---- questions

async function overview() {
  try {
    const seen = await ask(path("overview"));
    ways.offset = Date.parse(seen.time) - Date.now();
    ways.answered = Date.now();
    ways.trouble = null;
    takeOverview(seen);
    selectFirst();
    table.arrange();
    redraw("pulse", "risk", "focus");
    say(at("example"), `curl '${seen.sql_endpoint}/?database=barograph' --data "select instrument, timeframe, regime, confidence, agreement from latest_regimes format PrettyCompact"`);
  } catch (trouble) {
    ways.trouble = trouble;
  }
  ways.retryAt = Date.now() + pause();
  judgeAll();
}

async function instruments() {
  for (const one of await ask(path("instruments", { limit: 1000 })).catch(() => [])) instrument(one.venue, one.instrument).tick = one.tick_size;
  table.arrange();
  redraw("focus", "book", "risk", "chart");
}

async function status() {
  const seen = await ask(path("status")).catch(() => null);
  if (!seen) return;
  model.status = seen;
  redraw("quality");
}

/** What the stream tells too, for a page without one; each row is taken as the stream's would be. */
async function selected() {
  const row = model.instruments.get(model.selected);
  if (!row) return;
  const told = { instrument: row.instrument };
  const kinds = { "quotes/latest": "quote", "features/latest": "features", "regimes/latest": "regime", "signals/latest": "signal" };
  await Promise.allSettled(Object.entries(kinds).map(async ([route, kind]) => takeAll(kind, await ask(path(route, told)))));
}

async function account() {
  const told = { position: path("positions", { limit: 500 }), risk_event: path("risk_events", { limit: 20 }) };
  await Promise.all(Object.entries(told).map(async ([kind, question]) => {
    try {
      takeAll(kind, await ask(question));
      ways.account = "";
    } catch (trouble) {
      if (trouble.kind === "key") ways.account = NO_ACCOUNT;
    }
  }));
  redraw("risk");
}

async function slow() {
  const row = model.instruments.get(model.selected);
  if (!row) return;
  const told = { instrument: row.instrument };
  const [coverage, availability, changes] = await Promise.allSettled([
    ask(path("coverage", { ...told, days: 1 })), ask(path("availability", told)), ask(path("regimes/changes", { limit: 30 }))]);
  const mine = (answer) => (answer.status === "fulfilled" ? answer.value.filter((one) => one.venue === row.venue) : []);
  if (model.selected === row.key) quality.drawCoverage(mine(coverage), mine(availability));
  if (changes.status === "fulfilled") takeAll("regime_change", changes.value);
  redraw("changes");
}

function takeAll(kind, rows) {
  for (const row of rows) due.add(takeRow(kind, row));
  redraw("rows", "focus", "flow", "book", "regimes", "signals", "chart", "changes");
}

// ---- judgement

const streaming = () => market.state === "live";
const pause = () => (streaming() && !ways.trouble ? CALM_MS : POLL_MS);

function judgeAll() {
  const before = verdict?.kind;
  verdict = judge({ now: now(), ourNow: Date.now(), dataTime: model.dataTime, answered: ways.answered, trouble: ways.trouble, retryAt: ways.retryAt, stream: market, behind: Math.max(0, ...(model.status?.journal ?? []).map((row) => row.lag_rows ?? 0)) });
  if (before !== verdict.kind) {
    mark(document.body, "data-health", verdict.kind);
    mark(at("notice"), "data-mood", verdict.kind === "polling" ? "note" : verdict.mood);
    at("notice").setAttribute("role", verdict.mood === "bad" ? "alert" : "status");
    redraw("rows", "focus", "book");
    for (const key of model.instruments.keys()) due.add(key);
    if (verdict.kind === "live") { askOverview(); chart.load(); askAccount(); askSlow(); }  // what happened in between
  }
  mark(at("health"), "data-mood", verdict.mood);
  say(at("health-text"), verdict.short);
  at("notice").hidden = !verdict.long;
  say(at("notice"), verdict.long);
}

/** Whether prices may be shown as of now. */
const ofNow = () => ["live", "polling", "half"].includes(verdict?.kind);

function tick() {
  judgeAll();
  table.tick();
  redraw("focus", "regimes");
  say(at("work"), `${fixed(model.events, 0)} rows received, ${fixed(drawn.frames, 0)} frames drawn, ${fixed(work.writes, 0)} cells written${market.skipped ? `, ${fixed(market.skipped, 0)} rows left out for newer ones` : ""}.`);
}

// ---- what is drawn

function drawFocus() {
  const row = model.instruments.get(model.selected);
  if (!row) return;
  const quote = model.quotes.get(row.key), digits = decimals(row.tick, row.mid);
  const age = row.time ? (now() - Date.parse(row.time)) / 1000 : null;
  const old = !ofNow() || ageWords(now(), row.time) !== "" || !row.valid;
  say(at("focus-title"), row.instrument);
  say(at("focus-venue"), [row.venue, row.detection === "none" ? "its books are unverifiable" : ""].filter(Boolean).join(" · "));
  say(at("focus-mid"), fixed(row.mid, digits + 1));
  say(at("focus-bid"), fixed(quote?.bid_price, digits));
  say(at("focus-ask"), fixed(quote?.ask_price, digits));
  say(at("focus-bid-size"), known(quote?.bid_size) ? `× ${amount(quote.bid_size)}` : "");
  say(at("focus-ask-size"), known(quote?.ask_size) ? `× ${amount(quote.ask_size)}` : "");
  say(at("focus-spread"), fixed(row.spread, row.spread < 1 ? 3 : 2));
  say(at("focus-age"), age === null ? "–" : age < 1.5 ? "now" : `${duration(age)} ago`);
  for (const id of ["focus-figures", "flow"]) mark(at(id), "data-old", old ? "" : null);
  chart.drawMid(old ? null : row.mid);
}

function bookNote() {
  const book = model.books.get(model.selected);
  const valid = model.instruments.get(model.selected)?.valid !== false;
  const old = !book || !valid || !ofNow() || ageWords(now(), book.receive_time) !== "";
  mark(at("depth").parentElement, "data-old", old ? "" : null);
  if (!book) return streaming() ? "waiting for the first book" : "needs the live stream, which is away";
  if (!valid) return `not valid now; as of ${clockOf(book.receive_time)} UTC`;
  return old ? `as of ${clockOf(book.receive_time)} UTC, ${duration((now() - Date.parse(book.receive_time)) / 1000)} ago` : "";
}

function drawTotal() {
  const pnls = [...model.instruments.values()].map((row) => row.pnl).filter(known);
  const total = pnls.length ? pnls.reduce((sum, pnl) => sum + pnl, 0) : null;
  say(at("pnl"), signed(total, 2));
  mark(at("pnl"), "data-direction", direction(total));
}

drawing("rows", () => { table.drawRows(due); due.clear(); }, BLINK_MS);
drawing("focus", drawFocus, BLINK_MS);
drawing("book", () => depth.drawBook(bookNote()), BLINK_MS);
drawing("flow", depth.drawFlow, BLINK_MS);
drawing("regimes", () => drawRegimes(now()));
drawing("signals", () => drawSignals(now()));
drawing("changes", () => drawChanges(now(), select));
drawing("risk", () => { drawRisk(now(), { mayNot: ways.account }); drawTotal(); });
drawing("pulse", quality.drawPulse);
drawing("quality", () => quality.drawQuality(now()));
drawing("chart", () => chart.draw(false));

// ---- begin

table.begin(select);
depth.begin();
chart.begin();
beginKeys({ step: table.step, chooseBars: chart.chooseBars });
onTheme(() => redraw("book"));
const askOverview = again(overview, pause);
again(instruments, () => 60000);
again(status, () => STATUS_MS);
const askSelected = again(selected, () => (streaming() ? SLOW_MS : POLL_MS));
const askBars = again(() => chart.refresh().catch(() => {}), () => (chart.shown.bars === "1s" ? POLL_MS : CALM_MS));
const askAccount = again(account, () => (streaming() ? SLOW_MS : STATUS_MS));
const askSlow = again(slow, () => SLOW_MS);
wide.addEventListener("change", listen);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { market.hurry(); focus.hurry(); askOverview(); } });
listen();
setInterval(tick, 1000);

/** For tests and for the curious: everything the page knows. */
export const app = { model, chart, market, focus, drawn, work, ways, verdict: () => verdict, keyOf };
