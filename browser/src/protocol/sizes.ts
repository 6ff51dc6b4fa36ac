/** Every size of the formats, as the sum of its parts, in bytes (docs/protocol.md, section 3), and the ladder. */

import { type Bytes, compare, concat, readNumber, u16, u32, utf8 } from "./bytes.ts";
import { Malformed, TooLong, UnknownVersion, WrongSize } from "./errors.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

export const DAY = 86_400; // seconds
export const MAX_DAY = 2_932_896; // 31 December 9999
export const MAX_TIME = (MAX_DAY + 1) * DAY - 1; // Unix seconds, its last second
export const CLOCK_TOLERANCE = 12 * 3600; // seconds

export const INSTANCE = 16;
export const RECIPIENT_ID = 16;
export const THREAD_ID = 16;
export const MESSAGE_ID = 16;
export const SYMMETRIC_KEY = 32;
export const SHA256 = 32;
export const ED25519_PUBLIC = 32;
export const ED25519_SIGNATURE = 64;
export const X25519_PUBLIC = 32;
export const MLKEM_PUBLIC = 1184;
export const MLKEM_CIPHERTEXT = 1088;
export const XWING_PUBLIC = MLKEM_PUBLIC + X25519_PUBLIC;
export const XWING_CIPHERTEXT = MLKEM_CIPHERTEXT + X25519_PUBLIC;
export const AEAD_TAG = 16;

const ENVELOPE_MAGIC = utf8("DBXENV01");
const ENVELOPE_SUITE = 1;
export const ENVELOPE_ID = 14;
export const SLOTS = 4;
export const SLOT = XWING_CIPHERTEXT + SYMMETRIC_KEY + AEAD_TAG;
export const PREFIX = ENVELOPE_MAGIC.length + 2 + 2 + 4 + 2 + ENVELOPE_ID;
export const HEADER = PREFIX + SLOTS * SLOT;

export const PAYLOAD_SALT = 24;
export const PAYLOAD_COMMITMENT = 32;
export const PAYLOAD_CHUNK = 16 * KIB;

export const UPLOAD_CHUNK = MIB;

export const RECORD = 1024;
export const RECORD_TAG = 16;
export const RECORD_INNER = RECORD - RECORD_TAG - AEAD_TAG;
export const RECORD_BODY = RECORD_INNER - X25519_PUBLIC - AEAD_TAG;

export const ENVELOPE_LADDER: readonly number[] = [
  16 * KIB,
  256 * KIB,
  ...Array.from({ length: 7 }, (_, power) => MIB << power), // 1 MiB to 64 MiB
  ...Array.from({ length: 15 }, (_, step) => (step + 2) * 64 * MIB), // to 1 GiB
];
export const ENVELOPE_MAX = GIB;

/** How many bytes of plaintext an envelope of this size carries, padding included. */
export function payloadPlaintext(envelope: number): number {
  if (!ENVELOPE_LADDER.includes(envelope)) throw new WrongSize();
  const sealed = envelope - HEADER - PAYLOAD_SALT - PAYLOAD_COMMITMENT;
  return sealed - Math.ceil(sealed / (PAYLOAD_CHUNK + AEAD_TAG)) * AEAD_TAG;
}

/** The smallest size on the ladder whose payload holds so many bytes. */
export function envelopeSize(plaintext: number): number {
  const size = ENVELOPE_LADDER.find((one) => payloadPlaintext(one) >= plaintext);
  if (size === undefined) throw new TooLong();
  return size;
}

/** The first 32 bytes of an envelope, all that the host can read of it. */
export interface Prefix {
  readonly day: number;
  readonly revision: number;
  readonly envelopeId: Bytes;
}

export const prefixBytes = (prefix: Prefix): Bytes =>
  concat(
    ENVELOPE_MAGIC, u16(ENVELOPE_SUITE), u16(prefix.revision), u32(prefix.day), u16(SLOTS), prefix.envelopeId,
  );

export function readPrefix(data: Bytes): Prefix {
  if (data.length !== PREFIX) throw new WrongSize();
  const known = compare(data.subarray(0, 8), ENVELOPE_MAGIC) === 0 && readNumber(data, 8, 2) === ENVELOPE_SUITE;
  if (!known || readNumber(data, 16, 2) !== SLOTS) throw new UnknownVersion();
  const day = readNumber(data, 12, 4);
  if (day > MAX_DAY) throw new Malformed();
  return { day, revision: readNumber(data, 10, 2), envelopeId: data.slice(18) };
}
