// Whether what is on the screen is of now: one judgement, in words, from when we last heard what.

import { clock, duration, fixed, moment, stamp } from "./format.js";

export const STALE_AFTER_S = 5;
const MUCH_BEHIND = 500;  // micro-batches of the journal; a few are always on their way

/** What is known of the two ways to the data.
 *
 *  now: milliseconds by the gateway's clock; dataTime: newest receive time; answered: when REST last answered (our clock)
 *  or 0; trouble: why it did not since, or null; retryAt: when it is asked again; stream: a Stream or its state; behind: rows
 *  of the journal that are in no table yet.
 *  Returns {mood: good|warn|bad, kind, short, long}; only `live` and `polling` may be shown as of now.
 */
export function judge({ now, ourNow, dataTime, answered, trouble, retryAt, stream, behind = 0 }) {
  const live = stream.state === "live";
  if (trouble?.kind === "silent" && !live) return away(now, ourNow, answered, retryAt);
  if (trouble?.kind === "key") return said("bad", "key", "Not allowed", trouble.message);
  if (trouble && (!live || !dataTime)) return said("bad", "store", "No answer from the tables", `${sentence(trouble.message)} ${asOf(answered, ourNow, now)}${again(ourNow, retryAt)}`);
  if (!dataTime) return answered ? said("warn", "empty", "No data yet", "The tables are empty. They fill as soon as capture receives frames.") : said("warn", "connecting", "Connecting…", "");
  const age = (now - Date.parse(dataTime)) / 1000;
  if (age > STALE_AFTER_S) return stale(age, dataTime, behind);
  if (trouble) return said("warn", "half", `Prices live · ${clock(now)} UTC`, `${sentence(trouble.message)} Prices, regimes and signals still arrive over the stream; bars, positions and data quality are of ${moment(now - (ourNow - answered), now)} UTC.`);
  if (live) return said("good", "live", `Live · ${clock(now)} UTC`, "");
  const why = stream.state === "connecting" ? "is being opened" : "is away";
  const next = stream.state === "waiting" ? ` Trying again${inSeconds(ourNow, stream.retryAt)}.` : "";
  const detail = stream.state === "off" && stream.reason ? ` ${sentence(stream.reason)}` : "";
  return said("good", "polling", `Polling · ${clock(now)} UTC`, `The live stream ${why}; figures are fetched every second instead.${detail}${next}`);
}

/** How old one row is, in words, where that is old; "" where it is of now. */
export function ageWords(now, time) {
  if (!time) return "";
  const age = (now - Date.parse(time)) / 1000;
  return age > STALE_AFTER_S ? `${duration(age)} old` : "";
}

function away(now, ourNow, answered, retryAt) {
  return said("bad", "away", "Not connected", `The gateway does not answer; \`barograph status\` says why. ${asOf(answered, ourNow, now)}${again(ourNow, retryAt)}`);
}

function stale(age, dataTime, behind) {
  const why = behind > MUCH_BEHIND ? ` The tables are ${fixed(behind, 0)} rows of the journal behind: nothing is lost, and the flow catches up.` : "";
  return said("warn", "stale", `Stale for ${duration(age)}`, `The newest row is of ${stamp(dataTime)} UTC, ${duration(age)} ago. Prices, regimes and positions are of then, not of now.${why}`);
}

function asOf(answered, ourNow, now) {
  if (!answered) return "Nothing was received yet. ";
  return `What you see is of ${moment(now - (ourNow - answered), now)} UTC, ${duration((ourNow - answered) / 1000)} ago. `;
}

const again = (ourNow, retryAt) => `Trying again${inSeconds(ourNow, retryAt)}.`;
const inSeconds = (ourNow, at) => (at - ourNow > 500 ? ` in ${Math.ceil((at - ourNow) / 1000)} s` : " now");
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`).replace(/^./, (first) => first.toUpperCase());
const said = (mood, kind, short, long) => ({ mood, kind, short, long });
