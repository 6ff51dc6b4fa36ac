/** Canonical JSON and documents signed over it (docs/protocol.md, section 4). */

import { type Bytes, fromBase64, same, utf8 } from "./bytes.ts";
import { Malformed, NotCanonical, TooLong } from "./errors.ts";
import * as primitives from "./primitives.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
const MAX_DEPTH = 8;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Canonical JSON: keys sorted, no white space, UTF-8, integers only. */
export const encode = (value: JsonObject): Bytes => utf8(written(value, 0));

function written(value: Json, depth: number): string {
  if (depth > MAX_DEPTH) throw new Malformed();
  if (typeof value === "string") {
    if (LONE_SURROGATE.test(value)) throw new Malformed();
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Malformed();
    return String(value); // "0" for -0
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => written(item, depth + 1)).join(",")}]`;
  const fields = Object.entries(value as JsonObject).map(([name, item]) => {
    if (!/^[\0-\x7f]*$/.test(name)) throw new Malformed();
    return [name, `${JSON.stringify(name)}:${written(item, depth + 1)}`] as const;
  });
  fields.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([, field]) => field).join(",")}}`;
}

const NUMBERS = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g;

/** Reads one canonical JSON object of at most `limit` bytes. */
export function decode(data: Bytes, limit: number): JsonObject {
  if (data.length > limit) throw new TooLong();
  let value: Json;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    value = JSON.parse(text) as Json;
    // A fraction or an exponent is no integer in another spelling: it is no value of a document.
    for (const [token] of text.matchAll(NUMBERS)) if (token[0] !== '"' && /[.eE]/.test(token)) throw new Malformed();
  } catch {
    throw new Malformed();
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Malformed();
  if (!same(encode(value as JsonObject), data)) throw new NotCanonical();
  return value as JsonObject;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value as an object that has exactly these fields. */
export function fields(value: unknown, names: readonly string[], optional: readonly string[] = []): JsonObject {
  if (!isObject(value)) throw new Malformed();
  const have = Object.keys(value);
  const known = have.every((name) => names.includes(name) || optional.includes(name));
  if (!known || !names.every((name) => have.includes(name))) throw new Malformed();
  return value;
}

/** The value as an object, whatever its fields. */
export function object(value: unknown): JsonObject {
  if (!isObject(value)) throw new Malformed();
  return value;
}

export function integer(value: unknown, low = 0, high: number = MAX_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < low || value > high) throw new Malformed();
  return value;
}

/** A string of at most `limit` bytes of UTF-8. */
export function text(value: unknown, limit: number): string {
  if (typeof value !== "string" || LONE_SURROGATE.test(value)) throw new Malformed();
  if (utf8(value).length > limit) throw new TooLong();
  return value;
}

/** The bytes that a text takes inside a document. */
export const writtenSize = (value: string): number => utf8(JSON.stringify(value)).length - 2;

export function choice(value: unknown, allowed: readonly string[]): string {
  if (typeof value !== "string" || !allowed.includes(value)) throw new Malformed();
  return value;
}

export function items(value: unknown, high: number, low = 0): readonly Json[] {
  if (!Array.isArray(value) || value.length < low || value.length > high) throw new Malformed();
  return value as readonly Json[];
}

const MAX_SIGNATURES = 8;

/** A document as read. Nothing in it is to be believed before `verify`. */
export class SignedDocument {
  constructor(
    readonly body: JsonObject,
    private readonly signatures: readonly Bytes[],
  ) {}

  /** The body, once one of the signatures is by one of these Ed25519 keys. */
  async verify(keys: readonly Bytes[], label: Bytes): Promise<JsonObject> {
    await primitives.verifyAnyEd25519(keys, this.signatures, label, encode(this.body));
    return this.body;
  }
}

export const readDocument = (data: Bytes, kind: string, limit: number): SignedDocument =>
  documentFromJson(decode(data, limit), kind);

/** The same for a document that stands inside another one. */
export function documentFromJson(value: unknown, kind: string): SignedDocument {
  const outer = fields(value, ["body", "signatures", "type"]);
  if (outer["type"] !== kind) throw new Malformed();
  const body = object(outer["body"]);
  const signatures = items(outer["signatures"], MAX_SIGNATURES, 1).map((item) => {
    const entry = fields(item, ["alg", "sig"]);
    choice(entry["alg"], ["ed25519"]);
    return fromBase64(entry["sig"]);
  });
  return new SignedDocument(body, signatures);
}
