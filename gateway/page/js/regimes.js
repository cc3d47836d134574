// The regime of the selected instrument on four timeframes: what is held in each view, how probable, and on what it rests.

import { at, keyed, make, mark, say } from "./dom.js";
import { NONE, TIMEFRAMES, VIEWS, clock, duration, known, measure, moment, percent, stateOf, words } from "./format.js";
import { model } from "./model.js";

const MEASURES = [
  ["agreement", "Same on the other timeframes", percent],
  ["anomaly", "Anomaly (1: no known regime explains this)", measure],
  ["change_point_probability", "Change point within the last bars", percent],
  ["run_length_bars", "Bars since the last change point", (value) => measure(value)],
  ["volatility", "Volatility, per √s", measure],
  ["drift", "Drift, per s", measure],
  ["bars_seen", "Bars learned from", (value) => (known(value) ? String(value) : NONE)],
];

/** Draw all four; `now`: milliseconds by the gateway's clock. */
export function drawRegimes(now) {
  const held = model.regimes.get(model.selected) ?? new Map();
  keyed(at("regime-cards"), Object.keys(TIMEFRAMES), (timeframe) => timeframe, create, (kept, timeframe) => update(kept, held.get(timeframe), now));
}

function create(timeframe) {
  const when = make("span", { class: "soft" }), note = make("p", { class: "note" });
  const views = Object.entries(VIEWS).map(([view, states]) => {
    const parts = states.map((state) => ({ state, bar: make("i", { "data-state": state }), text: make("span", { "data-state": state }) }));
    const name = make("b"), left = make("span", { class: "soft" });
    const element = make("div", { class: "view" },
      make("p", { class: "view-head" }, make("span", { class: "soft" }, view), name, left),
      make("div", { class: "stack", "aria-hidden": "true" }, ...parts.map((part) => part.bar)),
      make("p", { class: "parts" }, ...parts.map((part) => part.text)));
    return { view, parts, name, left, element };
  });
  const evidence = make("dl", { class: "evidence" });
  const title = make("h3", { id: `regime-${timeframe}` }, TIMEFRAMES[timeframe]);
  const details = make("details", { class: "more" }, make("summary", {}, "Evidence"), evidence);
  const element = make("article", { class: "card", "aria-labelledby": title.id },
    make("header", {}, title, when), note, ...views.map((one) => one.element), details);
  return { element, when, note, views, evidence, details };
}

function update(kept, row, now) {
  const warm = row && row.regime !== "unknown";
  say(kept.when, row ? `bar closed ${moment(row.time, now)}` : "");
  say(kept.note, row ? (warm ? "" : `Warming up: ${row.bars_seen} ${row.bars_seen === 1 ? "bar" : "bars"} learned from so far.`) : "No bar of this timeframe has closed yet.");
  kept.note.hidden = Boolean(warm);
  mark(kept.element, "data-empty", warm ? null : "");
  for (const one of kept.views) drawView(one, row);
  kept.details.hidden = !row;
  if (row && kept.details.open) drawEvidence(kept.evidence, row);
  kept.details.ontoggle = () => row && drawEvidence(kept.evidence, row);
}

function drawView(one, row) {
  const state = stateOf(row?.regime, one.view), remaining = row?.[`remaining_${one.view}_s`];
  say(one.name, state ?? NONE);
  mark(one.name, "data-state", state);
  say(one.left, known(remaining) ? `≈ ${duration(remaining)} more` : "");
  for (const part of one.parts) {
    const probability = row?.[`probability_${part.state}`];
    const share = known(probability) ? probability.toFixed(3) : "0";
    if (part.bar.dataset.share !== share) {
      part.bar.dataset.share = share;
      part.bar.style.flexGrow = share;
    }
    say(part.text, `${part.state} ${percent(probability)}`);
    mark(part.text, "data-held", part.state === state ? "" : null);
  }
}

/** A map of measures as a list of terms; also used for signals. */
export function drawEvidence(list, row) {
  const told = MEASURES.filter(([name]) => name in row).map(([name, title, write]) => [title, write(row[name])]);
  drawTerms(list, [...told, ...terms(row.evidence)]);
}

export const terms = (evidence) => Object.entries(evidence ?? {}).map(([name, value]) => [words(name), /^probability_/.test(name) ? percent(value) : measure(value)]);

export function drawTerms(list, told) {
  keyed(list, told, ([name]) => name, ([name]) => {
    const value = make("dd");
    return { value, element: make("div", {}, make("dt", {}, name), value) };
  }, (kept, [, text]) => say(kept.value, text));
}

/** A change of a held state as a sentence. */
export const changeWords = (row) => `${row.instrument}: ${row.view} ${row.previous} → ${row.regime} at ${clock(row.time)}`;
