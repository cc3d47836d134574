// Dark or light: as the system asks until a person chooses, then as chosen, on this browser.

import { at, say } from "./dom.js";

const KEPT = "barograph.theme";
const asked = matchMedia("(prefers-color-scheme: light)");
const watchers = [];

export const theme = () => document.documentElement.dataset.theme;
export const onTheme = (watcher) => watchers.push(watcher);

function apply() {
  const chosen = remembered();
  document.documentElement.dataset.theme = chosen ?? (asked.matches ? "light" : "dark");
  const other = theme() === "dark" ? "light" : "dark";
  say(at("theme-text"), other === "light" ? "Light" : "Dark");
  at("theme").setAttribute("aria-label", `Show in ${other} colours`);
  for (const watcher of watchers) watcher();
}

export function toggleTheme() {
  keep("theme", theme() === "dark" ? "light" : "dark");
  apply();
}

/** A choice of this browser, null where there is none or it may not be kept. */
export function recall(name) {
  try {
    return localStorage.getItem(`barograph.${name}`);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`barograph.${name}`, value);
  } catch {
    // a browser that keeps nothing forgets the choice, and no more
  }
}

function remembered() {
  const chosen = recall(KEPT.split(".")[1]);
  return chosen === "dark" || chosen === "light" ? chosen : null;
}

asked.addEventListener("change", apply);
at("theme").addEventListener("click", toggleTheme);
apply();
