// One subscription to /api/v1/stream that comes back by itself. It only ever wants the newest: after every (re)connection
// the server sends a snapshot, and what happened in between is asked from the tables by whoever shows history.

import { ask } from "./rest.js";

const SILENT_MS = 5000;  // the server beats every second; one that is silent for so long is gone
const PAUSES_MS = [1000, 2000, 4000, 8000, 15000];
const NOT_OFFERED_MS = 30000;

export class Stream {
  /** `onEvents(events)`; `onState()` after every change of state, which is live, connecting, waiting or off. */
  constructor(onEvents, onState) {
    this.state = "connecting";
    this.reason = "";
    this.retryAt = 0;
    this.sequence = null;
    this.lost = 0;  // messages that should have come before others and did not
    this.skipped = 0;  // events that the server left out for newer ones
    this.onEvents = onEvents;
    this.onState = onState;
    this.onRefused = null;  // may ask for less and return true
    this.subscription = null;
    this.socket = null;
    this.failures = 0;
    this.timer = 0;
    this.watch = 0;
  }

  /** Say what is wanted; a second time replaces the first. */
  subscribe(subscription) {
    const same = JSON.stringify(subscription) === JSON.stringify(this.subscription);
    this.subscription = subscription;
    if (this.socket === null && this.timer === 0) this.connect();
    else if (!same && this.socket?.readyState === WebSocket.OPEN) this.sendSubscription();
  }

  /** Try now instead of when the pause is over. */
  hurry() {
    if (this.timer > 0) this.connect();  // -1: it is under way, or live
  }

  async connect() {
    clearTimeout(this.timer);
    this.timer = -1;  // under way
    this.become("connecting", "");
    try {
      const { ticket } = await ask("/api/v1/stream/ticket", "POST");
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      this.open(`${scheme}//${location.host}/api/v1/stream?ticket=${encodeURIComponent(ticket)}`);
    } catch (trouble) {
      const offered = trouble.status !== 404 && trouble.status !== 405 && trouble.kind !== "key";
      this.later(offered ? "waiting" : "off", offered ? trouble.message : trouble.kind === "key" ? trouble.message : "This gateway offers no stream.");
    }
  }

  open(address) {
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => this.sendSubscription();
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      clearTimeout(this.watch);
      this.socket = null;
      const refused = event.code === 4401 || event.code === 4403;
      if (event.code === 4403 && this.onRefused?.()) return void this.connect();
      this.later(refused ? "off" : "waiting", this.reason || event.reason || `The stream ended (${event.code}).`);
    };
    this.heard();
  }

  sendSubscription() {
    this.sequence = null;
    this.socket.send(JSON.stringify({ op: "subscribe", venues: [], instruments: [], timeframes: [], from: null, stream: "", slow: "conflate", snapshot: true, ...this.subscription }));
  }

  receive(text) {
    this.heard();
    const message = JSON.parse(text);
    if (message.type === "error") this.reason = message.detail ?? message.code;
    if (message.type === "conflated") this.skipped += message.skipped ?? 0;
    if (message.type === "subscribed" || message.type === "snapshot" || message.type === "events") {
      this.failures = 0;
      if (this.state !== "live") this.become("live", "");
    }
    if (message.type === "events" && this.sequence !== null && message.previous !== this.sequence) this.lost += 1;
    if (message.type === "subscribed") this.sequence = message.from;
    if (message.type === "events" || message.type === "snapshot") this.sequence = message.sequence;
    if (message.events) this.onEvents(message.events);
  }

  heard() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      this.reason = "The stream fell silent.";
      const socket = this.socket;
      this.socket?.close();
      if (socket) socket.onclose({ code: 1006, reason: "" });  // a dead peer never answers the close
    }, SILENT_MS);
  }

  later(state, reason) {
    const pause = state === "off" ? NOT_OFFERED_MS : PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
    this.failures += 1;
    this.retryAt = Date.now() + pause;
    this.timer = setTimeout(() => this.connect(), pause);
    this.become(state, reason);
  }

  become(state, reason) {
    this.state = state;
    this.reason = reason;
    this.onState();
  }
}
