// The price chart of the selected instrument: bars of the tables, the held regime behind them, the mid price of now.

import { CandlestickSeries, ColorType, CrosshairMode, HistogramSeries, LineSeries, LineStyle, createChart } from "../vendor/lightweight-charts.mjs";
import { at, keyed, make, say } from "./dom.js";
import { BARS, BAR_S, NONE, TIMEFRAMES, VIEWS, amount, brief, clock, decimals, fixed, known, stamp } from "./format.js";
import { model } from "./model.js";
import { ask, path } from "./rest.js";
import { fromRows, shading, spanAt, spans } from "./shading.js";
import { keep, onTheme, recall } from "./theme.js";

const MOST_BARS = 500, NEWEST = 8, MOST_CHANGES = 1000, MOST_GAP = 1500;
const PAIRED = { "1s": "ultra_short", "1m": "short", "15m": "short", "1h": "medium", "1d": "long" };

/** What is shown; also what tests look at. */
export const shown = { key: null, bars: "1s", view: "direction", timeframe: "ultra_short", rows: new Map(), opens: [], spans: [], trouble: "", loading: false };
let chart, candles, mids, flows, primitive, midLine = null, palette = null;
let first = null, changes = [], complete = true, asked = 0;

export function begin() {
  const bars = recall("bars"), view = recall("view");
  if (bars in BARS) shown.bars = bars;
  if (view in VIEWS) shown.view = view;
  shown.timeframe = PAIRED[shown.bars];
  const element = at("chart");
  chart = createChart(element, { autoSize: true, layout: { attributionLogo: false } });  // its logo brings a style of its own, which our policy forbids; the page names and links it
  candles = chart.addSeries(CandlestickSeries, { priceLineVisible: false, lastValueVisible: false });
  mids = chart.addSeries(LineSeries, { lineWidth: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false });
  flows = chart.addSeries(HistogramSeries, { priceScaleId: "right", priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "custom", minMove: 0.001, formatter: (value) => brief(value) } }, 1);
  chart.panes()[0].setStretchFactor(4);
  chart.panes()[1].setStretchFactor(1);
  primitive = shading(chart, () => ({ spans: shown.spans, opens: shown.opens, step: BAR_S[shown.bars], view: shown.view, colours: palette.states, font: palette.font }));
  candles.attachPrimitive(primitive);
  chart.subscribeCrosshairMove((over) => legend(over.time));
  onTheme(paint);
  paint();
  controls();
}

/** What is painted behind the bars, and where the middle of a bar lies; for tests. */
export const painted = () => primitive.painted;
export const middleOf = (bar) => chart.timeScale().logicalToCoordinate(bar);

function controls() {
  const choice = at("chart-controls").querySelector("fieldset");
  for (const [value, title] of Object.entries(BARS)) {
    const radio = make("input", { type: "radio", name: "bars", value, id: `bars-${value}` });
    radio.checked = value === shown.bars;
    choice.append(radio, make("label", { for: radio.id }, title));
  }
  for (const view of Object.keys(VIEWS)) at("shade-view").append(make("option", { value: view }, view));
  for (const [value, title] of Object.entries(TIMEFRAMES)) at("shade-timeframe").append(make("option", { value }, title.toLowerCase()));
  at("shade-view").value = shown.view;
  at("shade-timeframe").value = shown.timeframe;
  choice.addEventListener("change", (event) => chooseBars(event.target.value));
  at("shade-view").addEventListener("change", (event) => { keep("view", shown.view = event.target.value); load(); });
  at("shade-timeframe").addEventListener("change", (event) => { shown.timeframe = event.target.value; load(); });
  at("chart-latest").addEventListener("click", latest);
  at("bars-table").addEventListener("toggle", words);
  at("chart-controls").addEventListener("submit", (event) => event.preventDefault());
}

export function chooseBars(value) {
  keep("bars", shown.bars = value);
  at(`bars-${value}`).checked = true;
  shown.timeframe = at("shade-timeframe").value = PAIRED[value];
  load();
}

/** Show another instrument. */
export function show(key) {
  if (shown.key === key) return;
  shown.key = key;
  load();
}

const where = () => {
  const { venue, instrument } = model.instruments.get(shown.key);
  return { venue, instrument };
};

/** Ask for everything anew. */
export async function load() {
  if (shown.key === null) return;
  const mine = (asked += 1);
  shown.rows = new Map();
  [first, changes, complete] = [null, [], true];
  shown.loading = true;
  draw(true);
  try {
    const rows = await ask(path("bars", { timeframe: shown.bars, ...where(), limit: MOST_BARS }));
    if (mine !== asked) return;
    take(rows);
    draw(true);
    await loadRegimes(mine);
  } catch (trouble) {
    if (mine === asked) shown.trouble = trouble.message;
  } finally {
    if (mine === asked) { shown.loading = false; draw(false); }
  }
}

async function loadRegimes(mine) {
  const told = { ...where(), timeframe: shown.timeframe };
  const since = shown.opens.length ? new Date(1000 * shown.opens[0]).toISOString() : "";
  const [oldest, rows] = await Promise.allSettled([
    ask(path("regimes", { ...told, since, order: "oldest", limit: MOST_CHANGES, columns: "time,regime" })),
    ask(path("regimes/changes", { ...told, view: shown.view, limit: MOST_CHANGES })),
  ]);
  if (mine !== asked) return;
  if (rows.status === "rejected") throw rows.reason;
  const inRows = fromRows(oldest.status === "fulfilled" ? oldest.value : [], shown.view);
  first = inRows.first;
  changes = [...rows.value, ...inRows.changes];
  complete = rows.value.length < MOST_CHANGES;
}

/** Ask for what came since; cheap enough for once a second. */
export async function refresh() {
  if (shown.key === null || shown.loading) return;
  const mine = asked;
  const rows = await ask(path("bars", { timeframe: shown.bars, ...where(), limit: shown.rows.size ? NEWEST : MOST_BARS }));
  if (mine !== asked) return;
  const before = shown.opens.at(-1);
  take(rows);
  shown.trouble = "";
  draw(false);
  if (before === undefined || shown.opens.at(-1) - before > NEWEST * BAR_S[shown.bars]) load();  // more came than was asked for
}

/** A change of a held state arrived over the stream. */
export function takeChange(row) {
  if (row.view === shown.view && row.timeframe === shown.timeframe) changes = [row, ...changes].slice(0, 2 * MOST_CHANGES);
}

function take(rows) {
  for (const row of rows) if (!row.venue || row.venue === where().venue) shown.rows.set(row.open_time, row);
  const sorted = [...shown.rows.keys()].sort();
  for (const time of sorted.slice(0, Math.max(0, sorted.length - MOST_BARS))) shown.rows.delete(time);
}

/** Bars on an even axis of time: where bars are missing there is room for them. */
function axis() {
  const step = BAR_S[shown.bars], opens = [...shown.rows.values()].map((row) => Date.parse(row.open_time) / 1000).sort((a, b) => a - b);
  const filled = [];
  for (const open of opens) {
    const last = filled.at(-1), missing = last === undefined ? 0 : (open - last) / step - 1;
    if (missing > 0 && missing < MOST_GAP) for (let at = last + step; at < open; at += step) filled.push(at);
    filled.push(open);
  }
  return filled;
}

let told = "";
/** Put what is known into the chart. */
export function draw(anew) {
  shown.opens = axis();
  const last = model.regimes.get(shown.key)?.get(shown.timeframe) ?? null;
  shown.spans = spans({ view: shown.view, first, changes, complete, last });
  const rows = new Map([...shown.rows.values()].map((row) => [Date.parse(row.open_time) / 1000, row]));
  const mark = [...shown.rows.values()].map((row) => `${row.open_time}${row.revision}`).join();
  if (anew || mark !== told) {
    told = mark;
    const row = model.instruments.get(shown.key), digits = decimals(row?.tick, row?.mid);
    const priceFormat = { type: "price", precision: digits, minMove: 10 ** -digits };
    candles.applyOptions({ priceFormat });
    mids.applyOptions({ priceFormat });
    candles.setData(shown.opens.map((time) => candle(time, rows.get(time))));
    mids.setData(shown.opens.map((time) => (known(rows.get(time)?.mid_close) ? { time, value: rows.get(time).mid_close } : { time })));
    flows.setData(shown.opens.map((time) => flow(time, rows.get(time))));
    chart.timeScale().applyOptions({ secondsVisible: shown.bars === "1s", timeVisible: shown.bars !== "1d" });
    if (anew) latest();
  }
  chart.applyOptions({});  // the background is drawn anew
  words();
}

const candle = (time, row) => (known(row?.open) ? { time, open: row.open, high: row.high, low: row.low, close: row.close } : { time });
const flow = (time, row) => (known(row?.ofi) ? { time, value: row.ofi, color: row.ofi >= 0 ? palette.up : palette.down } : { time });

function latest() {
  const wanted = Math.min(shown.opens.length, Math.max(40, Math.round(at("chart").clientWidth / 7)));
  chart.timeScale().setVisibleLogicalRange({ from: shown.opens.length - wanted - 0.5, to: shown.opens.length + 3 });
}

/** The mid price of now as a line; null takes it away. */
export function drawMid(price) {
  if (!known(price)) {
    if (midLine) candles.removePriceLine(midLine);
    midLine = null;
  } else if (midLine) midLine.applyOptions({ price });
  else midLine = candles.createPriceLine({ price, color: palette.accent, lineStyle: LineStyle.Dashed, lineWidth: 1, title: "mid now", axisLabelColor: palette.accent, axisLabelTextColor: palette.ground });
}

function words() {
  const rows = [...shown.rows.values()].sort((a, b) => (a.open_time < b.open_time ? 1 : -1));
  const row = model.instruments.get(shown.key), digits = decimals(row?.tick, row?.mid);
  const empty = rows.length ? "" : shown.trouble || (shown.loading ? "Asking for bars…" : `No bar of ${BARS[shown.bars]} has closed yet.`);
  say(at("chart-empty"), empty);
  at("chart-empty").hidden = !empty;
  const span = shown.spans.at(-1);
  say(at("chart-summary"), rows.length
    ? `${rows.length} bars of ${BARS[shown.bars]} to ${clock(rows[0].close_time)} UTC; ${shown.view} (${TIMEFRAMES[shown.timeframe].toLowerCase()}) ${span ? `${span.state} since ${clock(span.from)}` : "not known yet"}`
    : "");
  legend(null);
  const states = VIEWS[shown.view];
  keyed(at("shade-legend"), states, (state) => state, (state) => make("li", { "data-state": state }, make("i", { "aria-hidden": "true" }), state), () => {});
  if (at("bars-table").open) table(rows.slice(0, 10), digits);
}

function table(rows, digits) {
  keyed(at("bars-rows"), rows, (row) => row.open_time, () => make("tr", {}, ...Array.from({ length: 8 }, () => make("td"))), (element, row) => {
    const state = spanAt(shown.spans, Date.parse(row.open_time))?.state ?? NONE;
    const texts = [stamp(row.open_time).slice(5), fixed(row.open, digits), fixed(row.high, digits), fixed(row.low, digits), fixed(row.close, digits), amount(row.volume), amount(row.ofi, true), state];
    texts.forEach((text, index) => say(element.cells[index], text));
  });
}

function legend(time) {
  const row = time ? [...shown.rows.values()].find((one) => Date.parse(one.open_time) / 1000 === time) : [...shown.rows.values()].reduce((a, b) => (!a || b.open_time > a.open_time ? b : a), null);
  if (!row) return say(at("chart-legend"), "");
  const one = model.instruments.get(shown.key), digits = decimals(one?.tick, one?.mid);
  const state = spanAt(shown.spans, Date.parse(row.open_time))?.state;
  const narrow = at("chart").clientWidth < 480;
  const all = narrow ? "" : `O ${fixed(row.open, digits)}  H ${fixed(row.high, digits)}  L ${fixed(row.low, digits)}  `;
  const prices = known(row.open) ? `${all}C ${fixed(row.close, digits)}` : "no trade";
  const opens = shown.bars === "1d" ? stamp(row.open_time).slice(0, 10) : narrow ? clock(row.open_time) : stamp(row.open_time).slice(5);
  const flows = narrow ? `OFI ${brief(row.ofi, true)}` : `V ${amount(row.volume)}  OFI ${amount(row.ofi, true)}`;
  say(at("chart-legend"), `${opens}  ${prices}  ${flows}${state ? `  ${state}` : ""}`);
}

function paint() {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const states = Object.fromEntries(Object.values(VIEWS).flat().map((state) => [state, { wash: colour(`wash-${state}`), line: colour(state), ink: colour(`ink-${state}`) }]));
  palette = { states, up: colour("up-bar"), down: colour("down-bar"), accent: colour("accent"), ground: colour("panel"), font: getComputedStyle(document.body).fontFamily };
  chart.applyOptions({
    layout: { background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("soft"), fontFamily: palette.font, fontSize: 11, attributionLogo: false, panes: { separatorColor: colour("line"), separatorHoverColor: colour("line"), enableResize: false } },
    grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderColor: colour("line"), minimumWidth: 78, scaleMargins: { top: 0.14, bottom: 0.12 } },
    timeScale: { borderColor: colour("line"), rightOffset: 3 },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  candles.applyOptions({ upColor: colour("up-bar"), downColor: colour("down-bar"), wickUpColor: colour("up-bar"), wickDownColor: colour("down-bar"), borderVisible: false });
  mids.applyOptions({ color: colour("mid-line") });
  midLine?.applyOptions({ color: palette.accent, axisLabelColor: palette.accent, axisLabelTextColor: palette.ground });
  if (shown.opens.length) draw(false);
}
