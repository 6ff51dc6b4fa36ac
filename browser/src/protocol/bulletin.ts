/** The bulletin: one signed document a day that names the keys to seal to (docs/protocol.md, section 6). */

import { type Bytes, fromBase64, fromHex, same, toHex } from "./bytes.ts";
import * as documents from "./documents.ts";
import { Malformed, OutsideDates, WrongInstance } from "./errors.ts";
import * as keys from "./keys.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";

const LIMIT = 64 * sizes.KIB;
const MAX_CERTIFICATES = 16;
const FIELDS = [
  "board_period", "browser_bundle", "certificates", "day", "instance", "kind", "ladder", "previous", "recipients",
  "revision", "version",
];

/** A keyring at the bureau, and the X-Wing public key that it has for this day. */
export interface Recipient {
  readonly identity: Bytes;
  readonly prekey: Bytes;
}

/** A bulletin whose chain of signatures was verified. */
export interface Bulletin {
  readonly instance: Bytes;
  readonly hash: Bytes;
  readonly day: number;
  readonly revision: number;
  readonly kind: string;
  readonly certificates: readonly keys.Certificate[];
  readonly recipients: readonly Recipient[];
  readonly boardPeriod: number;
  readonly browserBundle: string;
}

/** The keys certified for a role on the day of the bulletin. */
export const keysFor = (bulletin: Bulletin, role: string): readonly Bytes[] =>
  keys.certified(bulletin.certificates, role, bulletin.day);

/** Throws `OutsideDates` unless `now` (Unix seconds) is in the bulletin's day, 12 hours more or less. */
export function requireCurrent(bulletin: Bulletin, now: number): void {
  const start = bulletin.day * sizes.DAY - sizes.CLOCK_TOLERANCE;
  if (now < start || now >= start + sizes.DAY + 2 * sizes.CLOCK_TOLERANCE) throw new OutsideDates();
}

/** What a client does before it seals to anything: root, then bulletin key, then bulletin, with the time. */
export async function verifyBulletin(data: Bytes, root: keys.RootPublicKey, now: number): Promise<Bulletin> {
  const bulletin = await verifyStoredBulletin(data, root);
  requireCurrent(bulletin, now);
  return bulletin;
}

/** The same without the time. */
export async function verifyStoredBulletin(data: Bytes, root: keys.RootPublicKey): Promise<Bulletin> {
  const document = documents.readDocument(data, "bulletin", LIMIT);
  const body = documents.fields(document.body, FIELDS);
  documents.integer(body["version"], 1, 1);
  if (!same(fromHex(body["instance"], sizes.INSTANCE), root.instance)) throw new WrongInstance();
  const day = documents.integer(body["day"], 0, sizes.MAX_DAY);
  const certificates: keys.Certificate[] = [];
  for (const item of documents.items(body["certificates"], MAX_CERTIFICATES, 1)) {
    certificates.push(await keys.verifyCertificate(documents.documentFromJson(item, "certificate"), root));
  }
  await document.verify(keys.certified(certificates, "bulletin", day), labels.SIGN_BULLETIN);
  return fromBody(body, day, certificates, root.instance);
}

async function fromBody(
  body: documents.JsonObject, day: number, certificates: readonly keys.Certificate[], instance: Bytes,
): Promise<Bulletin> {
  if (JSON.stringify(body["ladder"]) !== JSON.stringify(sizes.ENVELOPE_LADDER)) throw new Malformed();
  const recipients: Recipient[] = [];
  for (const item of documents.items(body["recipients"], sizes.SLOTS, 1)) {
    const entry = documents.fields(item, ["id", "prekey"]);
    const identity = fromHex(entry["id"], sizes.RECIPIENT_ID);
    const prekey = fromBase64(entry["prekey"], sizes.XWING_PUBLIC);
    await primitives.checkXWingPublic(prekey);
    recipients.push({ identity, prekey });
  }
  if (new Set(recipients.map((one) => toHex(one.identity))).size !== recipients.length) throw new Malformed();
  const browserBundle = documents.text(body["browser_bundle"], 64);
  if (browserBundle) fromHex(browserBundle, sizes.SHA256);
  fromHex(body["previous"], sizes.SHA256);
  return {
    instance,
    hash: await primitives.sha256(labels.BULLETIN_HASH, documents.encode(body)),
    day,
    revision: documents.integer(body["revision"], 0, 0xffff),
    kind: documents.choice(body["kind"], ["daily", "fallback"]),
    certificates,
    recipients,
    boardPeriod: documents.integer(body["board_period"], 5, sizes.DAY),
    browserBundle,
  };
}
