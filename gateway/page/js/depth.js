// The order book of the selected instrument, ten levels a side, and the measures of its order flow.

import { at, keyed, make, mark, say } from "./dom.js";
import { amount, decimals, direction, fixed, known, percent, signed } from "./format.js";
import { model } from "./model.js";

const LEVELS = 10;
const SIDES = [["bids", 2, 1, 0], ["asks", 3, 4, 5]];  // columns of price, size and total
let rows = [];

const FLOWS = [
  { name: "ofi_10", title: "OFI, 10 updates", by: "ofi_integrated_10", scale: 10 },
  { name: "ofi_25", title: "OFI, 25 updates", by: "ofi_integrated_25", scale: 15 },
  { name: "ofi_50", title: "OFI, 50 updates", by: "ofi_integrated_50", scale: 20 },
  { name: "imbalance", title: "Imbalance at the touch", scale: 1 },
  { name: "imbalance_10", title: "Imbalance of ten levels", scale: 1 },
  { name: "trade_imbalance_50", title: "Imbalance of 50 trades", scale: 1 },
  { name: "vpin", title: "VPIN", scale: 1 },
];

/** Build the rows once. */
export function begin() {
  rows = Array.from({ length: LEVELS }, () => {
    const cells = Array.from({ length: 6 }, (_, index) => make("td", { class: index === 2 || index === 3 ? "price" : "" }));
    at("depth").append(make("tr", {}, ...cells));
    return cells;
  });
}

/** Cumulative sizes of one side, best first. */
export function totals(levels) {
  let sum = 0;
  return levels.slice(0, LEVELS).map(([, size]) => (sum += size));
}

/** Draw the book; note: why there is none, or why it is not of now. */
export function drawBook(note) {
  const book = model.books.get(model.selected), row = model.instruments.get(model.selected);
  const digits = decimals(row?.tick, row?.mid);
  const sides = SIDES.map(([side]) => book?.[side] ?? []), sums = sides.map(totals);
  const largest = Math.max(...sums.map((sum) => sum.at(-1) ?? 0), 0) || 1;
  rows.forEach((cells, level) => SIDES.forEach(([side, price, size, total], index) => {
    const one = sides[index][level];
    say(cells[price], one ? fixed(one[0], digits) : "");
    say(cells[size], one ? amount(one[1]) : "");
    say(cells[total], one ? amount(sums[index][level]) : "");
    const share = one ? (sums[index][level] / largest).toFixed(3) : "0";
    for (const cell of [cells[price], cells[size], cells[total]]) {
      if (cell.dataset.share !== share) {
        cell.dataset.share = share;
        cell.style.setProperty("--share", share);
        cell.dataset.side = side;
      }
    }
  }));
  say(at("book-note"), note || (book ? "ten levels, cumulative" : "no book yet"));
}

/** Draw the measures of order flow. */
export function drawFlow() {
  const features = model.features.get(model.selected) ?? {};
  keyed(at("flow"), FLOWS, (one) => one.name, create, (kept, one) => {
    const value = features[one.name], measured = one.by ? features[one.by] : value;
    say(kept.number, one.by ? amount(value, true) : one.name === "vpin" ? percent(value) : signed(value, 2));
    mark(kept.number, "data-direction", one.name === "vpin" ? null : direction(value));
    const share = known(measured) ? Math.max(-1, Math.min(1, measured / one.scale)) : 0;
    const text = share.toFixed(2);
    if (kept.bar.dataset.share === text) return;
    kept.bar.dataset.share = text;
    kept.bar.style.setProperty("--from", String(Math.min(0.5, 0.5 + share / 2)));
    kept.bar.style.setProperty("--long", String(Math.abs(share) / 2));
    mark(kept.bar, "data-direction", one.name === "vpin" ? null : direction(share));
  });
}

function create(one) {
  const number = make("dd"), bar = make("i", { class: "diverging", "aria-hidden": "true" });
  return { number, bar, element: make("div", {}, make("dt", {}, one.title), bar, number) };
}
