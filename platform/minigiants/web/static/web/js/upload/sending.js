// Sends the parts of an upload: several at a time, each with its SHA-256, again after a lost
// connection, and only those that the server does not have. A pause ends what is on its way; going
// on sends those parts again.

import { ApiProblem, isPassing, problemFrom } from "./api.js";

const PARALLEL = 3;
const LONGEST_WAIT_SECONDS = 30;
const MAX_TRIES = 12;

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted(); // an abort that came before is no event any more
    const timer = setTimeout(done, seconds * 1000);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      reject(signal.reason);
    }
    window.addEventListener("online", done); // the connection is back: no need to wait longer
    signal.addEventListener("abort", stop, { once: true });
  });
}

function aborted(signal) {
  return new Promise((_, reject) => {
    signal.throwIfAborted(); // an abort that came before is no event any more
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// XMLHttpRequest, because fetch does not tell how much of a body has been sent.
function put(url, bytes, headers, { signal, progressed }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted(); // an abort that came before is no event any more
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const settle = (action) => () => {
      signal.removeEventListener("abort", stop);
      action();
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progressed(event.loaded));
    request.addEventListener(
      "load",
      settle(() =>
        request.status < 300
          ? resolve()
          : reject(problemFrom(request.responseText, request.status)),
      ),
    );
    request.addEventListener("error", settle(() => reject(problemFrom("", 0))));
    request.addEventListener("abort", settle(() => reject(signal.reason)));
    signal.addEventListener("abort", stop, { once: true });
    request.send(bytes);
  });
}

export class Sending {
  constructor({ api, upload, files, signal, onProgress, onWaiting }) {
    this.api = api;
    this.upload = upload;
    this.files = files;
    this.signal = signal;
    this.onProgress = onProgress;
    this.onWaiting = onWaiting;
    this.inFlight = new Map();
    this.pausing = new AbortController();
    this.goesOn = Promise.resolve();
    this.queue = upload.files
      .filter((file) => file.needs_sending)
      .flatMap((file) => file.missing.map((number) => ({ file, number })));
    this.total = files.reduce((sum, { file }) => sum + file.size, 0);
    this.arrived = this.total - this.queue.reduce((sum, part) => sum + this.length(part), 0);
  }

  length({ file, number }) {
    const start = number * this.upload.part_bytes;
    return Math.min(this.upload.part_bytes, file.size - start);
  }

  get sent() {
    return [...this.inFlight.values()].reduce((sum, bytes) => sum + bytes, this.arrived);
  }

  get isPaused() {
    return this.pausing.signal.aborted;
  }

  pause() {
    if (this.isPaused) return;
    this.goesOn = new Promise((resolve) => (this.endPause = resolve));
    this.pausing.abort();
  }

  goOn() {
    if (!this.isPaused) return;
    this.pausing = new AbortController();
    this.endPause();
  }

  async pauseEnded() {
    while (this.isPaused) await Promise.race([this.goesOn, aborted(this.signal)]);
  }

  async run() {
    this.onProgress(this.sent, this.total);
    await Promise.all(Array.from({ length: PARALLEL }, () => this.work()));
  }

  async work() {
    for (let part = this.queue.shift(); part; part = this.queue.shift()) {
      await this.sendUntilThere(part);
      this.inFlight.delete(part);
      this.arrived += this.length(part);
      this.onProgress(this.sent, this.total);
    }
  }

  async sendUntilThere(part) {
    for (let tries = 1; ; tries += 1) {
      await this.pauseEnded();
      const { signal: paused } = this.pausing;
      try {
        await this.send(part, AbortSignal.any([this.signal, paused]));
        return;
      } catch (error) {
        if (paused.aborted && !this.signal.aborted) {
          this.inFlight.delete(part);
          tries = 0;
          continue;
        }
        const passing = error instanceof ApiProblem && isPassing(error.status);
        if (!passing || tries === MAX_TRIES) throw error;
        this.inFlight.delete(part);
        const seconds = Math.min(2 ** (tries - 1), LONGEST_WAIT_SECONDS);
        this.onWaiting(seconds);
        await wait(seconds, this.signal);
      }
    }
  }

  async send(part, signal) {
    const { file } = this.files.find(({ path }) => path === part.file.path);
    const start = part.number * this.upload.part_bytes;
    const bytes = await file.slice(start, start + this.length(part)).arrayBuffer();
    const { url, headers } = await this.address(part, await sha256(bytes), signal);
    await put(url, bytes, headers, {
      signal,
      progressed: (loaded) => {
        this.inFlight.set(part, loaded);
        this.onProgress(this.sent, this.total);
      },
    });
  }

  // Where a part goes and what opens that address: the platform, or its object store.
  async address(part, digest, signal) {
    const { id, is_direct: isDirect, upload_token: token } = this.upload;
    const path = `/uploads/${id}/files/${part.file.position}/parts/${part.number}`;
    if (isDirect) {
      const asked = { body: { sha256: digest }, signal };
      return this.api.send("POST", `${path}/address`, asked).catch((error) => {
        throw error instanceof TypeError ? problemFrom("", 0) : error; // no answer came: try again
      });
    }
    return {
      url: `/api/v1${path}`,
      headers: { "X-Part-SHA256": digest, "X-Upload-Token": token },
    };
  }
}
