// Elements: made, found, and changed only where something differs, so that a quiet cell costs nothing.

export const at = (id) => document.getElementById(id);

/** An element with attributes (null: leave out) and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const said = new WeakMap();
/** Set the text of an element that holds text alone; counts what was really written. */
export function say(element, text) {
  if (said.get(element) === text) return;
  said.set(element, text);
  element.textContent = text;
  work.writes += 1;
}

/** Set an attribute, or remove it where the value is null. */
export function mark(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
  work.writes += 1;
}

/** How much was written to the page since it was opened. */
export const work = { writes: 0 };

const children = new WeakMap();
/** Make the children of `parent` those of `items`, in order; elements are kept by key and only updated. */
export function keyed(parent, items, keyOf, create, update) {
  const before = children.get(parent) ?? new Map();
  const now = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    if (now.has(key)) continue;
    const kept = before.get(key) ?? create(item);
    now.set(key, kept);
    const element = kept.element ?? kept;
    if (element === place) place = place.nextSibling;
    else parent.insertBefore(element, place);
    update(kept, item);
  }
  for (const [key, kept] of before) if (!now.has(key)) (kept.element ?? kept).remove();
  children.set(parent, now);
  return now;
}
