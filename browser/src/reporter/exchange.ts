/** Visits as conversations: what to fetch, how to believe it, what to send. The twin of exchange.py. */

import { BoardIndex } from "../protocol/board.ts";
import * as boardHead from "../protocol/board_head.ts";
import type { Blank } from "../protocol/blank.ts";
import { type Bulletin, keysFor, verifyBulletin } from "../protocol/bulletin.ts";
import { type Bytes, readNumber, same, toHex } from "../protocol/bytes.ts";
import { EnvelopeWriter, firstHead, laterHead, newSeal, type Seal } from "../protocol/envelope.ts";
import { DoesNotOpen, Malformed } from "../protocol/errors.ts";
import type { RootPublicKey } from "../protocol/keys.ts";
import type { Head, Message } from "../protocol/payload.ts";
import * as primitives from "../protocol/primitives.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { joinNotes, type ReceivedNote } from "../protocol/reply.ts";
import * as sizes from "../protocol/sizes.ts";
import { type Link, nextChain, openRecord, ReporterKeys } from "../protocol/thread.ts";
import { HostNotReady, OtherBundle, OtherFiles, OutcomeUnknown, TransportFailed, VisitError } from "./errors.ts";
import * as session from "./session.ts";
import type { Transport } from "./transport.ts";

/** What is pinned: the root key, and the SHA-256 of the code that runs, in hexadecimal digits. */
export interface Pinned {
  readonly root: RootPublicKey;
  readonly bundle: string;
}

/**
 * Today's bulletin, verified. Throws `VisitError` or `ProtocolError`. A bulletin that vouches for other code than that
 * which runs is refused with `OtherBundle`: an honest host serves what its bureau knows.
 */
export async function fetchBulletin(transport: Transport, pinned: Pinned, now: number): Promise<Bulletin> {
  const bulletin = await verifyBulletin(session.bodyOf(await transport(session.BULLETIN)), pinned.root, now);
  if (bulletin.browserBundle && bulletin.browserBundle !== pinned.bundle) throw new OtherBundle();
  return bulletin;
}

/** The boards of all recipients of the bulletin, verified, in its order. */
export async function fetchBoards(
  transport: Transport, bulletin: Bulletin, now: number,
): Promise<readonly BoardIndex[]> {
  const parts = splitBoards(session.bodyOf(await transport(session.BOARDS)));
  if (parts.length !== bulletin.recipients.length) throw new HostNotReady();
  const keys = keysFor(bulletin, "board");
  return Promise.all(
    bulletin.recipients.map(async (recipient, at) => {
      const board = await boardHead.verifyBoard(parts[at]!, keys, bulletin.instance);
      if (!same(board.head.recipient, recipient.identity)) throw new Malformed();
      boardHead.requireValid(board.head, now);
      return new BoardIndex(board);
    }),
  );
}

/** The boards from the one body that carries all of them: a count, then each with its length before it. */
export function splitBoards(data: Bytes): readonly Bytes[] {
  if (!data.length || data[0]! > sizes.SLOTS) throw new Malformed();
  const parts = [];
  let at = 1;
  for (let count = data[0]!; count; count--) {
    if (data.length < at + 4) throw new Malformed();
    const length = readNumber(data, at, 4);
    parts.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (at !== data.length) throw new Malformed();
  return parts;
}

/** What one recipient's board holds for a receipt. `unread` notes could not be put together. */
export interface Mailbox {
  readonly recipient: Bytes;
  readonly issuedDay: number;
  readonly nextDue: number;
  readonly late: boolean;
  readonly notes: readonly ReceivedNote[];
  readonly unread: number;
}

/** Finds and opens everything for this receipt. The boards are there already. */
export async function readDialogue(
  receipt: Receipt, bulletin: Bulletin, boards: readonly BoardIndex[], now: number,
): Promise<readonly Mailbox[]> {
  const reporter = await ReporterKeys.derive(receipt, bulletin.instance);
  return Promise.all(boards.map((board) => readBoard(reporter, board, bulletin.boardPeriod, now)));
}

async function readBoard(reporter: ReporterKeys, board: BoardIndex, period: number, now: number): Promise<Mailbox> {
  const recipient = board.head.recipient;
  const keys = await reporter.replyKeys(recipient);
  const opener = {
    instance: reporter.instance, recipient, secret: await reporter.replySecret(recipient), public: keys.public,
  };
  let link: Link = { number: 0, chain: keys.chain };
  const bodies: (readonly [number, Bytes])[] = [];
  let unread = 0;
  for (const [number, inner] of await board.walk(keys.tagKey)) {
    while (link.number < number) link = { number: link.number + 1, chain: await nextChain(link.chain) };
    try {
      bodies.push([number, await openRecord(opener, link, inner)]);
    } catch (error) {
      if (!(error instanceof DoesNotOpen)) throw error;
      unread++;
    }
  }
  const [notes, more] = joinNotes(bodies);
  const { issuedDay, nextDue } = board.head;
  return { recipient, issuedDay, nextDue, late: boardHead.late(board.head, now, period), notes, unread: unread + more };
}

/** The recipients that have the keys of this thread, in hexadecimal digits: each has said something in it. */
export const knownTo = (dialogue: readonly Mailbox[]): ReadonlySet<string> =>
  new Set(dialogue.filter((box) => box.notes.length || box.unread).map((box) => toHex(box.recipient)));

/** What a message belongs to. `known` are the recipients that had the thread's keys when the answers were read. */
export interface Outgoing {
  readonly receipt: Receipt;
  readonly messageId: Bytes;
  readonly known: ReadonlySet<string>;
}

/** A sending as far as it went: what another page needs to make the same bytes and to know them again. */
export interface Kept {
  readonly upload: Bytes;
  readonly seal: Seal;
  readonly head: Head;
  readonly begun: number; // chunks that began to go out, and one more for the request that ends it
  readonly hash: Bytes; // over all of these
}

/** What a sending tells while it goes on, and asks before every request. */
export interface Watch {
  /** Waits while it is paused; throws to give up. */
  readonly mayGoOn: () => Promise<void>;
  /** So many bytes of the envelope have gone out. */
  readonly sent: (bytes: number) => void;
  /** The line broke; what comes next is tried after so many seconds. */
  readonly broken: (seconds: number) => Promise<void>;
  /** This is about to go out for the first time. It does once this has come back. */
  readonly keep: (kept: Kept) => Promise<void>;
}

const STORED = { status: 200, body: new Uint8Array() }; // the answer that an earlier page had, or may have had

/** Seconds to wait after so many failures in a row. */
const pauseAfter = (failures: number): number => Math.min(2 ** (failures - 1), 30);

/** One message on its way: seals while files are read, uploads while it seals, with constant memory. */
export class Sending {
  private readonly upload: session.Upload;
  private begun = 0;
  private hash: Bytes = new Uint8Array();
  private endUnanswered = false; // the host was given the end, and what it said was lost

  private constructor(
    private readonly transport: Transport,
    private readonly writer: EnvelopeWriter,
    private readonly watch: Watch,
    private readonly past: Kept,
  ) {
    this.upload = new session.Upload(past.upload);
  }

  /** `blank` belongs to this sending: no other has its bytes. */
  static async begin(
    transport: Transport, bulletin: Bulletin, outgoing: Outgoing, message: Message, watch: Watch, blank: Blank,
  ): Promise<Sending> {
    const reporter = await ReporterKeys.derive(outgoing.receipt, bulletin.instance);
    const known = bulletin.recipients.every((one) => outgoing.known.has(toHex(one.identity)));
    const head = known ? laterHead(reporter, outgoing.messageId) : await firstHead(reporter, bulletin, outgoing.messageId);
    const seal = await newSeal(bulletin, reporter.auth, blank);
    const kept = { upload: primitives.random(16), seal, head, begun: 0, hash: new Uint8Array() };
    return Sending.again(transport, kept, message, watch);
  }

  /** Goes on with what an earlier page began: the same message, then the same files. */
  static async again(transport: Transport, kept: Kept, message: Message, watch: Watch): Promise<Sending> {
    const sending = new Sending(transport, await EnvelopeWriter.under(kept.seal), watch, kept);
    sending.upload.add(await sending.writer.begin(kept.head, message));
    return sending;
  }

  /** A file, read in pieces of 1 MiB: the next one is read while the last one is sealed and sent. */
  async file(name: string, content: Blob): Promise<void> {
    await this.add(await this.writer.beginFile(name));
    for (let at = 0; at < content.size; at += sizes.MIB) {
      const piece = new Uint8Array(await content.slice(at, at + sizes.MIB).arrayBuffer());
      await this.add(await this.writer.fileData(piece));
    }
    await this.add(await this.writer.endFile());
  }

  /** Sends the rest and waits until the host holds all of it. Gives the size of the envelope. */
  async finish(): Promise<number> {
    for await (const piece of this.writer.finish()) await this.add(piece);
    this.upload.end(this.writer.size);
    await this.pump();
    return this.writer.size;
  }

  /** Takes back what was uploaded. Throws `TransportFailed` when the host may hold some or all of it. */
  async cancel(): Promise<void> {
    const response = await this.transport(this.upload.cancelRequest);
    if (response.status !== 200) throw new TransportFailed();
  }

  private async add(ciphertext: readonly Bytes[]): Promise<void> {
    this.upload.add(ciphertext);
    if (this.upload.chunkReady) await this.pump();
  }

  /**
   * Notes a body before it goes out for the first time. Whether an earlier page sent it: then it is only compared.
   * Nothing goes out, and the host is not asked, before all that it was ever shown was made again, byte for byte:
   * key and nonces are those of before, and with another plaintext under them it could compute what both hold.
   */
  private async wasSent(body: Bytes): Promise<boolean> {
    if (this.upload.confirmed < this.begun * sizes.UPLOAD_CHUNK) return false; // once more, after the line broke
    const { past, upload } = this;
    this.hash = await primitives.sha256(this.hash, body);
    if (++this.begun > past.begun) {
      await this.watch.keep({ ...past, begun: this.begun, hash: this.hash });
      return false;
    }
    if (this.begun < past.begun && !upload.ending) upload.receive(STORED);
    else if (!same(this.hash, past.hash)) throw new OtherFiles();
    else {
      this.endUnanswered = upload.ending;
      upload.interrupted();
    }
    this.watch.sent(upload.confirmed);
    return true;
  }

  private async pump(): Promise<void> {
    let failures = 0;
    for (;;) {
      const request = this.upload.nextRequest();
      if (!request) return; // before asking: what has arrived whole cannot be stopped any more
      await this.watch.mayGoOn();
      if (request.body && (await this.wasSent(request.body))) continue;
      const before = this.upload.confirmed;
      try {
        this.upload.receive(await this.transport(request, (bytes) => this.watch.sent(before + bytes)));
        if (this.upload.confirmed > before) failures = 0;
        this.watch.sent(this.upload.confirmed);
      } catch (error) {
        const wasEnding = this.upload.ending;
        if (error instanceof TransportFailed || error instanceof HostNotReady) {
          this.endUnanswered ||= wasEnding;
          this.upload.interrupted();
          await this.watch.broken(pauseAfter(++failures));
        } else if (error instanceof VisitError && this.endUnanswered) {
          throw new OutcomeUnknown();
        } else {
          throw error;
        }
      }
    }
  }
}
