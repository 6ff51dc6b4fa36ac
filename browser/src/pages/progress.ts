/** How far a sending is, with its three buttons. The sending asks it before every request. */

import type { Watch } from "../reporter/exchange.ts";
import { make } from "./dom.ts";
import { KEEPS } from "./resume.ts";
import { sizeWords, type Texts } from "./texts.ts";

/** The reporter stopped it. */
export class Stopped extends Error {}

const RECENT = 20_000; // ms over which the speed is judged

export class Progress implements Watch {
  readonly panel: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly line = make("p");
  private readonly pauseButton: HTMLButtonElement;
  private readonly cancelButton: HTMLButtonElement;
  private paused = false;
  private stopped = false;
  private wake: () => void = () => {};
  private done = 0;
  private readonly samples: (readonly [number, number])[] = []; // when, and how many bytes had gone out

  /** `total` is the size of the envelope in bytes. */
  constructor(private readonly texts: Texts, private readonly total: number, readonly keep: Watch["keep"]) {
    this.bar = make("progress", { max: total, value: 0, className: "progress" });
    this.bar.setAttribute("aria-label", texts.say("going", { done: "", total: sizeWords(total) }));
    this.line.setAttribute("role", "status");
    this.pauseButton = make("button", { type: "button", className: "quiet", textContent: texts.say("pause") });
    this.cancelButton = make("button", { type: "button", className: "danger", textContent: texts.say("cancel") });
    this.pauseButton.addEventListener("click", () => this.togglePause());
    this.cancelButton.addEventListener("click", () => this.stop());
    const buttons = make("p", {}, this.pauseButton, " ", this.cancelButton);
    const hint = make("p", { className: "hint", textContent: texts.say(KEEPS ? "may_reload" : "keep_open") });
    this.panel = make("div", { className: "note", id: "progress" }, this.bar, this.line, hint, buttons);
    this.show();
  }

  private togglePause(): void {
    this.paused = !this.paused;
    this.pauseButton.textContent = this.texts.say(this.paused ? "go_on" : "pause");
    this.samples.length = 0;
    this.show();
    this.wake();
  }

  private stop(): void {
    this.stopped = true;
    this.pauseButton.disabled = this.cancelButton.disabled = true;
    this.wake();
  }

  /** Waits for a button, or for so many milliseconds. */
  private rest(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? 0 : window.setTimeout(resolve, milliseconds);
      this.wake = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
  }

  mayGoOn = async (): Promise<void> => {
    while (this.paused && !this.stopped) await this.rest();
    if (this.stopped) throw new Stopped();
  };

  sent = (bytes: number): void => {
    this.done = Math.max(this.done, Math.min(bytes, this.total));
    const now = performance.now();
    this.samples.push([now, this.done]);
    while (this.samples.length > 2 && this.samples[0]![0] < now - RECENT) this.samples.shift();
    this.show();
  };

  broken = async (seconds: number): Promise<void> => {
    this.line.textContent = this.texts.say("line_broke", { count: seconds });
    this.samples.length = 0;
    await this.rest(seconds * 1000);
    this.show();
  };

  private show(): void {
    this.bar.value = this.done;
    const { texts } = this;
    const going = texts.say("going", { done: megabytes(texts, this.done), total: megabytes(texts, this.total) });
    this.line.textContent = this.paused ? texts.say("paused") : `${going} ${this.left()}`;
  }

  private left(): string {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last[1] <= first[1] || last[0] - first[0] < 1000) return "";
    const seconds = ((this.total - last[1]) * (last[0] - first[0])) / 1000 / (last[1] - first[1]);
    if (seconds < 60) return this.texts.say("left_seconds");
    if (seconds < 5400) return this.texts.say("left_minutes", { count: Math.ceil(seconds / 60) });
    return this.texts.say("left_hours", { count: Math.ceil(seconds / 3600) });
  }
}

const megabytes = (texts: Texts, bytes: number): string =>
  bytes < 2 ** 20 ? `${texts.number(Math.round(bytes / 1024))} KB` : `${texts.number(Math.round(bytes / 1048576))} MB`;
