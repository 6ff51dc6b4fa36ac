/** What sealing and finding cost in this engine; asked for by tests/bench/browser.py, never by a test. */

import * as boardHead from "../src/protocol/board_head.ts";
import { BoardIndex } from "../src/protocol/board.ts";
import type { Bulletin } from "../src/protocol/bulletin.ts";
import type { Bytes } from "../src/protocol/bytes.ts";
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

const host = async (_: Request) => ({ status: 200, body: new TextEncoder().encode("{}") });

/** Seconds, the most memory in MB above what there was before, and the longest time without progress. */
export async function seal(bulletin: Bulletin, receipt: Receipt, bytes: number) {
  const before = process.memoryUsage().rss;
  let [most, last, silent] = [0, performance.now(), 0];
  const watch = {
    mayGoOn: async () => {},
    broken: async () => {},
    sent: () => {
      const now = performance.now();
      [last, silent] = [now, Math.max(silent, now - last)];
      most = Math.max(most, process.memoryUsage().rss - before);
    },
  };
  const began = performance.now();
  const outgoing = { receipt, messageId: primitives.random(16), known: new Set<string>() };
  const sending = await exchange.Sending.begin(host, bulletin, outgoing, MESSAGE, watch);
  if (bytes) await sending.file("bench.bin", file(bytes));
  await sending.finish();
  return { seconds: (performance.now() - began) / 1000, memory_mb: most / 1e6, silent_s: silent / 1000 };
}

/** Seconds from a board's bytes to its notes. */
export async function find(bulletin: Bulletin, receipt: Receipt, board: Bytes, keys: readonly Bytes[], now: number) {
  const began = performance.now();
  const index = new BoardIndex(await boardHead.verifyBoard(board, keys, bulletin.instance));
  const [box] = await exchange.readDialogue(receipt, bulletin, [index], now);
  return { seconds: (performance.now() - began) / 1000, notes: box!.notes.length };
}
