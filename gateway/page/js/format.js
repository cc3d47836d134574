// Numbers, times and words as people read them. An absent number is a dash, never a zero.

export const NONE = "–";
export const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

const formats = new Map();
export function fixed(value, digits) {
  if (!known(value)) return NONE;
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  const text = formats.get(digits).format(value);
  return text.startsWith("-") ? (/[1-9]/.test(text) ? "−" : "") + text.slice(1) : text;
}

/** With its sign; what rounds to zero has none. */
export function signed(value, digits) {
  const text = fixed(value, digits);
  return known(value) && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export const direction = (value) => (!known(value) || value === 0 ? null : value > 0 ? "up" : "down");

/** Digits after the point of prices in steps of `tick`, one more for what lies between two of them. */
export function decimals(tick, price) {
  if (tick > 0) return Math.max(0, Math.min(10, Math.ceil(-Math.log10(tick) - 1e-9)));
  return known(price) && price > 0 ? Math.max(2, Math.min(8, 5 - Math.ceil(Math.log10(price)))) : 2;
}

/** A size or a sum of sizes, with about four digits that matter. */
export function amount(value, sign = false) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  const [scale, unit] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  const scaled = size / scale;
  const digits = scaled >= 1000 ? 0 : scaled >= 100 ? 1 : scaled >= 10 ? 2 : 3;
  return (sign ? signed : fixed)(value / scale, digits) + unit;
}

/** The same in at most five characters, for narrow columns. */
export function brief(value, sign = false) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  if (size >= 1e4) return amount(value, sign).replace(/\.\d+/, "");
  return (sign ? signed : fixed)(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** A share as a percentage; certainty is never claimed by rounding. */
export function percent(share, digits = 0) {
  if (!known(share)) return NONE;
  const value = 100 * share, edge = 10 ** -digits / 2;
  if (share < 1 && value > 100 - edge) return `>${fixed(100 - 10 ** -digits, digits)} %`;
  if (share > 0 && value < edge) return `<${fixed(10 ** -digits, digits)} %`;
  return `${fixed(value, digits)} %`;
}

export function milliseconds(ns) {
  return known(ns) ? fixed(ns / 1e6, ns < 1e7 ? 2 : ns < 1e8 ? 1 : 0) : NONE;
}

export function duration(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return seconds < 63072000 ? `${Math.round(seconds / 86400)} days` : `${Math.round(seconds / 31557600)} years`;
}

export const clock = (time) => new Date(time).toISOString().slice(11, 19);
export const stamp = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");
/** The clock of today; the date as well for another day. */
export const moment = (time, now) => (stamp(time).slice(0, 10) === stamp(now).slice(0, 10) ? clock(time) : stamp(time));

export const TIMEFRAMES = { ultra_short: "Ultra short", short: "Short", medium: "Medium", long: "Long" };
export const BARS = { "1s": "1 s", "1m": "1 min", "15m": "15 min", "1h": "1 h", "1d": "1 day" };
export const BAR_S = { "1s": 1, "1m": 60, "15m": 900, "1h": 3600, "1d": 86400 };
export const VIEWS = {
  volatility: ["calm", "normal", "stressed"],
  direction: ["bear", "neutral", "bull"],
  dynamics: ["reverting", "random", "trending"],
};
export const GLYPHS = { bull: "▲", neutral: "■", bear: "▼" };

/** The state of one view in a regime such as calm/bull/trending; null where it is not known. */
export function stateOf(regime, view) {
  return (regime ?? "").split("/").find((word) => VIEWS[view].includes(word)) ?? null;
}

/** A column's name as words: ofi_normalised_50 is "ofi normalised 50". */
export const words = (name) => name.replaceAll("_", " ");

/** A measure of unknown unit, with four digits that matter. */
export function measure(value) {
  if (!known(value)) return NONE;
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(2).replace("-", "−");
  return fixed(value, Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 3);
}
