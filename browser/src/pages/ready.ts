/** Whether this browser can do all that sealing and opening need, tried and not guessed from its name. */

import { fromBase64, same, utf8 } from "../protocol/bytes.ts";
import * as primitives from "../protocol/primitives.ts";

// RFC 8032, 7.1, TEST 1: an empty message. Digits of base64 compress better.
const SIGNER = fromBase64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
const SIGNATURE = fromBase64(
  "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==",
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
    await (await primitives.PayloadEncryptor.under(key, key, key)).finalize();
    return /\p{Unified_Ideograph}/u.test("\u4e00");
  } catch {
    return false;
  }
}
