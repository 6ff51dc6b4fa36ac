/** Bytes and how they are written. */

import { Malformed, NotCanonical } from "./errors.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();

export const utf8 = (text: string): Bytes => ENCODER.encode(text);

export function concat(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function number(value: number, length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = value % 256;
    value = Math.floor(value / 256);
  }
  return bytes;
}

export const u8 = (value: number): Bytes => number(value, 1);
export const u16 = (value: number): Bytes => number(value, 2);
export const u32 = (value: number): Bytes => number(value, 4);
export const u64 = (value: number): Bytes => number(value, 8);

/** A big-endian number. Above 2^53 it is not exact, and above everything that this protocol allows. */
export function readNumber(bytes: Bytes, at: number, length: number): number {
  return bytes.subarray(at, at + length).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Negative, 0 or positive, as the bytes are ordered. Not for secrets. */
export function compare(left: Bytes, right: Bytes): number {
  const common = Math.min(left.length, right.length);
  for (let at = 0; at < common; at++) {
    const difference = left[at]! - right[at]!;
    if (difference) return difference;
  }
  return left.length - right.length;
}

export const same = (left: Bytes, right: Bytes): boolean => compare(left, right) === 0;

export const isZero = (bytes: Bytes): boolean => bytes.every((byte) => byte === 0);

export const toHex = (bytes: Bytes): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes from lower-case hexadecimal digits, exactly `length` of them. */
export function fromHex(value: unknown, length: number): Bytes {
  if (typeof value !== "string" || value.length !== 2 * length || !/^[0-9a-f]*$/.test(value)) throw new Malformed();
  return Uint8Array.from({ length }, (_, at) => parseInt(value.slice(2 * at, 2 * at + 2), 16));
}

export const toBase64 = (bytes: Bytes): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The inverse; refuses other alphabets, white space, and bits that are not zero in the last digit. */
export function fromBase64(value: unknown, length?: number): Bytes {
  if (typeof value !== "string" || value.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new Malformed();
  const bytes = Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  if (toBase64(bytes) !== value) throw new NotCanonical();
  if (length !== undefined && bytes.length !== length) throw new Malformed();
  return bytes;
}
