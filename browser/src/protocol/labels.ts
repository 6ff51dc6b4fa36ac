/** Domain separation: one label for every use of a key or a hash (docs/protocol.md, section 2). */

import { type Bytes, utf8 } from "./bytes.ts";

const label = (name: string): Bytes => utf8(`dropbox/v1/${name}\0`);

export const RECEIPT = label("receipt");
export const RECEIPT_CHECKSUM = label("receipt/checksum");
export const THREAD_ID = label("thread/id");
export const THREAD_AUTH = label("thread/auth");
export const REPLY_X25519 = label("reply/x25519");
export const REPLY_CHAIN = label("reply/chain");
export const REPLY_TAG = label("reply/tag");
export const RESUME = label("resume");

export const SLOT = label("slot");
export const PAYLOAD = label("payload");
export const MESSAGE_MAC = label("message/mac");

export const CHAIN_MESSAGE = label("chain/message");
export const CHAIN_NEXT = label("chain/next");
export const REPLY_KEY = label("reply/key");
export const RECORD_TAG = label("record/tag");
export const RECORD_OUTER = label("record/outer");

export const ROOT_FINGERPRINT = label("root/fingerprint");
export const BULLETIN_HASH = label("bulletin/hash");

export const SIGN_CERTIFICATE = label("sign/certificate");
export const SIGN_BULLETIN = label("sign/bulletin");
export const SIGN_BOARD = label("sign/board");
