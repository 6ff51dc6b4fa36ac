/** Sealing a message to the bureau (docs/protocol.md, section 8): prefix, four slots, payload, one size of the ladder. */

import type { Blank } from "./blank.ts";
import type { Bulletin } from "./bulletin.ts";
import { type Bytes, concat, u16 } from "./bytes.ts";
import { TooLong } from "./errors.ts";
import * as labels from "./labels.ts";
import { FrameWriter, type Head, type Message } from "./payload.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";
import type { ReporterKeys } from "./thread.ts";

const ZEROS = new Uint8Array(sizes.MIB);
const ROOM = sizes.payloadPlaintext(sizes.ENVELOPE_MAX) - sizes.KIB;

/** The HPKE info of a slot: a slot moved, or lifted into another envelope, does not open. */
export const slotInfo = (instance: Bytes, prefix: Bytes, bulletinHash: Bytes, slot: number): Bytes =>
  concat(labels.SLOT, instance, prefix, bulletinHash, u16(slot));

/** The context of the payload: it opens behind its own prefix and slots only. */
export const payloadContext = async (header: Bytes, bulletinHash: Bytes): Promise<Bytes> =>
  concat(labels.PAYLOAD, await primitives.sha256(header, bulletinHash));

/**
 * Four slots in the order of the bulletin. An unused one is a real seal of random bytes to a key whose secret nobody
 * has: random bytes in its place would be told from an ML-KEM ciphertext. These are the blank's, whose end this is.
 */
async function sealSlots(bulletin: Bulletin, prefix: Bytes, fileKey: Bytes, blank: Blank): Promise<Bytes> {
  const slots = [];
  for (let number = 0; number < sizes.SLOTS; number++) {
    const info = slotInfo(bulletin.instance, prefix, bulletin.hash, number);
    const recipient = bulletin.recipients[number];
    slots.push(await (recipient ? primitives.hpkeSeal(recipient.prekey, info, fileKey) : blank.seal(info)));
  }
  blank.end();
  return concat(...slots);
}

/** What an envelope begins with and is sealed under: the same seal makes the same bytes of the same message. */
export interface Seal {
  readonly header: Bytes;
  readonly context: Bytes;
  readonly fileKey: Bytes;
  readonly salt: Bytes;
  readonly auth: Bytes;
}

export async function newSeal(bulletin: Bulletin, auth: Bytes, blank: Blank): Promise<Seal> {
  const envelopeId = primitives.random(sizes.ENVELOPE_ID);
  const prefix = sizes.prefixBytes({ day: bulletin.day, revision: bulletin.revision, envelopeId });
  const fileKey = primitives.random(sizes.SYMMETRIC_KEY);
  const header = concat(prefix, await sealSlots(bulletin, prefix, fileKey, blank));
  const context = await payloadContext(header, bulletin.hash);
  return { header, context, fileKey, salt: primitives.random(sizes.PAYLOAD_SALT), auth };
}

/** Seals one message while its parts come in. Each method gives the bytes of the envelope that are ready. */
export class EnvelopeWriter {
  private plaintext = 0;
  size = 0; // of the whole envelope, once it is finished

  private constructor(
    private readonly header: Bytes,
    private readonly frames: FrameWriter,
    private readonly stream: primitives.PayloadEncryptor,
  ) {}

  static async under({ header, context, fileKey, salt, auth }: Seal): Promise<EnvelopeWriter> {
    const stream = await primitives.PayloadEncryptor.under(fileKey, salt, context);
    return new EnvelopeWriter(header, new FrameWriter(auth, await primitives.sha256(header)), stream);
  }

  private async seal(...frames: readonly Bytes[]): Promise<Bytes[]> {
    this.plaintext += frames.reduce((sum, frame) => sum + frame.length, 0);
    if (this.plaintext > ROOM) throw new TooLong();
    const [sealed] = await Promise.all([this.stream.update(...frames), this.frames.settle()]);
    return sealed;
  }

  /** Prefix, slots, and the beginning of the payload. */
  async begin(head: Head, message: Message): Promise<Bytes[]> {
    return [this.header, ...(await this.seal(...this.frames.begin(head, message)))];
  }

  async beginFile(name: string): Promise<Bytes[]> {
    return this.seal(this.frames.beginFile(name));
  }

  /** A multiple of 64 KiB of the file, or the rest of it. */
  async fileData(data: Bytes): Promise<Bytes[]> {
    return this.seal(...this.frames.fileData(data));
  }

  async endFile(): Promise<Bytes[]> {
    return this.seal(await this.frames.endFile());
  }

  /** The end, the padding up to the ladder, and the last chunk. Sets `size`. */
  async *finish(): AsyncGenerator<Bytes[]> {
    yield await this.seal(await this.frames.end());
    this.size = sizes.envelopeSize(this.plaintext);
    let left = sizes.payloadPlaintext(this.size) - this.plaintext;
    for (; left > 0; left -= ZEROS.length) yield await this.stream.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
    yield await this.stream.finalize();
  }
}

/** The head of a message that brings the keys of its thread, for every recipient. */
export async function firstHead(keys: ReporterKeys, bulletin: Bulletin, messageId: Bytes): Promise<Head> {
  const replies = await Promise.all(bulletin.recipients.map((one) => keys.replyKeys(one.identity)));
  return { threadId: keys.threadId, messageId, auth: keys.auth, replies };
}

/** The head of a message in a thread whose keys every recipient has: no key travels again. */
export const laterHead = (keys: ReporterKeys, messageId: Bytes): Head => ({ threadId: keys.threadId, messageId });
