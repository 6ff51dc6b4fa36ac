/**
 * Answers lines of JSON on standard input: {"operation", "input"} with {"output"}, or {"refused"} and what is told.
 * The first argument is the folder with the shared bytes of the vectors.
 */

import { webcrypto } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { fromBase64 } from "../src/protocol/bytes.ts";
import { BadReceipt, ProtocolError } from "../src/protocol/errors.ts";
import { OPERATIONS } from "./operations.ts";
import type { Shared } from "./values.ts";

if (!globalThis.crypto) Object.defineProperty(globalThis, "crypto", { value: webcrypto }); // node 18

function load(folder: string): Shared {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return new Map(
    files.map((name) => {
      const content = JSON.parse(readFileSync(join(folder, name), "utf-8")) as { base64: string };
      return [name.replace(/\.json$/, ""), fromBase64(content.base64)];
    }),
  );
}

async function answer(line: string, shared: Shared): Promise<unknown> {
  const { operation, input } = JSON.parse(line);
  try {
    return { output: await OPERATIONS[operation]!(input, shared) };
  } catch (error) {
    if (error instanceof BadReceipt) {
      const { fault, position, found } = error;
      return { refused: error.constructor.name, output: { fault, position, found } };
    }
    if (error instanceof ProtocolError) return { refused: error.constructor.name }; // esbuild keeps it here
    return { failed: error instanceof Error ? error.stack : "not an error" };
  }
}

const shared = load(process.argv[2]!);
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(await answer(line, shared))}\n`);
}
