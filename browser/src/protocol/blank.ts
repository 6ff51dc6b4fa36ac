/** What an envelope's slots without a recipient are sealed to (docs/protocol.md, section 8.2), made ahead. */

import type { Bytes } from "./bytes.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";

/**
 * A throw-away key and encapsulations to it, for the slots of one envelope. They depend on no bulletin, no day, no
 * recipient and no text, so that none of these makes them old, and their secrets open nothing that anybody wrote. An
 * encapsulation is given out once: the same bytes in two envelopes would tell the host that one hand sealed both.
 */
export class Blank {
  private encapsulate: (() => Promise<primitives.Encapsulation>) | null = null;
  private ready: primitives.Encapsulation[] = [];
  private begun = false; // the envelope is being sealed, or will not be

  /** Makes all that an envelope can need; ends early when that begins. `rest` stands before each run of ML-KEM. */
  async prepare(rest: () => Promise<void>): Promise<void> {
    const goesOn = async (): Promise<boolean> => {
      await rest();
      return !this.begun;
    };
    if (!(await goesOn())) return;
    const key = await primitives.throwAwayXWingPublic();
    if (!(await goesOn())) return;
    const encapsulate = await primitives.xwingTo(key);
    if (!this.begun) this.encapsulate = encapsulate;
    for (let left = sizes.SLOTS - 1; left && (await goesOn()); left--) {
      const one = await encapsulate();
      if (!this.begun) this.ready.push(one);
    }
  }

  /** A slot of random bytes that open for nobody. */
  async seal(info: Bytes): Promise<Bytes> {
    this.begun = true;
    const one = this.ready.pop() ?? (await this.another());
    const slot = await primitives.hpkeSealUnder(one, info, primitives.random(sizes.SYMMETRIC_KEY));
    wipe(one);
    return slot;
  }

  private async another(): Promise<primitives.Encapsulation> {
    this.encapsulate ??= await primitives.xwingTo(await primitives.throwAwayXWingPublic());
    return this.encapsulate();
  }

  /** The envelope has its slots, or there will be none: what is left goes, and the key with it. */
  end(): void {
    this.begun = true;
    this.ready.forEach(wipe);
    this.ready = [];
    this.encapsulate = null;
  }
}

function wipe(one: primitives.Encapsulation): void {
  one.ciphertext.fill(0);
  one.shared.fill(0);
}
