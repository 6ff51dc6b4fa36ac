/** The keys of one dialogue and the opening of replies under them (docs/protocol.md, sections 8.1 and 10.1). */

import { type Bytes, concat, u64 } from "./bytes.ts";
import { WrongSize } from "./errors.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import type { Receipt } from "./receipt.ts";
import * as sizes from "./sizes.ts";

export const WINDOW = 256; // numbers that a reader derives beyond the last one found

/** What one recipient needs to answer, as the first envelope brings it. */
export interface ReplyKeys {
  readonly recipient: Bytes;
  readonly public: Bytes;
  readonly chain: Bytes;
  readonly tagKey: Bytes;
}

/** Everything that a receipt gives in one instance. Never leaves the reporter's side as a whole. */
export class ReporterKeys {
  private constructor(
    readonly instance: Bytes,
    readonly master: Bytes,
    readonly threadId: Bytes,
    readonly auth: Bytes,
  ) {}

  /** From the receipt, bound to the instance: the same words elsewhere give other keys. */
  static async derive(receipt: Receipt, instance: Bytes): Promise<ReporterKeys> {
    const master = await primitives.hkdfExtract(concat(labels.RECEIPT, instance), receipt.entropy);
    const threadId = await primitives.hkdfExpand(master, labels.THREAD_ID, sizes.THREAD_ID);
    return new ReporterKeys(instance, master, threadId, await primitives.hkdfExpand(master, labels.THREAD_AUTH));
  }

  private expand(label: Bytes, which: Bytes): Promise<Bytes> {
    return primitives.hkdfExpand(this.master, concat(label, which));
  }

  /** The key under which a page leaves one state of an upload for the page after it (section 8.6). */
  resumeKey(salt: Bytes): Promise<Bytes> {
    return this.expand(labels.RESUME, salt);
  }

  /** The X25519 secret that opens this recipient's replies. Never sent. */
  replySecret(recipient: Bytes): Promise<Bytes> {
    return this.expand(labels.REPLY_X25519, recipient);
  }

  /** What this recipient is told in the first envelope. */
  async replyKeys(recipient: Bytes): Promise<ReplyKeys> {
    return {
      recipient,
      public: await primitives.x25519Public(await this.replySecret(recipient)),
      chain: await this.expand(labels.REPLY_CHAIN, recipient),
      tagKey: await this.expand(labels.REPLY_TAG, recipient),
    };
  }
}

/** The chain key of the next number. */
export const nextChain = (chain: Bytes): Promise<Bytes> => primitives.hmacSha256(chain, labels.CHAIN_NEXT);

/** The chain key so many numbers further. */
export async function advance(chain: Bytes, steps: number): Promise<Bytes> {
  for (let step = 0; step < steps; step++) chain = await nextChain(chain);
  return chain;
}

/** One number of a thread's chain and the key of that number. */
export interface Link {
  readonly number: number;
  readonly chain: Bytes;
}

/** What a recipient's inner records are opened with: derived once, used for each of them. */
export interface Opener {
  readonly instance: Bytes;
  readonly recipient: Bytes;
  readonly secret: Bytes;
  readonly public: Bytes;
}

/** The key of one record, from the secret that both sides share. */
export async function replyKey(opener: Opener, link: Link, shared: Bytes, ephemeral: Bytes): Promise<Bytes> {
  const salt = await primitives.hmacSha256(link.chain, labels.CHAIN_MESSAGE);
  const context = concat(opener.instance, opener.recipient, u64(link.number), ephemeral, opener.public);
  return primitives.hkdfExpand(await primitives.hkdfExtract(salt, shared), concat(labels.REPLY_KEY, context));
}

/** The body of an inner record. */
export async function openRecord(opener: Opener, link: Link, inner: Bytes): Promise<Bytes> {
  if (inner.length !== sizes.RECORD_INNER) throw new WrongSize();
  const ephemeral = inner.slice(0, sizes.X25519_PUBLIC);
  const shared = await primitives.x25519(opener.secret, ephemeral);
  const key = await replyKey(opener, link, shared, ephemeral);
  return primitives.openOnce(key, inner.subarray(sizes.X25519_PUBLIC), ephemeral);
}
