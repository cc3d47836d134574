// What the regimes ask for: the newest signal of each timeframe with its evidence, and what changed lately.

import { at, keyed, make, mark, say } from "./dom.js";
import { GLYPHS, NONE, TIMEFRAMES, direction, fixed, known, moment, percent } from "./format.js";
import { keyOf, model } from "./model.js";
import { drawTerms, terms } from "./regimes.js";

const LISTED = 8;  // changes

export function drawSignals(now) {
  const held = model.signals.get(model.selected) ?? new Map();
  const found = Object.keys(TIMEFRAMES).map((timeframe) => held.get(timeframe)).filter(Boolean);
  say(at("signals-note"), found.length ? "newest of each timeframe" : "none yet for this instrument");
  keyed(at("signal-rows"), found, (row) => row.timeframe, create, (kept, row) => update(kept, row, now));
}

function create(row) {
  const kept = { wish: make("b", { class: "wish" }), sure: make("span"), regime: make("span", { class: "soft" }), when: make("span", { class: "soft" }),
    bar: make("i", { class: "diverging", "aria-hidden": "true" }), evidence: make("dl", { class: "evidence" }) };
  kept.details = make("details", { class: "more" }, make("summary", {}, "Evidence"), kept.evidence);
  kept.element = make("li", { class: "signal" },
    make("div", { class: "signal-line" }, make("span", { class: "frame" }, TIMEFRAMES[row.timeframe]), kept.bar, kept.wish, kept.when),
    make("div", { class: "signal-line" }, kept.regime, kept.sure), kept.details);
  return kept;
}

function update(kept, row, now) {
  const way = !known(row.direction) ? NONE : Math.abs(row.direction) < 0.005 ? "flat" : row.direction > 0 ? "long" : "short";
  say(kept.wish, way === "flat" || way === NONE ? way : `${way} ${fixed(Math.abs(row.direction), 2)}`);
  mark(kept.wish, "data-direction", way === "flat" ? null : direction(row.direction));
  say(kept.sure, `confidence ${percent(row.confidence)}`);
  say(kept.regime, row.regime.split("/").join(" · "));
  say(kept.when, moment(row.time, now));
  const share = known(row.direction) ? Math.max(-1, Math.min(1, row.direction)) : 0;
  kept.bar.style.setProperty("--from", String(Math.min(0.5, 0.5 + share / 2)));
  kept.bar.style.setProperty("--long", String(Math.abs(share) / 2));
  mark(kept.bar, "data-direction", direction(share));
  kept.details.ontoggle = () => drawTerms(kept.evidence, terms(row.evidence));
  if (kept.details.open) drawTerms(kept.evidence, terms(row.evidence));
}

export function drawChanges(now, select) {
  const rows = model.changes.slice(0, LISTED);
  const identity = (row) => `${keyOf(row)} ${row.timeframe} ${row.view} ${row.time}`;
  keyed(at("change-rows"), rows.length ? rows : [null], (row) => (row ? identity(row) : "none"), (row) => {
    if (!row) return make("li", { class: "soft" }, "No change of a held state yet.");
    const button = make("button", { type: "button", class: "link" }, row.instrument);
    button.addEventListener("click", () => select(keyOf(row)));
    return make("li", { class: "change" },
      make("span", { class: "soft when" }, moment(row.time, now)), button,
      make("span", { class: "soft where" }, TIMEFRAMES[row.timeframe].toLowerCase()),
      make("span", { class: "soft" }), make("span", { class: "what" }, state(row.previous), " → ", state(row.regime)),
      make("span", { class: "soft sure" }, percent(row.probability)));
  }, () => {});
}

const state = (name) => make("span", { "data-state": name, class: "word" }, GLYPHS[name] ? `${GLYPHS[name]} ${name}` : name);
