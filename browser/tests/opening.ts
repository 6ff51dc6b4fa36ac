/** The bureau's side of envelopes, for tests only: X-Wing secrets, Cobblestone-256 the other way, frames. */

import { shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

import type { Bulletin } from "../src/protocol/bulletin.ts";
import { type Bytes, concat, fromBase64, fromHex, isZero, readNumber, same, toHex } from "../src/protocol/bytes.ts";
import * as documents from "../src/protocol/documents.ts";
import * as envelope from "../src/protocol/envelope.ts";
import { DoesNotOpen, Malformed, TooLong, UnknownVersion, WrongInstance, WrongSize } from "../src/protocol/errors.ts";
import { cleanFileName } from "../src/protocol/file_names.ts";
import * as payload from "../src/protocol/payload.ts";
import * as primitives from "../src/protocol/primitives.ts";
import * as sizes from "../src/protocol/sizes.ts";

export class XWingSecretKey {
  private constructor(
    private readonly lattice: Bytes,
    private readonly curve: Bytes,
    readonly box: Bytes,
  ) {}

  static async of(seed: Bytes): Promise<XWingSecretKey> {
    const expanded = shake256(seed, { dkLen: 96 }) as Bytes;
    const pair = ml_kem768.keygen(expanded.slice(0, 64));
    const curve = expanded.slice(64);
    const point = await primitives.x25519Public(curve);
    return new XWingSecretKey(pair.secretKey as Bytes, curve, concat(pair.publicKey as Bytes, point));
  }

  async open(info: Bytes, sealed: Bytes): Promise<Bytes> {
    const [lattice, point] = [sealed.slice(0, 1088), sealed.slice(1088, 1120)];
    if (sealed.length < 1136) throw new DoesNotOpen();
    const curve = await primitives.x25519(this.curve, point);
    const kem = ml_kem768.decapsulate(lattice, this.lattice) as Bytes;
    const shared = primitives.xwingShared(kem, curve, point, this.box.slice(sizes.MLKEM_PUBLIC));
    return primitives.hpkeOpen(shared, info, sealed.slice(1120));
  }
}

export async function openPayload(key: Bytes, context: Bytes, sealed: Bytes): Promise<Bytes> {
  const cipher = await primitives.PayloadCipher.derive(key, sealed.slice(0, 24), context);
  if (!same(sealed.slice(24, 56), cipher.commitment)) throw new DoesNotOpen();
  const whole = sizes.PAYLOAD_CHUNK + sizes.AEAD_TAG;
  const chunks = [];
  for (let at = 56, number = 0; ; at += whole, number++) {
    const last = sealed.length - at < whole;
    chunks.push(await cipher.open(number, sealed.slice(at, at + whole)));
    if (last) return concat(...chunks);
  }
}

export type Line = Record<string, unknown>;

export interface Read {
  readonly lines: readonly Line[];
  readonly auth: Bytes;
  readonly framesHash: Bytes;
  readonly mac: Bytes;
}

const LIMITS: Readonly<Record<number, number>> = { 1: 2048, 2: 12072, 3: 1024, 4: 65536, 5: 40, 6: 32 };
const NEXT: Readonly<Record<number, readonly number[]>> = { 0: [1], 1: [2], 2: [3, 6], 3: [4, 5], 4: [4, 5], 5: [3, 6] };

/** Section 8.3, from the reader's side. */
export async function readFrames(data: Bytes): Promise<Read> {
  const hashes = new payload.HashOfHashes();
  const lines: Line[] = [];
  let [at, last, auth] = [0, 0, new Uint8Array()];
  let file = { pieces: [] as Bytes[], ended: false };
  let files = 0;
  for (;;) {
    if (data.length < at + 5) throw new Malformed();
    const [kind, length] = [data[at]!, readNumber(data, at + 1, 4)];
    if (!(kind in LIMITS)) throw new UnknownVersion();
    if (!NEXT[last]!.includes(kind)) throw new Malformed();
    if (length > LIMITS[kind]!) throw new TooLong();
    if (data.length < at + 5 + length) throw new Malformed();
    const body = data.slice(at + 5, at + 5 + length);
    if (kind !== payload.END) hashes.add(data.slice(at, at + 5 + length));
    at += 5 + length;
    last = kind;
    switch (kind) {
      case payload.HEAD: {
        const head = await readHead(body);
        auth = head.auth;
        lines.push({ head: head.line });
        break;
      }
      case payload.MESSAGE:
        lines.push({ message: readMessage(body) });
        break;
      case payload.FILE_BEGIN: {
        if (++files > payload.MAX_FILES) throw new TooLong();
        const value = documents.fields(documents.decode(body, 1024), ["name"]);
        file = { pieces: [], ended: false };
        lines.push({ file: readFileName(documents.text(value["name"], 255)) });
        break;
      }
      case payload.FILE_DATA:
        if (!body.length || file.ended) throw new Malformed();
        file = { pieces: [...file.pieces, body], ended: body.length < payload.FILE_PIECE };
        break;
      case payload.FILE_END: {
        if (body.length !== 40) throw new Malformed();
        const hash = new payload.HashOfHashes();
        file.pieces.forEach((piece) => hash.add(piece));
        const content = concat(...file.pieces);
        if (readNumber(body, 32, 8) !== content.length || !same(await hash.digest(), body.slice(0, 32))) {
          throw new DoesNotOpen();
        }
        lines.push({ size: content.length, sha256: toHex(await primitives.sha256(content)) });
        break;
      }
      default: {
        if (body.length !== 32) throw new Malformed();
        if (!isZero(data.subarray(at))) throw new Malformed();
        return { lines, auth, framesHash: await hashes.digest(), mac: body };
      }
    }
  }
}

function readFileName(name: string): string {
  if (!name || /^[. ]|[. ]$|[/\\\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(name)) {
    throw new Malformed();
  }
  return cleanFileName(name);
}

async function readHead(body: Bytes): Promise<{ line: Line; auth: Bytes }> {
  const value = documents.fields(documents.decode(body, 2048), ["id", "kind", "thread", "version"], ["auth", "replies"]);
  documents.integer(value["version"], 1, 1);
  const first = documents.choice(value["kind"], ["first", "later"]) === "first";
  if (first !== "auth" in value || first !== "replies" in value) throw new Malformed();
  const replies: string[][] = [];
  for (const item of documents.items(value["replies"] ?? [], 4, Number(first))) {
    const entry = documents.fields(item, ["chain", "public", "recipient", "tag"]);
    const recipient = fromHex(entry["recipient"], 16);
    const key = fromBase64(entry["public"], 32);
    const rest = [fromBase64(entry["chain"], 32), fromBase64(entry["tag"], 32)];
    await primitives.checkX25519Public(key);
    replies.push([recipient, key, ...rest].map(toHex));
  }
  const thread = toHex(fromHex(value["thread"], 16));
  const id = toHex(fromHex(value["id"], 16));
  const auth = first ? fromBase64(value["auth"], 32) : new Uint8Array();
  if (new Set(replies.map(([recipient]) => recipient)).size !== replies.length) throw new Malformed();
  return { line: { thread, id, auth: toHex(auth), replies }, auth };
}

function readMessage(body: Bytes): Line {
  const names = ["answers", "category", "keep_from", "language", "ongoing", "text"];
  const value = documents.fields(documents.decode(body, 12072), names);
  const answers = documents.items(value["answers"], 4).map((item) => {
    const entry = documents.fields(item, ["answer", "question"]);
    return [toHex(fromHex(entry["question"], 8)), written(entry["answer"], 200)];
  });
  return {
    text: written(value["text"], 8000),
    category: written(value["category"], 64),
    ongoing: documents.choice(value["ongoing"], ["", "yes", "no", "unsure"]),
    keep_from: written(value["keep_from"], 1000),
    language: written(value["language"], 16),
    answers,
  };
}

function written(value: unknown, limit: number): string {
  const text = documents.text(value, limit);
  if (documents.writtenSize(text) > limit) throw new TooLong();
  return text;
}

/** A whole envelope, for one recipient. */
export async function openEnvelope(
  bulletin: Bulletin, recipient: Bytes, secret: XWingSecretKey, sealed: Bytes,
): Promise<{ read: Read; headerHash: Bytes }> {
  const slot = bulletin.recipients.findIndex((one) => same(one.identity, recipient));
  if (slot < 0) throw new WrongInstance();
  if (sealed.length < sizes.HEADER) throw new DoesNotOpen();
  const header = sealed.slice(0, sizes.HEADER);
  const prefix = sizes.readPrefix(header.slice(0, sizes.PREFIX));
  if (prefix.day !== bulletin.day || prefix.revision !== bulletin.revision) throw new WrongInstance();
  const info = envelope.slotInfo(bulletin.instance, header.slice(0, sizes.PREFIX), bulletin.hash, slot);
  const start = sizes.PREFIX + slot * sizes.SLOT;
  const key = await secret.open(info, header.slice(start, start + sizes.SLOT));
  const context = await envelope.payloadContext(header, bulletin.hash);
  const read = await readFrames(await openPayload(key, context, sealed.slice(sizes.HEADER)));
  if (!sizes.ENVELOPE_LADDER.includes(sealed.length)) throw new WrongSize();
  return { read, headerHash: await primitives.sha256(header) };
}
