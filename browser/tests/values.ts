/** How a vector writes bytes down (tests/vectors/values.py has the grammar). */

import { createHash } from "node:crypto";

import { type Bytes, concat, fromBase64, fromHex, u32, utf8 } from "../src/protocol/bytes.ts";

export type Value = any; // what JSON holds
export type Shared = ReadonlyMap<string, Bytes>;

export function toBytes(value: Value, shared: Shared): Bytes {
  if (typeof value === "string") return fromHex(value, value.length / 2);
  let data = plain(value, shared);
  for (const edit of value.edits ?? []) data = edited(data, edit, shared);
  return data;
}

function plain(value: Value, shared: Shared): Bytes {
  if ("text" in value) return utf8(value.text);
  if ("base64" in value) return fromBase64(value.base64);
  if ("zeros" in value) return new Uint8Array(value.zeros);
  if ("repeat" in value) return concat(...Array<Bytes>(value.times).fill(toBytes(value.repeat, shared)));
  if ("stream" in value) return stream(value.stream, value.length);
  if ("parts" in value) return concat(...value.parts.map((part: Value) => toBytes(part, shared)));
  return shared.get(value.shared)!;
}

function stream(name: string, length: number): Bytes {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, place) =>
    Uint8Array.from(createHash("sha256").update(concat(utf8(`vectors/${name}`), u32(place))).digest()),
  );
  return concat(...blocks).slice(0, length);
}

function edited(data: Bytes, edit: Value, shared: Shared): Bytes {
  const at = edit.at < 0 ? data.length + edit.at : edit.at;
  if ("keep" in edit) return data.slice(0, edit.keep);
  if ("slice" in edit) return data.slice(edit.slice[0], edit.slice[1]);
  if ("append" in edit) return concat(data, toBytes(edit.append, shared));
  if ("insert" in edit) return concat(data.slice(0, at), toBytes(edit.insert, shared), data.slice(at));
  if ("put" in edit) {
    const put = toBytes(edit.put, shared);
    return concat(data.slice(0, at), put, data.slice(at + put.length));
  }
  if ("xor" in edit) {
    const changed = data.slice();
    toBytes(edit.xor, shared).forEach((byte, place) => (changed[at + place]! ^= byte));
    return changed;
  }
  const [one, other, length] = edit.swap;
  return concat(
    data.slice(0, one), data.slice(other, other + length), data.slice(one + length, other),
    data.slice(one, one + length), data.slice(other + length),
  );
}
