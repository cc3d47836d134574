// How good the data are: connections, gaps, coverage, availability, latency, and the processes behind it all.

import { at, keyed, make, mark, say } from "./dom.js";
import { clock, duration, fixed, known, milliseconds, moment, percent } from "./format.js";
import { model } from "./model.js";

export function drawPulse() {
  const seen = model.overview;
  if (!seen) return;
  say(at("frames"), fixed(seen.frames_per_s, seen.frames_per_s < 10 ? 1 : 0));
  say(at("p50"), milliseconds(seen.latency_p50_ns));
  say(at("p99"), milliseconds(seen.latency_p99_ns));
  say(at("gaps"), String(seen.gaps_open));
  mark(at("gaps"), "data-mood", seen.gaps_open ? "warn" : null);
  say(at("letters"), fixed(seen.dead_letters, 0));
  mark(at("letters"), "data-mood", seen.dead_letters ? "warn" : null);
}

export function drawQuality(now) {
  const status = model.status;
  if (!status) return;
  const store = status.store;
  items("connections", status.connections, "Capture reports no connection.", (one) => [one.route, one.state === "open" ? "good" : one.state === "closed" ? "bad" : "warn",
    [one.state, known(one.frames_per_s) ? `${fixed(one.frames_per_s, 0)} frames/s` : "", one.since ? `since ${moment(one.since, now)}` : "", one.reason]]);
  items("processes", status.processes, "No process of this data directory runs.", (one) => [one.name, one.state === "running" ? (one.reason ? "warn" : "good") : "bad",
    [one.state, one.restarts ? `${one.restarts} restart${one.restarts > 1 ? "s" : ""}` : "", one.reason || (one.started && one.state === "running" ? `since ${moment(one.started, now)}` : "")]]);
  items("gap-rows", store.gaps_open.slice(0, 8), store.trouble ? "The tables do not answer." : "None is open.", (one) => [`${one.instrument || one.venue} ${one.channel}`, "warn", [one.cause, `since ${moment(one.since, now)}`]]);
  table("latency", store.latency, (row) => [row.shard, row.stage, milliseconds(row.p50_ns), milliseconds(row.p99_ns), milliseconds(row.max_ns)], (row) => `${row.shard} ${row.stage}`);
  table("journal", status.journal, (row) => [row.shard, fixed(row.last_offset, 0), known(row.lag_rows) ? fixed(row.lag_rows, 0) : "–"], (row) => `${row.topic} ${row.shard}`);
  say(at("quality-note"), store.trouble ? store.trouble : `as of ${clock(status.time)} UTC`);
}

/** coverage and availability: rows of the selected instrument. */
export function drawCoverage(coverage, availability) {
  const told = [
    ...coverage.slice(0, 1).map((row) => ["valid book", percent(row.recorded_s > 0 ? row.valid_s / row.recorded_s : null, 2), `${duration(row.recorded_s)} recorded of ${row.session}${row.detection === "none" ? ", unverifiable" : ""}`]),
    ...availability.filter((row) => row.window === "day").map((row) => [`${row.channel} up`, percent(row.share_up, 2), `${duration(row.counted_s)} of a day${row.used_s >= 0.5 ? `, down ${duration(row.used_s)}` : ""}${row.chief_cause ? `, ${row.chief_cause}` : ""}`]),
  ];
  say(at("coverage-of"), model.instruments.get(model.selected)?.instrument ?? "");
  table("coverage", told, (row) => row, (row) => row[0]);
}

function items(id, rows, empty, told) {
  keyed(at(id), rows.length ? rows.map(told) : [null], (row) => row?.[0] ?? "none", (row) => {
    if (!row) return { element: make("li", { class: "soft" }, empty) };
    const name = make("span", {}, row[0]), how = make("span", { class: "how" });
    return { how, element: make("li", {}, make("span", { class: "dot", "aria-hidden": "true" }), name, how) };
  }, (kept, row) => {
    if (!row) return say(kept.element, empty);
    mark(kept.element, "data-mood", row[1]);
    say(kept.how, row[2].filter(Boolean).join(" · "));
  });
}

function table(id, rows, texts, keyOf) {
  keyed(at(id), rows, keyOf, (row) => make("tr", {}, make("th", { scope: "row" }), ...texts(row).slice(1).map(() => make("td"))), (element, row) =>
    texts(row).forEach((text, index) => say(element.cells[index], text)));
}
