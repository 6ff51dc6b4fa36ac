/** The network, as the reporter's client sees it: one method. */

import type { Bytes } from "../protocol/bytes.ts";

/** One request. `path` has no parameters, ever: a parameter would tell visits apart. */
export interface Request {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: Bytes;
}

export interface Response {
  readonly status: number;
  readonly body: Bytes;
}

/** `sent` is told how many bytes of the body have gone out. Throws `TransportFailed`. */
export type Transport = (request: Request, sent?: (bytes: number) => void) => Promise<Response>;
