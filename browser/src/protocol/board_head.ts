/** The head of a board and its signature (docs/protocol.md, sections 9.1 and 9.3). */

import { type Bytes, readNumber, same, utf8 } from "./bytes.ts";
import { Malformed, OutsideDates, UnknownVersion, WrongInstance, WrongSize } from "./errors.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";

const MAGIC = utf8("DBXBRD01");
export const HEAD = 110;
export const TRAILER = 66;
const ED25519 = 1;
const RECORD_COUNTS = Array.from({ length: 8 }, (_, power) => 64 << power);

export interface BoardHead {
  readonly instance: Bytes;
  readonly recipient: Bytes;
  readonly salt: Bytes;
  readonly issuedDay: number; // UTC
  readonly nextDue: number; // Unix seconds
  readonly validUntil: number; // Unix seconds
  readonly bulletinHash: Bytes;
  readonly records: number;
}

/** A board whose signature was verified. */
export interface SignedBoard {
  readonly head: BoardHead;
  readonly records: Bytes;
}

function readHead(data: Bytes): BoardHead {
  const head = {
    instance: data.slice(8, 24),
    recipient: data.slice(24, 40),
    salt: data.slice(40, 56),
    issuedDay: readNumber(data, 56, 4),
    nextDue: readNumber(data, 60, 8),
    validUntil: readNumber(data, 68, 8),
    bulletinHash: data.slice(76, 108),
    records: readNumber(data, 108, 2),
  };
  checkHead(head);
  return head;
}

/** Throws `WrongSize` or `Malformed` for a number of records or times that no board has. */
export function checkHead(head: BoardHead): void {
  if (!RECORD_COUNTS.includes(head.records)) throw new WrongSize();
  const inOrder = head.issuedDay * sizes.DAY <= head.nextDue && head.nextDue <= head.validUntil;
  if (!inOrder || head.validUntil > sizes.MAX_TIME) throw new Malformed();
}

/** Checks length, version, instance and signature by one of the board keys. The times are checked apart. */
export async function verifyBoard(data: Bytes, keys: readonly Bytes[], instance: Bytes): Promise<SignedBoard> {
  if (data.length < HEAD + TRAILER) throw new WrongSize();
  if (!same(data.subarray(0, 8), MAGIC)) throw new UnknownVersion();
  const head = readHead(data);
  const end = HEAD + head.records * sizes.RECORD;
  if (data.length !== end + TRAILER) throw new WrongSize();
  if (!same(head.instance, instance)) throw new WrongInstance();
  if (data[end] !== 1 || data[end + 1] !== ED25519) throw new UnknownVersion();
  await primitives.verifyAnyEd25519(keys, [data.slice(end + 2)], labels.SIGN_BOARD, data.subarray(0, end));
  return { head, records: data.subarray(HEAD, end) };
}

/** Throws `OutsideDates` for a board that is too old to believe, or issued more than 12 hours in the future. */
export function requireValid(head: BoardHead, now: number): void {
  if (now > head.validUntil || now < head.issuedDay * sizes.DAY - sizes.CLOCK_TOLERANCE) throw new OutsideDates();
}

/** Whether the next board has been missing for more than one period and a minute of grace. */
export const late = (head: BoardHead, now: number, period: number): boolean => now > head.nextDue + period + 60;
