/** Finding records on a board (docs/protocol.md, section 9.5): the same work whatever it holds. */

import type { SignedBoard } from "./board_head.ts";
import { type Bytes, compare, concat, u64 } from "./bytes.ts";
import { DoesNotOpen, Malformed } from "./errors.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";
import { WINDOW } from "./thread.ts";

const STEP = 64; // numbers by which a reader looks further at a time

/** A verified board, ready to be looked up by tag. */
export class BoardIndex {
  readonly head: SignedBoard["head"];
  private readonly records: Bytes;

  /** Throws `Malformed` unless the records are in order. */
  constructor(board: SignedBoard) {
    this.head = board.head;
    this.records = board.records;
    for (let place = 1; place < this.head.records; place++) {
      if (compare(this.tag(place - 1), this.tag(place)) >= 0) throw new Malformed();
    }
  }

  private tag(place: number): Bytes {
    return this.records.subarray(place * sizes.RECORD, place * sizes.RECORD + sizes.RECORD_TAG);
  }

  private find(tag: Bytes): Bytes | null {
    let [low, high] = [0, this.head.records - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compare(this.tag(middle), tag);
      if (!order) {
        const start = middle * sizes.RECORD;
        return this.records.slice(start + sizes.RECORD_TAG, start + sizes.RECORD);
      }
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  /** All live (number, inner record) of a thread. A tag that is there with a record that does not open is none. */
  async walk(tagKey: Bytes): Promise<(readonly [number, Bytes])[]> {
    const mac = await primitives.hmacSha256Under(tagKey);
    const context = (number: number): Bytes => concat(this.head.instance, this.head.salt, u64(number));
    const inner = async (number: number): Promise<Bytes | null> => {
      const tag = await mac(labels.RECORD_TAG, context(number));
      const sealed = this.find(tag.subarray(0, sizes.RECORD_TAG));
      if (!sealed) return null;
      try {
        return await primitives.openOnce(await mac(labels.RECORD_OUTER, context(number)), sealed);
      } catch (error) {
        if (error instanceof DoesNotOpen) return null;
        throw error;
      }
    };
    const found: (readonly [number, Bytes])[] = [];
    for (let [start, end] = [0, STEP + WINDOW], next = end; start < end; start = next) {
      next = end;
      const numbers = Array.from({ length: next - start }, (_, at) => start + at);
      const records = await Promise.all(numbers.map(inner));
      records.forEach((record, at) => {
        if (!record) return;
        found.push([start + at, record]);
        while (end < start + at + 1 + WINDOW) end += STEP;
      });
    }
    return found;
  }
}
