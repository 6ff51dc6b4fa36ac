/** Observations, cosignatures and canaries (docs/protocol.md, section 16), which no page reads; for tests only. */

import type { Bulletin } from "../src/protocol/bulletin.ts";
import { type Bytes, concat, fromBase64, fromHex, toHex, u32, utf8 } from "../src/protocol/bytes.ts";
import * as documents from "../src/protocol/documents.ts";
import { BadSignature, Malformed, OutsideDates, ProtocolError } from "../src/protocol/errors.ts";
import * as primitives from "../src/protocol/primitives.ts";
import * as sizes from "../src/protocol/sizes.ts";

const label = (name: string): Bytes => utf8(`dropbox/v1/${name}\0`);

const MAX_DAY = 2_932_896;
const KINDS = ["board", "bulletin", "file", "page", "publication"];
const ascending = (values: readonly string[]): boolean =>
  values.every((value, place) => place === 0 || values[place - 1]! < value);

export async function verifyObservation(data: Bytes) {
  const document = documents.readDocument(data, "observation", sizes.MIB);
  const names = ["auditor", "day", "findings", "instance", "sightings", "version"];
  const body = documents.fields(document.body, names);
  documents.integer(body["version"], 1, 1);
  const auditor = fromHex(body["auditor"], 32);
  if (documents.items(documents.decode(data, sizes.MIB)["signatures"], 8).length !== 1) throw new BadSignature();
  await document.verify([auditor], label("sign/observation"));
  fromHex(body["instance"], 16);
  const day = documents.integer(body["day"], 0, MAX_DAY);
  const findings = documents.items(body["findings"], 64).map((one) => documents.text(one, 200));
  if (!findings.every((one) => /^[a-z][a-z-]{0,39}$/.test(one)) || !ascending(findings)) throw new Malformed();
  const sightings = documents.items(body["sightings"], 4096).map((one) => {
    const entry = documents.fields(one, ["day", "kind", "name", "value"]);
    const seen = documents.integer(entry["day"], 0, MAX_DAY);
    const kind = documents.choice(entry["kind"], KINDS);
    return [seen, kind, documents.text(entry["name"], 200), toHex(fromHex(entry["value"], 32))] as const;
  });
  const ordered = ascending(sightings.map(([seen, ...rest]) => [String(seen).padStart(7, "0"), ...rest].join("\0")));
  if (!ordered || sightings.some(([seen]) => seen > day)) throw new Malformed();
  return { auditor: toHex(auditor), day, findings, sightings };
}

export async function verifyCosignature(data: Bytes) {
  const document = documents.readDocument(data, "cosignature", 4 * sizes.KIB);
  const names = ["day", "hash", "instance", "revision", "seen_day", "version", "witness"];
  const body = documents.fields(document.body, names);
  documents.integer(body["version"], 1, 1);
  const witness = fromHex(body["witness"], 32);
  await document.verify([witness], label("sign/cosignature"));
  const [day, seen] = [documents.integer(body["day"], 0, MAX_DAY), documents.integer(body["seen_day"], 0, MAX_DAY)];
  if (Math.abs(day - seen) > 1) throw new Malformed();
  return {
    witness: toHex(witness), instance: toHex(fromHex(body["instance"], 16)), day,
    revision: documents.integer(body["revision"], 0, 65_535), hash: toHex(fromHex(body["hash"], 32)), seen_day: seen,
  };
}

/** Throws unless the bulletin is what k of these witnesses saw, and none that as many saw replaces it. */
export async function requireCosigned(
  bulletin: Bulletin, hash: Bytes, quorum: { witnesses: readonly Bytes[]; needed: number }, given: readonly Bytes[],
): Promise<void> {
  const known = new Set(quorum.witnesses.map(toHex));
  if (quorum.needed < 1 || quorum.needed > known.size || known.size > 16) throw new Malformed();
  const seen = new Map<string, { revision: number; witnesses: Set<string> }>();
  for (const data of given) {
    let one;
    try {
      one = await verifyCosignature(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      continue;
    }
    if (!known.has(one.witness) || one.instance !== toHex(bulletin.instance) || one.day !== bulletin.day) continue;
    const place = `${one.revision} ${one.hash}`;
    const of = seen.get(place) ?? { revision: one.revision, witnesses: new Set() };
    of.witnesses.add(one.witness);
    seen.set(place, of);
  }
  const counts = [...seen].filter(([, of]) => of.witnesses.size >= quorum.needed);
  if (counts.some(([, of]) => of.revision > bulletin.revision)) throw new OutsideDates();
  if (!counts.some(([place]) => place === `${bulletin.revision} ${toHex(hash)}`)) throw new BadSignature();
}

export async function canarySigner(
  text: string, place: { instance: Bytes; thread: Bytes; day: number }, known: readonly Bytes[],
): Promise<string | null> {
  const found = /^canary ([0-9a-f]{64}) ([0-9A-Za-z+/]{86}==)$/.exec(text);
  const key = known.find((one) => toHex(one) === found?.[1]);
  if (!found || !key) return null;
  const signed = concat(place.instance, place.thread, u32(place.day));
  try {
    const signature = fromBase64(found[2], sizes.ED25519_SIGNATURE);
    await primitives.verifyAnyEd25519([key], [signature], label("sign/canary"), signed);
  } catch (error) {
    if (!(error instanceof BadSignature || error instanceof Malformed)) throw error;
    return null;
  }
  return found[1]!;
}
