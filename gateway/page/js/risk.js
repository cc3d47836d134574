// What is held, and whether trading may go on: active, reducing or halted, in words and before everything else.

import { at, keyed, make, mark, say } from "./dom.js";
import { NONE, amount, decimals, direction, fixed, known, measure, moment, signed, words } from "./format.js";
import { keyOf, model } from "./model.js";

const MOODS = { active: "good", reducing: "warn", halted: "bad" };
const WORST = ["halted", "reducing", "active"];

/** The state of the account that is worst off; null where none is known. */
export function worst(accounts) {
  return WORST.map((state) => accounts.find((one) => one.state === state)).find(Boolean) ?? null;
}

/** after: what was heard over the stream since the last answer of REST. */
export function drawRisk(now, { mayNot = "" } = {}) {
  const one = worst(model.accounts);
  at("trading").hidden = one === null;
  if (one) {
    say(at("trading-text"), `Trading ${one.state}`);
    mark(at("trading"), "data-mood", MOODS[one.state]);
    at("trading").title = one.reason || "";
  }
  keyed(at("accounts"), model.accounts.length ? model.accounts : [null], (row) => row?.account ?? "none", () => {
    const text = make("span"), state = make("b"), worth = make("span"), why = make("span", { class: "soft" });
    return { text, state, worth, why, element: make("li", {}, make("span", { class: "dot", "aria-hidden": "true" }), text, state, worth, why) };
  }, (kept, row) => {
    mark(kept.element, "data-mood", row ? MOODS[row.state] : null);
    say(kept.text, row ? `Account ${row.account}` : mayNot || "No account has traded yet.");
    say(kept.state, row?.state ?? "");
    say(kept.worth, known(row?.equity) ? `equity ${fixed(row.equity, 2)} · drawdown ${fixed(100 * row.drawdown, 2)} %` : "");
    say(kept.why, row?.since ? `since ${moment(row.since, now)} UTC${row.reason ? ` · ${row.reason}` : ""}` : "");
  });
  positions(now, mayNot);
  events(now);
}

function positions(now, mayNot) {
  const rows = [...model.positions.values()].sort((a, b) => Math.abs(b.size) - Math.abs(a.size) || (keyOf(a) < keyOf(b) ? -1 : 1));
  keyed(at("positions"), rows, (row) => `${row.account} ${keyOf(row)}`, () => make("tr", {}, make("th", { scope: "row" }), ...Array.from({ length: 8 }, () => make("td"))), (element, row) => {
    const listed = model.instruments.get(keyOf(row)), digits = decimals(listed?.tick, row.mark_price);
    const texts = [row.instrument, row.account, row.size === 0 ? "flat" : amount(row.size, true), row.size === 0 ? NONE : fixed(row.average_price, digits),
      fixed(row.mark_price, digits), signed(row.realised_pnl, 2), signed(row.unrealised_pnl, 2), fixed(row.fees, 2), moment(row.time, now)];
    texts.forEach((text, index) => say(element.cells[index], text));
    mark(element.cells[5], "data-direction", direction(row.realised_pnl));
    mark(element.cells[6], "data-direction", direction(row.unrealised_pnl));
  });
  at("positions").parentElement.hidden = rows.length === 0;
  at("positions-empty").hidden = rows.length > 0;
  say(at("positions-empty"), mayNot || "Nothing was ever held.");
}

function events(now) {
  const rows = model.riskEvents.slice(0, 8);
  say(at("risk-note"), rows.length ? "newest first" : "none");
  keyed(at("risk-events"), rows, (row) => `${row.account} ${row.receive_time} ${row.event} ${row.reason} ${row.client_order_id}`, (row) =>
    make("li", { class: "change" },
      make("span", { class: "soft when" }, moment(row.receive_time, now)),
      make("b", { "data-event": row.event }, row.event),
      make("span", { class: "where" }, `${row.instrument || "whole account"}: ${words(row.reason)}`),
      make("span", { class: "soft sure" }, Object.entries(row.values ?? {}).map(([name, value]) => `${words(name)} ${measure(value)}`).join(", "))),
  () => {});
}
