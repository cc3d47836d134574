// Questions to the gateway. What goes wrong has a kind: silent (nobody answers), store, key, or refused.

const ANSWER_WITHIN_MS = 6000;

export class Trouble extends Error {
  constructor(kind, message, status = 0) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

const KINDS = { 401: "key", 403: "key", 503: "store", 504: "store" };

/** The answer to a GET (or another method) as JSON; throws Trouble. */
export async function ask(path, method = "GET") {
  let answer;
  try {
    answer = await fetch(path, { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS), cache: "no-cache" });
  } catch {
    throw new Trouble("silent", "The gateway does not answer.");
  }
  let body = null;
  try {
    body = await answer.json();
  } catch {
    if (answer.ok) throw new Trouble("silent", "The gateway's answer broke off.");
  }
  if (answer.ok) return body;
  throw new Trouble(KINDS[answer.status] ?? "refused", body?.detail ?? `The gateway answered ${answer.status}.`, answer.status);
}

/** A path with its parameters; empty ones are left out. */
export function path(route, parameters = {}) {
  const told = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `/api/v1/${route}${told.length ? `?${new URLSearchParams(told)}` : ""}`;
}

/** Do something again and again; `pause()` says how many milliseconds lie between. Returns a function that does it now. */
export function again(work, pause) {
  let timer = 0, running = false;
  const run = async () => {
    clearTimeout(timer);
    if (running) return;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      timer = setTimeout(run, pause() * (document.hidden ? 5 : 1));
    }
  };
  run();
  return run;
}
