"""Domain separation: one label for every use of a key or a hash (docs/protocol.md, section 2).

A label is ``dropbox/v1/`` followed by a name and one NUL byte.  No name holds a NUL, so no label is the
beginning of another one, whatever follows it.
"""

from __future__ import annotations


def _label(name: str) -> bytes:
    return b"dropbox/v1/" + name.encode("ascii") + b"\0"


# Receipt and what is derived from it
RECEIPT = _label("receipt")
RECEIPT_CHECKSUM = _label("receipt/checksum")
THREAD_ID = _label("thread/id")
THREAD_AUTH = _label("thread/auth")
REPLY_X25519 = _label("reply/x25519")
REPLY_CHAIN = _label("reply/chain")
REPLY_TAG = _label("reply/tag")
RESUME = _label("resume")  # a browser's own: what a page leaves for the next one

# Envelope
SLOT = _label("slot")
PAYLOAD = _label("payload")
MESSAGE_MAC = _label("message/mac")

# Board
CHAIN_MESSAGE = _label("chain/message")
CHAIN_NEXT = _label("chain/next")
REPLY_KEY = _label("reply/key")
RECORD_TAG = _label("record/tag")
RECORD_OUTER = _label("record/outer")

# Hashes of documents and fingerprints
ROOT_FINGERPRINT = _label("root/fingerprint")
BULLETIN_HASH = _label("bulletin/hash")

# Names of uploads
UPLOAD_CONTENT = _label("upload/content")
UPLOAD_NAME = _label("upload/name")

# Cards
CARD_INFO = _label("card/info")

# Signatures: a signature made under one label is never valid under another
SIGN_CERTIFICATE = _label("sign/certificate")
SIGN_BULLETIN = _label("sign/bulletin")
SIGN_BOARD = _label("sign/board")
SIGN_PUBLICATION = _label("sign/publication")
SIGN_CARD = _label("sign/card")
SIGN_OUTCOME = _label("sign/outcome")

# Auditors (section 16)
SIGN_OBSERVATION = _label("sign/observation")
SIGN_COSIGNATURE = _label("sign/cosignature")
SIGN_CANARY = _label("sign/canary")
