/**
 * Every call into a crypto library, each with the reason why it is safe there: the twin of primitives.py.
 *
 * Bulk work is the browser's own (WebCrypto runs natively also where JIT and WebAssembly are off); ML-KEM and SHA-3,
 * which it lacks, are @noble/post-quantum's and @noble/hashes'.
 */

import { sha3_256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";

import { type Bytes, compare, concat, fromBase64, fromHex, isZero, u16, utf8 } from "./bytes.ts";
import { BadSignature, DoesNotOpen, Malformed } from "./errors.ts";
import * as sizes from "./sizes.ts";

const subtle = (): SubtleCrypto => crypto.subtle;

// Only ever used with a key that seals one message in its life, so that a fixed nonce cannot repeat.
const ONE_TIME_NONCE = new Uint8Array(12);
const X25519_BASE = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 9 : 0));
const X25519_PKCS8 = fromHex("302e020100300506032b656e04220420", 16); // RFC 8410, before the 32 bytes of a secret
const FIELD = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 32).reverse(); // 2^255 - 19
const MLKEM_Q = 3329;
const XWING_LABEL = utf8("\\.//^\\");

/** Bytes of the system's generator. */
export const random = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));

const digest = async (name: string, data: Bytes): Promise<Bytes> => new Uint8Array(await subtle().digest(name, data));

export const sha256 = (...parts: readonly Bytes[]): Promise<Bytes> =>
  digest("SHA-256", parts.length === 1 ? parts[0]! : concat(...parts));

async function hmac(hash: string, key: Bytes, message: Bytes): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash };
  // WebCrypto refuses an empty key; one zero byte is the same key to HMAC, which fills it up with zeros.
  const raw = key.length ? key : new Uint8Array(1);
  const imported = await subtle().importKey("raw", raw, algorithm, false, ["sign"]);
  return new Uint8Array(await subtle().sign("HMAC", imported, message));
}

export const hmacSha256 = (key: Bytes, ...parts: readonly Bytes[]): Promise<Bytes> =>
  hmac("SHA-256", key, concat(...parts));

/** HMAC-SHA-256 under one key, again and again: a board is searched with hundreds of them. */
export async function hmacSha256Under(key: Bytes): Promise<(...parts: readonly Bytes[]) => Promise<Bytes>> {
  const imported = await subtle().importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (...parts) => new Uint8Array(await subtle().sign("HMAC", imported, concat(...parts)));
}

/** HKDF-Extract with SHA-256 (RFC 5869, 2.2). */
export const hkdfExtract = (salt: Bytes, ikm: Bytes): Promise<Bytes> => hmacSha256(salt, ikm);

/** HKDF-Expand with SHA-256 (RFC 5869, 2.3): one block, which is all that this protocol asks for. */
export const hkdfExpand = async (prk: Bytes, info: Bytes, length = 32): Promise<Bytes> =>
  (await hmacSha256(prk, info, Uint8Array.of(1))).slice(0, length);

async function hkdfExpandSha512(prk: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const first = await hmac("SHA-512", prk, concat(info, Uint8Array.of(1)));
  const second = await hmac("SHA-512", prk, concat(first, info, Uint8Array.of(2)));
  return concat(first, second).slice(0, length);
}

const aesKey = (key: Bytes): Promise<CryptoKey> =>
  subtle().importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);

async function aesSeal(key: CryptoKey, iv: Bytes, plaintext: Bytes, additionalData: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().encrypt({ name: "AES-GCM", iv, additionalData }, key, plaintext));
}

async function aesOpen(key: CryptoKey, iv: Bytes, sealed: Bytes, additionalData: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await subtle().decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed));
  } catch {
    throw new DoesNotOpen();
  }
}

const NOTHING = new Uint8Array();

/** AES-256-GCM under a key that seals nothing else; the ciphertext is 16 bytes longer. */
export const sealOnce = async (key: Bytes, plaintext: Bytes, aad: Bytes = NOTHING): Promise<Bytes> =>
  aesSeal(await aesKey(key), ONE_TIME_NONCE, plaintext, aad);

/** The inverse of `sealOnce`. */
export const openOnce = async (key: Bytes, sealed: Bytes, aad: Bytes = NOTHING): Promise<Bytes> =>
  aesOpen(await aesKey(key), ONE_TIME_NONCE, sealed, aad);

/** X25519 (RFC 7748). A result of zeros, which everybody knows, is refused: by the browser, and here once more. */
export async function x25519(secret: Bytes, point: Bytes): Promise<Bytes> {
  if (secret.length !== sizes.X25519_PUBLIC || point.length !== sizes.X25519_PUBLIC) throw new DoesNotOpen();
  try {
    const pkcs8 = concat(X25519_PKCS8, secret);
    const key = await subtle().importKey("pkcs8", pkcs8, { name: "X25519" }, false, ["deriveBits"]);
    const other = await subtle().importKey("raw", point, { name: "X25519" }, false, []);
    const shared = new Uint8Array(await subtle().deriveBits({ name: "X25519", public: other }, key, 256));
    if (!isZero(shared)) return shared;
  } catch {
    // a point that cannot be used
  }
  throw new DoesNotOpen();
}

/** The public key of a 32-byte secret: WebCrypto has no other way to it than X25519 with the base point. */
export const x25519Public = (secret: Bytes): Promise<Bytes> => x25519(secret, X25519_BASE);

const belowField = (littleEndian: Bytes): boolean => compare(littleEndian.slice().reverse(), FIELD) < 0;

/** Throws `Malformed` for a key that is not 32 bytes, of low order, or not the canonical spelling of its point. */
export async function checkX25519Public(point: Bytes): Promise<void> {
  if (point.length !== sizes.X25519_PUBLIC || !belowField(point)) throw new Malformed();
  try {
    await x25519(new Uint8Array(32).fill(1), point);
  } catch {
    throw new Malformed();
  }
}

/** Throws `Malformed` unless this is an X-Wing public key that can be sealed to. */
export async function checkXWingPublic(key: Bytes): Promise<void> {
  if (key.length !== sizes.XWING_PUBLIC || !isReduced(key)) throw new Malformed();
  await checkX25519Public(key.subarray(sizes.MLKEM_PUBLIC));
}

/** Whether every coefficient of the ML-KEM part, two in three bytes, is below 3,329 (FIPS 203, 7.2). */
function isReduced(key: Bytes): boolean {
  for (let at = 0; at < sizes.MLKEM_PUBLIC - 32; at += 3) {
    const [low, middle, high] = [key[at]!, key[at + 1]!, key[at + 2]!];
    if ((low | ((middle & 15) << 8)) >= MLKEM_Q || ((middle >> 4) | (high << 4)) >= MLKEM_Q) return false;
  }
  return true;
}

/** X-Wing's combiner (draft-connolly-cfrg-xwing-kem, 5.3). */
export const xwingShared = (lattice: Bytes, curve: Bytes, ciphertext: Bytes, point: Bytes): Bytes =>
  sha3_256(concat(lattice, curve, ciphertext, point, XWING_LABEL)) as Bytes;

/** A ciphertext of X-Wing and the secret that it carries, for one message. */
export interface Encapsulation {
  readonly ciphertext: Bytes;
  readonly shared: Bytes;
}

/** X-Wing's encapsulation to one key, as often as it is called; what the key alone gives is computed once. */
export async function xwingTo(key: Bytes): Promise<() => Promise<Encapsulation>> {
  await checkXWingPublic(key);
  const lattice = ml_kem768.prepare(key.subarray(0, sizes.MLKEM_PUBLIC));
  const point = key.subarray(sizes.MLKEM_PUBLIC);
  return async () => {
    const secret = random(sizes.X25519_PUBLIC);
    const kem = lattice.encapsulate(random(32));
    const ephemeral = await x25519Public(secret);
    const shared = xwingShared(kem.sharedSecret as Bytes, await x25519(secret, point), ephemeral, point);
    return { ciphertext: concat(kem.cipherText as Bytes, ephemeral), shared };
  };
}

/** The X-Wing public key of a secret that is forgotten at once: what is sealed to it opens for nobody. */
export async function throwAwayXWingPublic(): Promise<Bytes> {
  const pair = ml_kem768.keygen(random(64));
  pair.secretKey.fill(0);
  return concat(pair.publicKey as Bytes, await x25519Public(random(sizes.X25519_PUBLIC)));
}

const HPKE_SUITE = concat(utf8("HPKE"), u16(0x647a), u16(1), u16(2));
const HPKE_VERSION = utf8("HPKE-v1");

const hpkeExtract = (salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> =>
  hkdfExtract(salt, concat(HPKE_VERSION, HPKE_SUITE, utf8(label), ikm));

const hpkeExpand = (prk: Bytes, label: string, info: Bytes, length: number): Promise<Bytes> =>
  hkdfExpand(prk, concat(u16(length), HPKE_VERSION, HPKE_SUITE, utf8(label), info), length);

/** Key and nonce of HPKE's base mode for its first and only message (RFC 9180, 5.1). */
export async function hpkeKey(shared: Bytes, info: Bytes): Promise<[Bytes, Bytes]> {
  const hashes = [await hpkeExtract(NOTHING, "psk_id_hash", NOTHING), await hpkeExtract(NOTHING, "info_hash", info)];
  const context = concat(Uint8Array.of(0), ...hashes);
  const secret = await hpkeExtract(shared, "secret", NOTHING);
  return [await hpkeExpand(secret, "key", context, 32), await hpkeExpand(secret, "base_nonce", context, 12)];
}

/** HPKE in base mode, single shot, without aad: `enc || ct`, under an encapsulation that seals nothing else. */
export async function hpkeSealUnder({ ciphertext, shared }: Encapsulation, info: Bytes, plaintext: Bytes): Promise<Bytes> {
  const [aead, nonce] = await hpkeKey(shared, info);
  return concat(ciphertext, await aesSeal(await aesKey(aead), nonce, plaintext, NOTHING));
}

/** The same to a key. */
export const hpkeSeal = async (key: Bytes, info: Bytes, plaintext: Bytes): Promise<Bytes> =>
  hpkeSealUnder(await (await xwingTo(key))(), info, plaintext);

/** The inverse of the last step of `hpkeSeal`, once the shared secret is known. */
export async function hpkeOpen(shared: Bytes, info: Bytes, sealed: Bytes): Promise<Bytes> {
  const [aead, nonce] = await hpkeKey(shared, info);
  return aesOpen(await aesKey(aead), nonce, sealed, NOTHING);
}

// Points of small order by the 255 bits of their y, as libsodium lists them: with one of them a signature holds for
// any message. Browsers do not agree on whether they refuse these.
const SMALL_ORDER: readonly string[] = [
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU=",
  "xxdqcD1N2E+6PAt2DRBnDyogU/osOczGTsf9d5KsA3o=",
  "7P///////////////////////////////////////38=",
  "7f///////////////////////////////////////38=",
  "7v///////////////////////////////////////38=",
];
const SMALL_ORDER_POINTS = SMALL_ORDER.map((digits) => fromBase64(digits));

function withoutSign(point: Bytes): Bytes {
  const y = point.slice();
  y[31]! &= 127;
  return y;
}

const ofSmallOrder = (point: Bytes): boolean => SMALL_ORDER_POINTS.some((one) => !compare(one, withoutSign(point)));

async function holds(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (key.length !== sizes.ED25519_PUBLIC || signature.length !== sizes.ED25519_SIGNATURE) return false;
  if (ofSmallOrder(key) || ofSmallOrder(signature.subarray(0, 32)) || !belowField(withoutSign(key))) return false;
  try {
    const imported = await subtle().importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await subtle().verify({ name: "Ed25519" }, imported, signature, message);
  } catch {
    return false;
  }
}

/** Checks that one of the signatures over `label || message` is by one of the keys. */
export async function verifyAnyEd25519(
  keys: readonly Bytes[], signatures: readonly Bytes[], label: Bytes, message: Bytes,
): Promise<void> {
  const signed = concat(label, message);
  for (const key of keys) {
    for (const signature of signatures) if (await holds(key, signature, signed)) return;
  }
  throw new BadSignature();
}

const COBBLESTONE = utf8("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");

/** Cobblestone-256 (docs/protocol.md, section 8.4): what both directions share. */
export class PayloadCipher {
  private constructor(
    private readonly key: CryptoKey,
    private readonly base: Bytes,
    readonly commitment: Bytes,
  ) {}

  static async derive(key: Bytes, salt: Bytes, context: Bytes): Promise<PayloadCipher> {
    const all = await hkdfExpandSha512(key, concat(COBBLESTONE, salt, context), 32 + 12 + sizes.PAYLOAD_COMMITMENT);
    return new PayloadCipher(await aesKey(all.slice(0, 32)), all.slice(32, 44), all.slice(44));
  }

  private nonce(chunk: number): Bytes {
    const nonce = this.base.slice();
    for (let at = 11; chunk; at--, chunk = Math.floor(chunk / 256)) nonce[at]! ^= chunk % 256;
    return nonce;
  }

  seal(chunk: number, plaintext: Bytes): Promise<Bytes> {
    return aesSeal(this.key, this.nonce(chunk), plaintext, NOTHING);
  }

  open(chunk: number, sealed: Bytes): Promise<Bytes> {
    return aesOpen(this.key, this.nonce(chunk), sealed, NOTHING);
  }
}

/**
 * Seals under a fresh key; commits to it, so that no ciphertext opens to two texts under two keys. Key and salt of before
 * give the ciphertext of before: only for the plaintext of before, as far as any of it was shown to anybody.
 */
export class PayloadEncryptor {
  private rest: Bytes = NOTHING;
  private chunks = 0;

  private constructor(
    private readonly cipher: PayloadCipher,
    private begin: readonly Bytes[],
  ) {}

  static async under(key: Bytes, salt: Bytes, context: Bytes): Promise<PayloadEncryptor> {
    const cipher = await PayloadCipher.derive(key, salt, context);
    return new PayloadEncryptor(cipher, [salt, cipher.commitment]);
  }

  /** The ciphertext that is ready; it lags behind by less than one chunk of 16 KiB. */
  async update(...plaintext: readonly Bytes[]): Promise<Bytes[]> {
    const whole = concat(this.rest, ...plaintext);
    const sealing: Promise<Bytes>[] = [];
    let at = 0;
    for (; at + sizes.PAYLOAD_CHUNK <= whole.length; at += sizes.PAYLOAD_CHUNK) {
      sealing.push(this.cipher.seal(this.chunks++, whole.subarray(at, at + sizes.PAYLOAD_CHUNK)));
    }
    this.rest = whole.slice(at);
    return [...this.taken(), ...(await Promise.all(sealing))];
  }

  /** The last chunk. Without it nothing before it counts. */
  async finalize(): Promise<Bytes[]> {
    return [...this.taken(), await this.cipher.seal(this.chunks, this.rest)];
  }

  private taken(): readonly Bytes[] {
    const begin = this.begin;
    this.begin = [];
    return begin;
  }
}
