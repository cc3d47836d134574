// Which state was held when: spans for the background of the chart, exact in time.

import { VIEWS, stateOf } from "./format.js";

/** Spans {state, from, to} in milliseconds, in order, of one view.
 *
 *  first: the oldest row of regimes in the window, or null; changes: rows of regime_changes of this view, any order, of
 *  which older ones may be missing (complete: false); last: the newest row of regimes. A change holds from the close of
 *  its bar. Where it is not known what was held, there is no span.
 */
export function spans({ view, first, changes, complete, last }) {
  const told = [...new Map(changes.filter((row) => row.view === view).sort(byTime).map((row) => [row.time, row])).values()];
  const found = [];
  const begin = first ? Date.parse(first.time) : null;
  const later = told.filter((row) => begin === null || Date.parse(row.time) > begin);
  const held = first ? stateOf(first.regime, view) : null;
  if (held && (later.length === 0 || complete || later[0].previous === held)) {
    found.push({ state: held, from: begin, to: later.length ? Date.parse(later[0].time) : null });
  }
  later.forEach((row, index) => {
    const next = later[index + 1];
    if (VIEWS[view].includes(row.regime)) found.push({ state: row.regime, from: Date.parse(row.time), to: next ? Date.parse(next.time) : null });
  });
  const end = last ? Date.parse(last.time) : null;
  return found.map((span) => ({ ...span, to: span.to ?? Math.max(end ?? span.from, span.from) })).filter((span) => span.to > span.from);
}

/** What rows of regimes, oldest first, say: the first whose state is known, and every change from one row to the next.
 *  The end of a warm-up, and one in the middle, is no row of regime_changes; here it is a change too. */
export function fromRows(rows, view) {
  const known = rows.findIndex((row) => stateOf(row.regime, view));
  if (known < 0) return { first: null, changes: [] };
  const changes = [];
  for (let index = known + 1; index < rows.length; index += 1) {
    const previous = stateOf(rows[index - 1].regime, view), regime = stateOf(rows[index].regime, view);
    if (previous !== regime) changes.push({ view, time: rows[index].time, receive_time: rows[index].time, previous: previous ?? "unknown", regime: regime ?? "unknown" });
  }
  return { first: rows[known], changes };
}

/** The span at a time, or undefined. */
export const spanAt = (list, time) => list.find((span) => span.from <= time && time < span.to);

const byTime = (a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.receive_time < b.receive_time ? -1 : 1);

/** Where a time lies on an axis of bars: the number of the bar, −½ at its opening and +½ at its close.
 *  opens: seconds, ascending; step: seconds a bar lasts. Between two bars that are apart, time runs evenly. */
export function placeOf(opens, step, seconds) {
  if (!opens.length) return null;
  let low = 0, high = opens.length - 1;
  if (seconds < opens[0]) return -0.5 + (seconds - opens[0]) / step;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (opens[middle] <= seconds) low = middle;
    else high = middle - 1;
  }
  const next = low + 1 < opens.length ? opens[low + 1] : opens[low] + step;
  return low - 0.5 + (seconds - opens[low]) / (next - opens[low]);
}

/** A primitive for lightweight-charts that paints spans behind a series.
 *  told(): {spans, opens, step, view, colours, font}; the last drawing is kept in `painted` as {state, from, to, left, right}. */
export function shading(chart, told) {
  const primitive = {
    painted: [],
    paneViews: () => [{ zOrder: () => "bottom", renderer: () => ({ draw() {}, drawBackground: paint }) }],
    updateAllViews() {},
  };
  function paint(target) {
    const { spans: list, opens, step, view, colours, font } = told();
    primitive.painted = [];
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio, verticalPixelRatio }) => {
      const scale = chart.timeScale();
      const origin = scale.logicalToCoordinate(0), spacing = scale.logicalToCoordinate(1) - origin;  // it knows whole bars only
      const across = (time) => origin + spacing * (placeOf(opens, step, time / 1000) ?? 0);
      for (const span of list) {
        const left = across(span.from), right = across(span.to);
        if (right * horizontalPixelRatio < 0 || left * horizontalPixelRatio > bitmapSize.width) continue;
        primitive.painted.push({ ...span, left, right });
        const x = Math.round(left * horizontalPixelRatio), width = Math.max(1, Math.round(right * horizontalPixelRatio) - x);
        context.fillStyle = colours[span.state].wash;
        context.fillRect(x, 0, width, bitmapSize.height);
        lane(context, span.state, view, colours, x, width, bitmapSize.height, verticalPixelRatio);
        if (width / horizontalPixelRatio > 7 * span.state.length + 10) {
          context.fillStyle = colours[span.state].ink;
          context.font = `${11 * verticalPixelRatio}px ${font}`;
          const from = Math.max(x, 0);
          if (x + width - from > (7 * span.state.length + 10) * horizontalPixelRatio) context.fillText(span.state, from + 6 * horizontalPixelRatio, bitmapSize.height - 24 * verticalPixelRatio);
        }
      }
    });
  }
  return primitive;
}

/** A line at the foot whose height says the state again, for those who see no colours. */
function lane(context, state, view, colours, x, width, height, ratio) {
  const rank = VIEWS[view].indexOf(state);
  context.fillStyle = colours[state].line;
  context.fillRect(x, height - Math.round((5 + 6 * rank) * ratio), width, Math.max(2, Math.round(3 * ratio)));
}
