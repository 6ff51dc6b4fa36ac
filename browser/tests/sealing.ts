/** Sealing as the page does it, against a host in memory; and blanks, in every way in which one could serve twice. */

import { Blank } from "../src/protocol/blank.ts";
import type { Bulletin } from "../src/protocol/bulletin.ts";
import { type Bytes, concat, toHex } from "../src/protocol/bytes.ts";
import type { Message } from "../src/protocol/payload.ts";
import * as primitives from "../src/protocol/primitives.ts";
import type { Receipt } from "../src/protocol/receipt.ts";
import * as exchange from "../src/reporter/exchange.ts";
import type { Request } from "../src/reporter/transport.ts";

export const WATCH = { mayGoOn: async () => {}, sent: () => {}, broken: async () => {}, keep: async () => {} };
const MESSAGE = { text: "text", category: "", ongoing: "", keepFrom: "", language: "en", answers: [] };
const STEPS = 6; // how often the work ahead rests, and one more

type Files = readonly (readonly [string, Bytes])[];

/** The envelope that the host gets, in base64. */
export async function sealed(
  bulletin: Bulletin, outgoing: exchange.Outgoing, message: Message, files: Files, blank: Blank,
): Promise<string> {
  const chunks: Bytes[] = [];
  const transport = async (request: Request) => {
    if (request.method === "PUT") chunks.push(request.body!);
    return { status: 200, body: new TextEncoder().encode("{}") };
  };
  const sending = await exchange.Sending.begin(transport, bulletin, outgoing, message, WATCH, blank);
  for (const [name, content] of files) await sending.file(name, new Blob([content]));
  const size = await sending.finish();
  const whole = concat(...chunks);
  if (whole.length !== size) throw new RangeError("another size than was told");
  return Buffer.from(whole).toString("base64");
}

const text = (bulletin: Bulletin, receipt: Receipt, blank: Blank): Promise<string> =>
  sealed(bulletin, { receipt, messageId: primitives.random(16), known: new Set() }, MESSAGE, [], blank);

/** The encapsulations that lie ready, whose memory can be looked at afterwards. */
const readyIn = (blank: Blank): readonly primitives.Encapsulation[] => [...blank["ready"]];

/** One blank, given to three sendings by mistake, the last of them under another bulletin. */
export async function usedAgain(first: Bulletin, second: Bulletin, receipt: Receipt) {
  const blank = new Blank();
  await blank.prepare(async () => {});
  const ready = readyIn(blank);
  const prepared = ready.map((one) => toHex(one.ciphertext));
  const envelopes = [];
  for (const bulletin of [first, first, second]) envelopes.push(await text(bulletin, receipt, blank));
  return { prepared, envelopes, memory: ready.map((one) => toHex(concat(one.ciphertext, one.shared))) };
}

/** Sendings that begin while their blank is still being made, after each of its steps. */
export async function begunEarly(bulletin: Bulletin, receipt: Receipt) {
  const envelopes = [];
  let left = 0;
  for (let step = 0; step < STEPS; step++) {
    const blank = new Blank();
    let [steps, goOn, reached] = [0, () => {}, () => {}];
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const there = new Promise<void>((resolve) => (reached = resolve));
    const making = blank.prepare(async () => {
      if (steps++ !== step) return;
      reached();
      await gate;
    });
    await Promise.race([there, making]);
    envelopes.push(await text(bulletin, receipt, blank));
    goOn();
    await making;
    left += readyIn(blank).length + Number(blank["encapsulate"] !== null);
  }
  return { envelopes, left };
}
