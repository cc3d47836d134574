// One drawing per animation frame, however many updates came in between: parts are marked, and drawn once.
// A part may also say how often it is drawn at most: nobody reads a table that changes sixty times a second.

const drawers = new Map();  // part → {draw, pause_ms, at}
const due = new Set();
let asked = false;

/** What was done: frames that drew something, marks that came, and marks that found their part already due. */
export const drawn = { frames: 0, marks: 0, merged: 0, longest_ms: 0 };

/** Tell how a part is drawn, and how many milliseconds lie between two drawings at least. */
export function drawing(part, draw, pause_ms = 0) {
  drawers.set(part, { draw, pause_ms, at: -Infinity });
}

/** Have parts drawn in the next frame, or when their pause is over. */
export function redraw(...parts) {
  for (const part of parts) {
    drawn.marks += 1;
    if (due.has(part)) drawn.merged += 1;
    else due.add(part);
  }
  ask(0);
}

function ask(pause) {
  if (asked) return;
  asked = true;
  if (pause > 0) setTimeout(() => requestAnimationFrame(frame), pause);
  else requestAnimationFrame(frame);
}

function frame() {
  const began = performance.now();
  let early = Infinity, any = false;
  asked = false;
  for (const part of [...due]) {
    const drawer = drawers.get(part), wait = drawer.at + drawer.pause_ms - began;
    if (wait > 0) {
      early = Math.min(early, wait);
      continue;
    }
    due.delete(part);
    drawer.at = began;
    drawer.draw();
    any = true;
  }
  if (any) drawn.frames += 1;
  drawn.longest_ms = Math.max(drawn.longest_ms, performance.now() - began);
  if (due.size) ask(early === Infinity ? 0 : early);
}
