// What tests ask of the page from within; put into it by tests/gateway/viewer.py.
"use strict";

const rgba = (text) => {
  const parts = (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  return [parts[0], parts[1], parts[2], parts[3] ?? 1];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

function ground(element) {
  const layers = [];
  for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
}

window.checks = {
  // A page in a state of health, with all that can be opened open.
  become(health) {
    document.body.dataset.health = health;
    for (const one of document.querySelectorAll("details")) one.open = true;
  },

  // Words whose contrast with what lies behind them is below 4.5 (3 where they are large), by WCAG 2.2.
  poorContrasts() {
    const poor = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
      const hidden = element.closest("#chart, script, noscript, .hidden, legend, option, [hidden]");
      if (!text || hidden || !element.getClientRects().length) continue;
      const style = getComputedStyle(element), below = ground(element);
      const [more, less] = [luminance(over(rgba(style.color), below)), luminance(below)].sort((a, b) => b - a);
      const ratio = (more + 0.05) / (less + 0.05);
      const large = parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
      if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${text.slice(0, 30)} in ${element.tagName}.${element.className}`);
    }
    return poor;
  },

  // What can be operated and has no name.
  nameless() {
    const named = (one) => one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.textContent.trim() || one.labels?.length;
    return [...document.querySelectorAll("button, a[href], input, select, summary, [tabindex='0']")].filter((one) => !named(one)).map((one) => one.outerHTML);
  },

  headings: () => [...document.querySelectorAll("h1, h2, h3")].map((one) => Number(one.tagName[1])),
  focused: () => document.activeElement.id || document.activeElement.tagName,

  // Spans of states from rows written down by second: [second, previous, state] for changes, [second, state] for rows.
  async spans({ rows, changes, complete, last }) {
    const { fromRows, spans } = await import("/page/js/shading.js");
    const at = (second) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`;
    const zero = Date.parse(at(0)), view = "direction";
    const told = changes.map(([second, previous, regime]) => ({ view, time: at(second), receive_time: at(second), previous, regime }));
    const inRows = fromRows(rows.map(([second, regime]) => ({ time: at(second), regime })), view);
    const found = spans({ view, first: inRows.first, changes: [...told, ...inRows.changes], complete, last: { time: at(last) } });
    return found.map(({ state, from, to }) => [state, (from - zero) / 1000, (to - zero) / 1000]);
  },

  async places(opens, seconds) {
    const { placeOf } = await import("/page/js/shading.js");
    return seconds.map((second) => placeOf(opens, 1, second));
  },
};
