/** What the next envelope needs and what does not depend on what somebody writes, made while the page has nothing to do. */

import { Blank } from "../protocol/blank.ts";

/** Waits until the page is idle: a step without a compiler takes about as long as a key is held down. */
const idle = (): Promise<void> => new Promise((resolve) => requestIdleCallback(() => resolve()));

/** The blank of a page. It asks the host for nothing, and ends with the page. */
export class Ahead {
  private blank: Blank | null = null;

  constructor() {
    window.addEventListener("pagehide", () => this.take().end());
    window.addEventListener("pageshow", () => this.prepare()); // also when Back brings the page as it was
    this.prepare();
  }

  /** Begins one, where there is none. */
  prepare(): void {
    if (this.blank) return;
    this.blank = new Blank();
    void this.blank.prepare(idle);
  }

  /** Gives the blank away, as far as it is made. Never the same twice. */
  take(): Blank {
    const taken = this.blank ?? new Blank();
    this.blank = null;
    return taken;
  }
}
