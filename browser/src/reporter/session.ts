/**
 * What a visit asks of the host, without I/O: the twin of session.py, where the states are explained.
 *
 *     SENDING --all fits in one chunk, none sent--> WHOLE --done--> DONE
 *     SENDING --chunk stored--> SENDING --all stored, size known--> FINISHING --done--> DONE
 *     ASKING --host says how many chunks it has--> SENDING (from there) or DONE
 */

import { type Bytes, concat, toHex, utf8 } from "../protocol/bytes.ts";
import * as sizes from "../protocol/sizes.ts";
import { HostFull, HostNotReady, HostRefused, UploadLost } from "./errors.ts";
import type { Request, Response } from "./transport.ts";

export const BULLETIN: Request = { method: "GET", path: "/v1/bulletin" };
export const BOARDS: Request = { method: "GET", path: "/v1/boards" };
export const PUBLICATION: Request = { method: "GET", path: "/v1/publication" };

const MAX_ANSWER = 1024;

/** The body of a good answer. Throws the error that the host's fixed code stands for. */
export function bodyOf(response: Response): Bytes {
  if (response.status === 200) return response.body;
  switch (answerOf(response.body)["error"]) {
    case "full":
    case "too_many_uploads":
      throw new HostFull();
    case "not_ready":
      throw new HostNotReady();
    case "unknown_upload":
      throw new UploadLost();
    default:
      throw new HostRefused();
  }
}

/** A short JSON object from the host; an empty one for whatever else it sent. */
function answerOf(body: Bytes): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body.subarray(0, MAX_ANSWER)));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export type UploadState = "SENDING" | "WHOLE" | "ASKING" | "FINISHING" | "DONE";

/** One envelope on its way. Only ciphertext that the host has not confirmed is held. */
export class Upload {
  state: UploadState = "SENDING";
  private readonly path: string;
  private waiting: Bytes[] = [];
  private held = 0; // bytes in `waiting`
  private stored = 0; // chunks that the host has committed
  private total: number | null = null;

  constructor(uploadId: Bytes) {
    this.path = `/v1/uploads/${toHex(uploadId)}`;
  }

  add(ciphertext: readonly Bytes[]): void {
    this.waiting.push(...ciphertext);
    this.held += ciphertext.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** All of the envelope was added; `size` is its length. */
  end(size: number): void {
    this.total = size;
    this.settle();
  }

  /** Whether a chunk waits to be sent that is not the whole envelope: more than one is there. */
  get chunkReady(): boolean {
    return this.held > sizes.UPLOAD_CHUNK;
  }

  /** Whether the next request, once it has arrived, makes the envelope visible to the bureau. */
  get ending(): boolean {
    return this.state === "WHOLE" || this.state === "FINISHING";
  }

  /** Bytes that the host has confirmed. */
  get confirmed(): number {
    return this.state === "DONE" ? (this.total ?? 0) : this.stored * sizes.UPLOAD_CHUNK;
  }

  get cancelRequest(): Request {
    return { method: "DELETE", path: this.path };
  }

  /** The line broke: ask the host how far it got, or send the whole again. */
  interrupted(): void {
    if (this.state !== "WHOLE" && this.state !== "DONE") this.state = "ASKING";
  }

  /** What to send now, or null when more ciphertext is needed or all is done. */
  nextRequest(): Request | null {
    switch (this.state) {
      case "DONE":
        return null;
      case "ASKING":
        return { method: "GET", path: this.path };
      case "WHOLE":
        return { method: "PUT", path: `${this.path}/whole`, body: this.joined() };
      case "FINISHING":
        return { method: "POST", path: `${this.path}/finish`, body: utf8(JSON.stringify({ size: this.total })) };
      case "SENDING": {
        const enough = this.held >= sizes.UPLOAD_CHUNK || (this.total !== null && this.held > 0);
        if (!enough) return null;
        const chunk = this.joined().subarray(0, sizes.UPLOAD_CHUNK);
        return { method: "PUT", path: `${this.path}/${this.stored}`, body: chunk };
      }
    }
  }

  private joined(): Bytes {
    if (this.waiting.length > 1) this.waiting = [concat(...this.waiting)];
    return this.waiting[0] ?? new Uint8Array();
  }

  /** The answer to what `nextRequest` gave. `HostNotReady` changes nothing: it is a broken line by another name. */
  receive(response: Response): void {
    let answer: Readonly<Record<string, unknown>>;
    try {
      answer = answerOf(bodyOf(response));
    } catch (error) {
      if (!(error instanceof UploadLost) || this.state !== "ASKING" || this.stored) throw error;
      answer = { chunks: 0, finished: false }; // the line broke before the first chunk had arrived
    }
    if (this.state === "SENDING") this.drop(1);
    else if (this.state === "ASKING") this.resume(answer);
    else if (this.ending) this.done();
    else throw new HostRefused();
    this.settle();
  }

  private done(): void {
    this.waiting = [];
    this.held = 0;
    this.state = "DONE";
  }

  private settle(): void {
    if (this.state !== "SENDING" || this.total === null) return;
    if (!this.held) this.state = "FINISHING";
    else if (!this.stored && this.held <= sizes.UPLOAD_CHUNK) this.state = "WHOLE";
  }

  private drop(chunks: number): void {
    const rest = this.joined().slice(chunks * sizes.UPLOAD_CHUNK);
    this.waiting = rest.length ? [rest] : [];
    this.held = rest.length;
    this.stored += chunks;
  }

  private resume(answer: Readonly<Record<string, unknown>>): void {
    const { chunks, finished } = answer;
    if (typeof chunks !== "number" || !Number.isSafeInteger(chunks) || typeof finished !== "boolean") {
      throw new HostRefused();
    }
    if (finished) {
      if (this.total === null || this.held) throw new HostRefused();
      this.state = "DONE";
      return;
    }
    const most = this.stored + Math.ceil(this.held / sizes.UPLOAD_CHUNK);
    if (chunks < this.stored || chunks > most) throw new UploadLost();
    this.drop(chunks - this.stored);
    this.state = "SENDING";
  }
}
