/** What sealing and finding cost in this engine; asked for by tests/bench/browser.py, never by a test. */

import { Blank } from "../src/protocol/blank.ts";
import * as boardHead from "../src/protocol/board_head.ts";
import { BoardIndex } from "../src/protocol/board.ts";
import type { Bulletin } from "../src/protocol/bulletin.ts";
import { type Bytes, utf8 } from "../src/protocol/bytes.ts";
import * as primitives from "../src/protocol/primitives.ts";
import type { Receipt } from "../src/protocol/receipt.ts";
import * as exchange from "../src/reporter/exchange.ts";
import type { Request } from "../src/reporter/transport.ts";

const PIECE = 2 ** 20;
const MESSAGE = { text: "bench", category: "", ongoing: "", keepFrom: "", language: "en", answers: [] };

/** A file that is not in memory: every slice of it is made when it is read. */
function file(size: number): Blob {
  const piece = new Uint8Array(PIECE).fill(7);
  const slice = (from: number, to: number) => ({
    arrayBuffer: async () => piece.slice(0, Math.min(to, size) - from).buffer,
  });
  return { size, slice } as unknown as Blob;
}

/** Seconds that the work ahead takes, and the longest of its steps. */
async function ahead(blank: Blank) {
  const began = performance.now();
  let [last, longest] = [began, 0];
  const rest = async () => {
    const now = performance.now();
    [last, longest] = [now, Math.max(longest, now - last)];
  };
  await blank.prepare(rest);
  await rest();
  return { ahead_s: (last - began) / 1000, longest_step_s: longest / 1000 };
}

/**
 * Seconds from pressing "send" to the last byte given out, the most memory in MB above what there was before, and the
 * longest time without progress. What the host answers is there at once.
 */
export async function seal(bulletin: Bytes, pinned: exchange.Pinned, receipt: Receipt, bytes: number, now: number) {
  const host = async (request: Request) => ({ status: 200, body: request.method === "GET" ? bulletin : utf8("{}") });
  const before = process.memoryUsage().rss;
  const blank = new Blank();
  const made = await ahead(blank);
  const began = performance.now();
  let [most, last, silent] = [0, began, 0];
  const watch = {
    mayGoOn: async () => {},
    broken: async () => {},
    keep: async () => {},
    sent: () => {
      const time = performance.now();
      [last, silent] = [time, Math.max(silent, time - last)];
      most = Math.max(most, process.memoryUsage().rss - before);
    },
  };
  const outgoing = { receipt, messageId: primitives.random(16), known: new Set<string>() };
  const believed = await exchange.fetchBulletin(host, pinned, now);
  const sending = await exchange.Sending.begin(host, believed, outgoing, MESSAGE, watch, blank);
  if (bytes) await sending.file("bench.bin", file(bytes));
  await sending.finish();
  const seconds = (performance.now() - began) / 1000;
  return { ...made, seconds, memory_mb: most / 1e6, silent_s: silent / 1000 };
}

/** Seconds from a board's bytes to its notes. */
export async function find(bulletin: Bulletin, receipt: Receipt, board: Bytes, keys: readonly Bytes[], now: number) {
  const began = performance.now();
  const index = new BoardIndex(await boardHead.verifyBoard(board, keys, bulletin.instance));
  const [box] = await exchange.readDialogue(receipt, bulletin, [index], now);
  return { seconds: (performance.now() - began) / 1000, notes: box!.notes.length };
}
