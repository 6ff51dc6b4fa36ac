/** Whether this browser can do all that sealing and opening need, tried and not guessed from its name. */

import { concat, fromHex, same, utf8 } from "../protocol/bytes.ts";
import * as primitives from "../protocol/primitives.ts";

// RFC 8032, 7.1, TEST 1: an empty message.
const SIGNER = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", 32);
const SIGNATURE = concat(
  fromHex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155", 32),
  fromHex("5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b", 32),
);

/** Every algorithm once, each with a check of what came out. */
export async function canSeal(): Promise<boolean> {
  try {
    if (!window.isSecureContext || !crypto.subtle || typeof Blob.prototype.slice !== "function") return false;
    await primitives.verifyAnyEd25519([SIGNER], [SIGNATURE], utf8(""), utf8(""));
    const [left, right] = [primitives.random(32), primitives.random(32)];
    const shared = await primitives.x25519(left, await primitives.x25519Public(right));
    if (!same(shared, await primitives.x25519(right, await primitives.x25519Public(left)))) return false;
    const key = primitives.random(32);
    const sealed = await primitives.sealOnce(key, utf8("tried"));
    if (!same(await primitives.openOnce(key, sealed), utf8("tried"))) return false;
    await primitives.hpkeSeal(await primitives.throwAwayXWingPublic(), utf8(""), key);
    await (await primitives.PayloadEncryptor.under(key, utf8(""))).finalize();
    return /\p{Unified_Ideograph}/u.test("\u4e00");
  } catch {
    return false;
  }
}
