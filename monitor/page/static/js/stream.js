// The server's events: one connection, reopened whenever it ends, closed while nobody looks at the page.

const HIDDEN_MS = 60_000;
const SILENT_MS = 60_000;
const AGAIN_MS = 3_000;

export class Stream {
  constructor({ onSnapshot, onUpdate, onState }) {
    this.handlers = { onSnapshot, onUpdate, onState };
    document.addEventListener("visibilitychange", () => this.heed());
    setInterval(() => this.look(), 5_000);
    this.open();
  }

  open() {
    this.close();
    this.heard = performance.now();
    const source = new EventSource("events");
    source.addEventListener("snapshot", (event) => this.take(event, this.handlers.onSnapshot));
    source.addEventListener("update", (event) => this.take(event, this.handlers.onUpdate));
    source.addEventListener("error", () => {
      this.handlers.onState("lost");
      // The browser tries again by itself, but not after an answer that was a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.source === source && this.open(), AGAIN_MS);
    });
    source.addEventListener("open", () => this.handlers.onState("live"));
    this.source = source;
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  take(event, handler) {
    this.heard = performance.now();
    handler(JSON.parse(event.data));
  }

  // A connection over which nothing comes may be dead without an end: after a laptop's sleep, for example.
  look() {
    if (this.source && performance.now() - this.heard > SILENT_MS) this.open();
  }

  heed() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.close();
        this.handlers.onState("paused");
      }, HIDDEN_MS);
    } else if (!this.source) {
      this.open();
    }
  }
}
