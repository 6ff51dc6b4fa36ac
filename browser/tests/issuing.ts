/** What only the bureau makes (boards, records, notes), for tests only. */

import { type BoardHead, checkHead } from "../src/protocol/board_head.ts";
import { type Bytes, compare, concat, fromHex, same, u16, u32, u64, u8, utf8 } from "../src/protocol/bytes.ts";
import * as documents from "../src/protocol/documents.ts";
import { Malformed, TooLong, WrongSize } from "../src/protocol/errors.ts";
import * as labels from "../src/protocol/labels.ts";
import * as primitives from "../src/protocol/primitives.ts";
import * as sizes from "../src/protocol/sizes.ts";
import { type Link, type Opener, replyKey } from "../src/protocol/thread.ts";

/** Section 9.2: head and records, to be signed; and the tags of the live ones. */
export async function assemble(
  head: BoardHead, live: readonly (readonly [Bytes, number, Bytes])[], covers: Bytes,
): Promise<{ board: Bytes; tags: Bytes[] }> {
  checkHead(head);
  const [records, tags]: [Bytes[], Bytes[]] = [[], []];
  for (const [key, number, inner] of live) {
    const context = concat(head.instance, head.salt, u64(number));
    const tag = (await primitives.hmacSha256(key, labels.RECORD_TAG, context)).slice(0, 16);
    const outer = await primitives.hmacSha256(key, labels.RECORD_OUTER, context);
    records.push(concat(tag, await primitives.sealOnce(outer, inner)));
    tags.push(tag);
  }
  if (records.some((record) => record.length !== sizes.RECORD) || records.length > head.records) throw new Malformed();
  for (let at = 0; records.length < head.records; at += sizes.RECORD) records.push(covers.slice(at, at + sizes.RECORD));
  records.sort(compare);
  records.forEach((record, at) => {
    if (at && same(record.slice(0, 16), records[at - 1]!.slice(0, 16))) throw new Malformed();
  });
  const bytes = concat(
    utf8("DBXBRD01"), head.instance, head.recipient, head.salt, u32(head.issuedDay), u64(head.nextDue),
    u64(head.validUntil), head.bulletinHash, u16(head.records),
  );
  return { board: concat(bytes, ...records), tags };
}

/** Section 10.1, from the bureau's side. */
export async function sealRecord(opener: Opener, link: Link, body: Bytes, secret: Bytes): Promise<Bytes> {
  if (body.length !== sizes.RECORD_BODY) throw new WrongSize();
  const ephemeral = await primitives.x25519Public(secret);
  const key = await replyKey(opener, link, await primitives.x25519(secret, opener.public), ephemeral);
  return concat(ephemeral, await primitives.sealOnce(key, body, ephemeral));
}

const KINDS = ["acknowledgement", "reply", "status", "question", "notice"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  acknowledgement: ["day", "files", "messages"], reply: ["text"], status: ["status", "text"],
  question: ["answers", "id", "text"], notice: ["text"],
};

/** Section 10.2, from the bureau's side: the bodies without the zeros at their ends. */
export function encodeNote(kind: string, note: Record<string, any>, day: number): Bytes[] {
  const value = Object.fromEntries(FIELDS[kind]!.map((name) => [name, note[name]]));
  if (kind === "acknowledgement") {
    documents.integer(note["messages"]);
    documents.integer(note["files"]);
    documents.integer(note["day"], 0, sizes.MAX_DAY);
  }
  if (kind === "question") {
    fromHex(note["id"], 8);
    documents.items(note["answers"], 6, 1);
    if (note["answers"].some((answer: string) => documents.writtenSize(answer) > 200)) throw new TooLong();
  }
  const data = documents.encode(value);
  const parts = Math.max(1, Math.ceil(data.length / 935));
  if (parts > 8) throw new TooLong();
  return Array.from({ length: parts }, (_, part) => {
    const piece = data.slice(part * 935, (part + 1) * 935);
    return concat(u8(KINDS.indexOf(kind) + 1), u8(part), u8(parts), u16(piece.length), u32(day), piece);
  });
}
