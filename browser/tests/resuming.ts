/** An upload whose page ends at some request, and the page after it that goes on, against a host in memory. */

import { Blank } from "../src/protocol/blank.ts";
import type { Bulletin } from "../src/protocol/bulletin.ts";
import { type Bytes, concat, utf8 } from "../src/protocol/bytes.ts";
import type { Message } from "../src/protocol/payload.ts";
import * as primitives from "../src/protocol/primitives.ts";
import type { Receipt } from "../src/protocol/receipt.ts";
import { ReporterKeys } from "../src/protocol/thread.ts";
import * as exchange from "../src/reporter/exchange.ts";
import { OtherFiles } from "../src/reporter/errors.ts";
import type { Request, Response } from "../src/reporter/transport.ts";
import type { Work } from "../src/pages/resume.ts";

type Files = readonly (readonly [string, Bytes])[];

// What the module asks of a browser when it is loaded.
Object.assign(globalThis, { window: { name: "" }, CSS: { supports: () => true } });
const { leave, opened } = await import("../src/pages/resume.ts");

class Reloaded extends Error {}

/** Takes chunks as intake does. `shown` is every body that ever left a page, also those that did not arrive. */
class Host {
  readonly chunks: Bytes[] = [];
  readonly shown: [string, string][] = [];
  readonly asked: string[] = [];
  finished = false;

  /** The page ends at the body of this number: before it has arrived, or behind it. */
  constructor(private end: number, private readonly arrives: boolean) {}

  /** The next page is not interrupted. */
  goOn(): void {
    this.end = Infinity;
    this.asked.length = 0;
  }

  readonly transport = async (request: Request): Promise<Response> => {
    const { method, path, body } = request;
    this.asked.push(`${method} ${path}`);
    if (body) {
      this.shown.push([path, Buffer.from(body).toString("base64")]);
      const last = this.end-- === 0;
      if (!last || this.arrives) this.take(path.split("/").at(-1)!, body);
      if (last) throw new Reloaded();
    }
    if (method === "GET" && !this.chunks.length) return { status: 404, body: utf8('{"error":"unknown_upload"}') };
    return { status: 200, body: utf8(JSON.stringify({ chunks: this.chunks.length, finished: this.finished })) };
  };

  private take(what: string, body: Bytes): void {
    this.finished = what === "whole" || what === "finish";
    if (what === "whole") this.chunks[0] = body;
    else if (what !== "finish") this.chunks[Number(what)] = body;
  }
}

async function sendAll(sending: exchange.Sending, files: Files): Promise<void> {
  for (const [name, content] of files) await sending.file(name, new Blob([content]));
  await sending.finish();
}

/** `then` are the files of the page after the reload. */
export async function resume(
  bulletin: Bulletin, receipt: Receipt, message: Message, files: Files, then: Files, end: number, arrives: boolean,
) {
  const keys = await ReporterKeys.derive(receipt, bulletin.instance);
  const messageId = primitives.random(16);
  const work: Work = { first: true, messageId, message, fields: [["text", message.text]], files: [], strip: true };
  const host = new Host(end, arrives);
  const keep = (kept: exchange.Kept) => leave(keys, { ...work, kept });
  const watch = { mayGoOn: async () => {}, sent: () => {}, broken: async () => {}, keep };
  let ended = false;
  try {
    const outgoing = { receipt, messageId, known: new Set<string>() };
    await sendAll(await exchange.Sending.begin(host.transport, bulletin, outgoing, message, watch, new Blank()), files);
  } catch (error) {
    if (!(error instanceof Reloaded)) throw error;
    ended = true;
  }
  host.goOn();
  const left = (await opened(keys))!;
  let refused = false;
  if (ended) {
    try {
      await sendAll(await exchange.Sending.again(host.transport, left.kept!, left.message, watch), then);
    } catch (error) {
      if (!(error instanceof OtherFiles)) throw error;
      refused = true;
    }
  }
  return {
    ended, refused, asked: host.asked, shown: host.shown, finished: host.finished, fields: left.fields,
    envelope: Buffer.from(concat(...host.chunks)).toString("base64"),
  };
}

/** Whether what one receipt left opens under another, or altered at one byte. */
export async function leftOpens(one: Receipt, other: Receipt, instance: Bytes, message: Message) {
  const [ours, theirs] = [await ReporterKeys.derive(one, instance), await ReporterKeys.derive(other, instance)];
  const work: Work = { first: true, messageId: primitives.random(16), message, fields: [], files: [], strip: true };
  const said: unknown[] = [];
  const names = [];
  for (let time = 0; time < 2; time++) {
    await leave(ours, work);
    names.push(window.name);
  }
  said.push((await opened(ours))?.message, await opened(theirs));
  for (const place of [40, names[1]!.length - 8]) {
    const turned = names[1]![place] === "A" ? "B" : "A";
    window.name = names[1]!.slice(0, place) + turned + names[1]!.slice(place + 1);
    said.push(await opened(ours));
  }
  window.name = "a name that somebody gave";
  said.push(await opened(ours));
  return { said, names };
}
