/** What the records of a board say to a reporter (docs/protocol.md, section 10.2). */

import { type Bytes, concat, isZero, readNumber } from "./bytes.ts";
import * as documents from "./documents.ts";
import { Malformed, ProtocolError, UnknownVersion } from "./errors.ts";
import * as sizes from "./sizes.ts";

const MAX_PARTS = 8;
const PART_HEAD = 9;
const PART_DATA = sizes.RECORD_BODY - PART_HEAD;
const LIMIT = MAX_PARTS * PART_DATA;
const MAX_ANSWERS = 6;
const ANSWER_LIMIT = 200;

export type Note =
  | { readonly kind: "acknowledgement"; readonly messages: number; readonly files: number; readonly day: number }
  | { readonly kind: "reply" | "notice"; readonly text: string }
  | { readonly kind: "status"; readonly status: string; readonly text: string }
  | { readonly kind: "question"; readonly id: string; readonly text: string; readonly answers: readonly string[] };

/** A note as the reporter finds it: the number of its first part, the day it was written. */
export interface ReceivedNote {
  readonly number: number;
  readonly day: number;
  readonly note: Note;
}

interface Part {
  readonly kind: number;
  readonly part: number;
  readonly parts: number;
  readonly day: number;
  readonly data: Bytes;
}

function decodePart(body: Bytes): Part {
  if (body.length !== sizes.RECORD_BODY) throw new Malformed();
  const [kind, part, parts] = [body[0]!, body[1]!, body[2]!];
  const length = readNumber(body, 3, 2);
  if (kind < 1 || kind > 5) throw new UnknownVersion();
  const fits = parts >= 1 && parts <= MAX_PARTS && part < parts && length <= PART_DATA;
  if (!fits || !isZero(body.subarray(PART_HEAD + length))) throw new Malformed();
  if (part < parts - 1 && length !== PART_DATA) throw new Malformed();
  return { kind, part, parts, day: readNumber(body, 5, 4), data: body.subarray(PART_HEAD, PART_HEAD + length) };
}

/** Puts notes together from (number, body). Gives them in ascending order, and how many could not be read. */
export function joinNotes(bodies: readonly (readonly [number, Bytes])[]): [ReceivedNote[], number] {
  const begun = new Map<number, Part[]>();
  const notes: ReceivedNote[] = [];
  let unread = 0;
  for (const [number, body] of bodies) {
    const part = orNothing(() => decodePart(body));
    if (!part) unread++;
    else begun.set(number - part.part, [...(begun.get(number - part.part) ?? []), part]);
  }
  for (const [number, parts] of [...begun].sort(([left], [right]) => left - right)) {
    const note = orNothing(() => fromParts(parts));
    if (!note) unread++;
    else notes.push({ number, day: parts[0]!.day, note });
  }
  return [notes, unread];
}

function orNothing<Value>(make: () => Value): Value | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function fromParts(parts: readonly Part[]): Note {
  const sorted = [...parts].sort((left, right) => left.part - right.part);
  const first = sorted[0]!;
  const whole = sorted.length === first.parts && sorted.every(
    (one, at) => one.part === at && one.kind === first.kind && one.parts === first.parts && one.day === first.day,
  );
  if (!whole) throw new Malformed();
  const value = documents.decode(concat(...sorted.map((one) => one.data)), LIMIT);
  switch (first.kind) {
    case 1: {
      const body = documents.fields(value, ["day", "files", "messages"]);
      return {
        kind: "acknowledgement",
        messages: documents.integer(body["messages"]),
        files: documents.integer(body["files"]),
        day: documents.integer(body["day"], 0, sizes.MAX_DAY),
      };
    }
    case 3: {
      const body = documents.fields(value, ["status", "text"]);
      const status = documents.choice(body["status"], ["received", "assessing", "addressing", "closed"]);
      return { kind: "status", status, text: documents.text(body["text"], LIMIT) };
    }
    case 4:
      return question(documents.fields(value, ["answers", "id", "text"]));
    default: {
      const text = documents.text(documents.fields(value, ["text"])["text"], LIMIT);
      return { kind: first.kind === 2 ? "reply" : "notice", text };
    }
  }
}

function question(body: documents.JsonObject): Note {
  const answers = documents.items(body["answers"], MAX_ANSWERS, 1).map((item) => documents.text(item, ANSWER_LIMIT));
  const id = body["id"];
  if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new Malformed();
  if (answers.some((answer) => documents.writtenSize(answer) > ANSWER_LIMIT)) throw new Malformed();
  return { kind: "question", id, text: documents.text(body["text"], LIMIT), answers };
}
