// Percent, speed and time left, from what was sent over the last few seconds.

import { duration } from "../times.js";

const WINDOW_SECONDS = 6;

export function fileSize(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${Number(value.toPrecision(3))} ${units[unit]}`;
}

export class Progress {
  constructor(root) {
    this.bar = root.querySelector("progress");
    this.percent = root.querySelector("[data-percent]");
    this.numbers = root.querySelector("[data-numbers]");
    this.samples = [];
  }

  show(sent, total) {
    const now = performance.now() / 1000;
    this.samples.push([now, sent]);
    this.samples = this.samples.filter(([time]) => now - time < WINDOW_SECONDS);
    const [[since, before]] = this.samples;
    const speed = now > since ? (sent - before) / (now - since) : 0;
    const percent = total === 0 ? 100 : Math.floor((sent / total) * 100);
    this.bar.max = total || 1;
    this.bar.value = total === 0 ? 1 : sent;
    this.percent.textContent = `${percent} %`;
    const parts = [`${fileSize(sent)} of ${fileSize(total)}`];
    if (speed > 0 && sent < total) {
      parts.push(`${fileSize(speed)}/s`, `${duration((total - sent) / speed)} left`);
    }
    this.numbers.textContent = parts.join(" · ");
  }

  // Forget how fast it was: what is past a pause says nothing of the speed.
  restart() {
    this.samples = [];
  }

  say(text) {
    this.numbers.textContent = text;
  }
}
