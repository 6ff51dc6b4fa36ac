/** Public keys, their roles, and the root's certificates for them (docs/protocol.md, section 5). */

import { type Bytes, fromBase64, fromHex, same } from "./bytes.ts";
import * as documents from "./documents.ts";
import { BadSignature, Malformed, OutsideDates, WrongInstance } from "./errors.ts";
import * as labels from "./labels.ts";
import * as primitives from "./primitives.ts";
import * as sizes from "./sizes.ts";

const XWING_ROLES: readonly string[] = ["bureau-card-box", "ministry-card-box"];
const ROLES: readonly string[] = [
  "bulletin", "board", "publication", "card", "desk-courier", "ministry-courier", "outcome", ...XWING_ROLES,
];

/** The Ed25519 key that everything else hangs on, with the 16 bytes that name its instance. */
export class RootPublicKey {
  private constructor(
    readonly raw: Bytes,
    readonly instance: Bytes,
  ) {}

  static async of(raw: Bytes): Promise<RootPublicKey> {
    if (raw.length !== sizes.ED25519_PUBLIC) throw new Malformed();
    return new RootPublicKey(raw, (await primitives.sha256(raw)).slice(0, sizes.INSTANCE));
  }

  /** 32 bytes, shown as words on paper. */
  fingerprint(): Promise<Bytes> {
    return primitives.sha256(labels.ROOT_FINGERPRINT, this.raw);
  }
}

/** A key that the root certified for one role and for days `notBefore` to `notAfter`, both included. */
export interface Certificate {
  readonly role: string;
  readonly key: Bytes;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate, once the root's signature is right. The days are checked where it is used. */
export async function verifyCertificate(
  document: documents.SignedDocument, root: RootPublicKey,
): Promise<Certificate> {
  const body = documents.fields(await document.verify([root.raw], labels.SIGN_CERTIFICATE), [
    "instance", "key", "not_after", "not_before", "role", "version",
  ]);
  documents.integer(body["version"], 1, 1);
  if (!same(fromHex(body["instance"], sizes.INSTANCE), root.instance)) throw new WrongInstance();
  const made = {
    role: documents.choice(body["role"], ROLES),
    key: fromBase64(body["key"]),
    notBefore: documents.integer(body["not_before"], 0, sizes.MAX_DAY),
    notAfter: documents.integer(body["not_after"], 0, sizes.MAX_DAY),
  };
  if (made.notBefore > made.notAfter) throw new Malformed();
  if (XWING_ROLES.includes(made.role)) await primitives.checkXWingPublic(made.key);
  else if (made.key.length !== sizes.ED25519_PUBLIC) throw new Malformed();
  return made;
}

/** The keys certified for a role on a day. */
export function certified(certificates: readonly Certificate[], role: string, day: number): readonly Bytes[] {
  const ofRole = certificates.filter((one) => one.role === role);
  if (!ofRole.length) throw new BadSignature();
  const valid = ofRole.filter((one) => one.notBefore <= day && day <= one.notAfter);
  if (!valid.length) throw new OutsideDates();
  return valid.map((one) => one.key);
}
