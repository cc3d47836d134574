// Runs within the page for some milliseconds: how evenly animation frames come, and what was done for them.
async (milliseconds) => {
  const { app } = await import("/page/js/main.js");
  const counts = () => ({
    frames_drawn: app.drawn.frames, parts_marked: app.drawn.marks, parts_merged: app.drawn.merged,
    cells_written: app.work.writes, events: app.model.events,
  });
  const before = counts(), began = performance.now(), gaps = [];
  app.drawn.longest_ms = 0;
  let last = began;
  await new Promise((done) => {
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      if (now - began < milliseconds) requestAnimationFrame(frame);
      else done();
    };
    requestAnimationFrame(frame);
  });
  const seconds = (performance.now() - began) / 1000, after = counts();
  gaps.sort((a, b) => a - b);
  const rates = Object.fromEntries(Object.keys(before).map((name) => [`${name}_per_s`, (after[name] - before[name]) / seconds]));
  return {
    fps: gaps.length / seconds, frame_p50_ms: gaps[gaps.length >> 1], frame_p99_ms: gaps[Math.floor(0.99 * (gaps.length - 1))],
    frame_longest_ms: gaps.at(-1), drawing_longest_ms: app.drawn.longest_ms, ...rates, lost: app.market.lost, stream: app.market.state,
  };
}
