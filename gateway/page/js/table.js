// The table of instruments: search, sort, select. Rows are kept and only changed cells are written.

import { at, keyed, make, mark, say } from "./dom.js";
import { GLYPHS, TIMEFRAMES, VIEWS, amount, brief, decimals, direction, fixed, known, percent, signed, stateOf } from "./format.js";
import { ageWords } from "./health.js";
import { model } from "./model.js";
import { keep, recall } from "./theme.js";

const COLUMNS = [
  { name: "instrument", title: "Instrument", value: (row) => row.instrument },
  { name: "mid", title: "Mid price", value: (row) => row.mid },
  { name: "spread", title: "Spread", unit: "bps", value: (row) => row.spread },
  { name: "ofi", title: "OFI", unit: "50 upd.", about: "order-flow imbalance over the last 50 book updates", value: (row) => row.ofi },
  { name: "move", title: "2 min", unit: "bps", about: "move of the mid price over the last two minutes", value: move },
  { name: "regimes", title: "Regimes", about: "of the four timeframes, ultra short to long", value: (row) => moodRank(row) },
  { name: "position", title: "Position", value: (row) => (known(row.position) ? Math.abs(row.position) : null) },
];
const body = at("instruments").tBodies[0];
const search = at("search");
let order = { by: "instrument", down: false };
let shown = [];
let rows = new Map();
let onSelect = () => {};

function move(row) {
  return known(row.past) && known(row.mid) && row.past > 0 ? 1e4 * (row.mid / row.past - 1) : null;
}

function moodRank(row) {
  const found = Object.keys(TIMEFRAMES).map((timeframe) => VIEWS.volatility.indexOf(stateOf(row.moods[timeframe]?.regime, "volatility")));
  return Math.max(...found) * 10 + found.reduce((sum, rank) => sum + Math.max(0, rank), 0);
}

/** Rows that a person can see. The others are brought up to date when they come into sight, and once a second. */
const sight = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) sight.add(target.dataset.key);
    else sight.delete(target.dataset.key);
  }
  drawRows(entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target.dataset.key));
}, { root: body.closest(".scroller"), rootMargin: "80px" });

/** Build the head once; `select(key)` is called when a person chooses a row. */
export function begin(select) {
  onSelect = select;
  try {
    order = { ...order, ...JSON.parse(recall("order") ?? "{}") };
  } catch {
    // a choice that cannot be read is none
  }
  const head = at("instruments").tHead.rows[0];
  for (const column of COLUMNS) {
    const button = make("button", { type: "button", title: column.about ?? null }, make("span", {}, column.title), make("small", {}, column.unit ?? ""));
    button.addEventListener("click", () => sortBy(column.name));
    head.append(make("th", { scope: "col", class: `c-${column.name}` }, button));
  }
  search.addEventListener("input", arrange);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; arrange(); body.querySelector("[tabindex='0']")?.focus(); }
    if (event.key === "Enter" && shown.length) { onSelect(shown[0].key); focusSelected(); }
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) onSelect(row.dataset.key);
  });
}

function sortBy(name) {
  order = { by: name, down: order.by === name ? !order.down : name !== "instrument" };
  keep("order", JSON.stringify(order));
  arrange();
}

/** Select the row `by` places further down among those that are shown. */
export function step(by) {
  const here = shown.findIndex((row) => row.key === model.selected);
  const next = shown[Math.max(0, Math.min(shown.length - 1, here < 0 ? 0 : here + by))];
  if (!next) return;
  onSelect(next.key);
  focusSelected();
}

function focusSelected() {
  const row = rows.get(model.selected)?.element;
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

/** Order, filter and draw all rows. */
export function arrange() {
  const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const column = COLUMNS.find((one) => one.name === order.by) ?? COLUMNS[0];
  const all = [...model.instruments.values()];
  shown = all.filter((row) => wanted.every((word) => row.key.toLowerCase().includes(word)));
  shown.sort((a, b) => compare(column.value(a), column.value(b), order.down) || (a.key < b.key ? -1 : 1));
  rows = keyed(body, shown, (row) => row.key, create, (kept, row) => update(kept, row));
  const held = rows.has(model.selected) ? model.selected : shown[0]?.key;
  for (const [key, kept] of rows) choose(kept, key === model.selected, key === held);
  [...at("instruments").tHead.rows[0].cells].forEach((cell, index) =>
    mark(cell, "aria-sort", COLUMNS[index].name === order.by ? (order.down ? "descending" : "ascending") : null));
  say(at("list-count"), all.length === shown.length ? String(all.length || "") : `${shown.length} of ${all.length}`);
  at("list-empty").hidden = shown.length > 0;
  if (model.overview) say(at("list-empty"), all.length ? "No instrument matches the search." : "No instrument is defined yet; they appear with the first frames.");
}

/** Draw these instruments, as far as their rows are in sight. */
export function drawRows(keys) {
  for (const key of keys) {
    const kept = rows.get(key);
    if (kept && sight.has(key)) update(kept, model.instruments.get(key));
  }
}

/** Once a second: ages grow, rows out of sight are brought up to date, and what is sorted by a value is sorted anew. */
export function tick() {
  if (order.by !== "instrument") return arrange();
  for (const [key, kept] of rows) update(kept, model.instruments.get(key));
}

function compare(a, b, down) {
  if (a === b) return 0;
  if (!known(a) || a === "") return 1;  // what is not known stays below, whichever way
  if (!known(b) || b === "") return -1;
  return (a < b ? -1 : 1) * (down ? -1 : 1);
}

function choose(kept, selected, reachable) {
  mark(kept.element, "aria-selected", String(selected));
  mark(kept.element, "tabindex", reachable ? "0" : "-1");
}

function create(row) {
  const name = make("b", {}, row.instrument), venue = make("span", { class: "venue" }, row.venue);
  const mid = make("span", {}), age = make("span", { class: "age" });
  const chips = Object.entries(TIMEFRAMES).map(([timeframe, title]) => ({ timeframe, title, chip: make("i", { class: "chip", role: "img" }) }));
  const cells = {
    spread: make("td", { class: "c-spread" }), ofi: make("td", { class: "c-ofi" }), move: make("td", { class: "c-move" }),
    position: make("td", { class: "c-position" }),
  };
  const element = make("tr", { role: "row", "data-key": row.key },
    make("th", { scope: "row", class: "c-instrument" }, name, venue), make("td", { class: "c-mid" }, mid, age),
    cells.spread, cells.ofi, cells.move, make("td", { class: "c-regimes" }, ...chips.map((one) => one.chip)), cells.position);
  watcher.observe(element);
  return { element, venue, mid, age, chips, ...cells };
}

function update(kept, row) {
  const old = row.time ? ageWords(clock.now(), row.time) : "";
  say(kept.mid, fixed(row.mid, decimals(row.tick, row.mid) + 1));
  say(kept.age, old || (row.valid ? "" : "book not valid"));
  mark(kept.element, "data-old", old || !row.valid ? "" : null);
  say(kept.venue, row.detection === "none" ? `${row.venue} · unverifiable` : row.venue);
  say(kept.spread, fixed(row.spread, row.spread < 1 ? 3 : row.spread < 100 ? 2 : 0));
  say(kept.ofi, brief(row.ofi, true));
  const moved = move(row);
  say(kept.move, signed(moved, 1));
  mark(kept.move, "data-direction", direction(moved));
  say(kept.position, row.position === 0 ? "flat" : amount(row.position, true));
  for (const one of kept.chips) chip(one.chip, one.title, row.moods[one.timeframe]);
}

/** How ages are counted; set by whoever knows the gateway's clock. */
export const clock = { now: () => Date.now() };

function chip(element, title, now) {
  const way = stateOf(now?.regime, "direction"), mood = stateOf(now?.regime, "volatility"), pull = stateOf(now?.regime, "dynamics");
  say(element, way ? GLYPHS[way] : "·");
  mark(element, "data-way", way);
  mark(element, "data-mood", mood);
  const told = way ? `${title}: ${mood}, ${way}, ${pull}, least sure ${percent(now.confidence)}` : `${title}: ${now ? "warming up" : "no bar yet"}`;
  if (element.title !== told) { element.title = told; element.setAttribute("aria-label", told); }
}
