/** The frames inside an envelope (docs/protocol.md, section 8.3), written in one pass with constant memory. */

import { type Bytes, concat, toBase64, toHex, u32, u64, u8 } from "./bytes.ts";
import * as documents from "./documents.ts";
import { TooLong } from "./errors.ts";
import { cleanFileName } from "./file_names.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";
import type { ReplyKeys } from "./thread.ts";

export const FILE_PIECE = 64 * sizes.KIB;
export const FRAME_HEAD = 5;
export const MAX_FILES = 20;
export const TEXT_LIMIT = 8_000; // bytes as written in the message frame, and so are the others
export const FIELD_LIMIT = 1_000;
export const ANSWER_LIMIT = 200;
export const MAX_ANSWERS = 4;

export const HEAD = 1;
export const MESSAGE = 2;
export const FILE_BEGIN = 3;
export const FILE_DATA = 4;
export const FILE_END = 5;
export const END = 6;

/** Which dialogue a message belongs to. `auth` and `replies` are there in a first message only. */
export interface Head {
  readonly threadId: Bytes;
  readonly messageId: Bytes;
  readonly auth?: Bytes;
  readonly replies?: readonly ReplyKeys[];
}

/** What a reporter wrote. `answers` are (the question's 16 digits, the answer chosen). */
export interface Message {
  readonly text: string;
  readonly category: string;
  readonly ongoing: string;
  readonly keepFrom: string;
  readonly language: string;
  readonly answers: readonly (readonly [string, string])[];
}

const headJson = (head: Head): documents.JsonObject => ({
  id: toHex(head.messageId),
  kind: head.auth ? "first" : "later",
  thread: toHex(head.threadId),
  version: 1,
  ...(head.auth && {
    auth: toBase64(head.auth),
    replies: (head.replies ?? []).map((keys) => ({
      chain: toBase64(keys.chain),
      public: toBase64(keys.public),
      recipient: toHex(keys.recipient),
      tag: toBase64(keys.tagKey),
    })),
  }),
});

const messageJson = (message: Message): documents.JsonObject => ({
  answers: message.answers.map(([question, answer]) => ({ answer, question })),
  category: message.category,
  keep_from: message.keepFrom,
  language: message.language,
  ongoing: message.ongoing,
  text: message.text,
});

// Control characters but tab and line end, and halves of characters.
const NOT_TYPED = /[\0-\x08\x0b-\x1f\x7f-\x9f]|\p{Surrogate}/gu;

/** A typed text with one kind of line end and without control characters, which nobody types on purpose. */
export const cleanText = (text: string): string => text.replace(/\r\n?/g, "\n").replace(NOT_TYPED, "").trim();

export const messageMac = (auth: Bytes, headerHash: Bytes, framesHash: Bytes): Promise<Bytes> =>
  primitives.hmacSha256(auth, labels.MESSAGE_MAC, headerHash, framesHash);

/** Hashes of parts, and the hash over them: the browser has no running hash (docs/protocol.md, section 8.3). */
export class HashOfHashes {
  private readonly parts: Promise<Bytes>[] = [];

  add(part: Bytes): void {
    this.parts.push(primitives.sha256(part));
  }

  async digest(): Promise<Bytes> {
    return primitives.sha256(concat(...(await Promise.all(this.parts))));
  }

  /** Waits until what was given is hashed, so that the caller may use its memory again. */
  async settle(): Promise<void> {
    await this.parts.at(-1);
  }
}

/** Writes the frames of one message in order and hashes them. `headerHash` is of prefix and slots. */
export class FrameWriter {
  private readonly frames = new HashOfHashes();
  private file = new HashOfHashes();
  private fileSize = 0;
  private files = 0;

  constructor(
    private readonly auth: Bytes,
    private readonly headerHash: Bytes,
  ) {}

  private write(kind: number, body: Bytes): Bytes {
    const frame = concat(u8(kind), u32(body.length), body);
    this.frames.add(frame);
    return frame;
  }

  /** The first two frames. Called once, before anything else. */
  begin(head: Head, message: Message): Bytes[] {
    return [
      this.write(HEAD, documents.encode(headJson(head))),
      this.write(MESSAGE, documents.encode(messageJson(message))),
    ];
  }

  beginFile(name: string): Bytes {
    if (++this.files > MAX_FILES) throw new TooLong();
    this.file = new HashOfHashes();
    this.fileSize = 0;
    return this.write(FILE_BEGIN, documents.encode({ name: cleanFileName(name) }));
  }

  /** Frames of 64 KiB; only the last call for a file may give other than a multiple of that. */
  fileData(data: Bytes): Bytes[] {
    if (this.fileSize % FILE_PIECE) throw new RangeError("a file goes on after its last piece");
    this.fileSize += data.length;
    const frames = [];
    for (let at = 0; at < data.length; at += FILE_PIECE) {
      const piece = data.subarray(at, at + FILE_PIECE);
      this.file.add(piece);
      frames.push(this.write(FILE_DATA, piece));
    }
    return frames;
  }

  async endFile(): Promise<Bytes> {
    return this.write(FILE_END, concat(await this.file.digest(), u64(this.fileSize)));
  }

  /** The last frame, with the MAC over all the others. Zeros follow. */
  async end(): Promise<Bytes> {
    const mac = await messageMac(this.auth, this.headerHash, await this.frames.digest());
    return concat(u8(END), u32(mac.length), mac);
  }

  /** Waits until every frame that was given out is hashed. */
  async settle(): Promise<void> {
    await Promise.all([this.frames.settle(), this.file.settle()]);
  }
}
