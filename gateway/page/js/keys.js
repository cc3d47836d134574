// The keyboard: j and k or arrows select, / searches, 1–5 choose bars, t the colours, ? helps.

import { at } from "./dom.js";
import { BARS } from "./format.js";
import { toggleTheme } from "./theme.js";

export function begin({ step, chooseBars }) {
  const help = at("help");
  at("help-open").addEventListener("click", () => help.showModal());
  const keys = {
    j: () => step(1), k: () => step(-1), "/": () => at("search").focus(), t: toggleTheme, "?": () => help.showModal(),
    ...Object.fromEntries(Object.keys(BARS).map((bars, index) => [String(index + 1), () => chooseBars(bars)])),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target, typing = target.closest("input:not([type=radio]), select, textarea");
    const inTable = target.closest("#instruments tbody");
    if (inTable && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (!typing && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  at("search").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); at("instruments").querySelector("tbody tr[tabindex='0']")?.focus(); }
  });
  at("copy").addEventListener("click", copy);
}

async function copy() {
  try {
    await navigator.clipboard.writeText(at("example").textContent);
  } catch {
    getSelection().selectAllChildren(at("example"));
    document.execCommand("copy");
  }
  at("copy").textContent = at("copied").textContent = "Copied";
  setTimeout(() => { at("copy").textContent = "Copy"; at("copied").textContent = ""; }, 1500);
}
