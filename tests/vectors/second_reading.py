"""A second reading of docs/protocol.md, for tests: written from the page, over primitives alone.

Nothing here imports the project's code. What both readings agree on is what the page says.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def hkdf_expand(prk: bytes, info: bytes, length: int, algorithm: str) -> bytes:
    """RFC 5869, 2.3, any length."""
    blocks, last = b"", b""
    while len(blocks) < length:
        last = hmac.digest(prk, last + info + bytes([len(blocks) // hashlib.new(algorithm).digest_size + 1]), algorithm)
        blocks += last
    return blocks[:length]


def key_schedule(ids: tuple[int, int, int], shared: bytes, info: bytes, key_length: int) -> tuple[bytes, bytes]:
    """Key and base nonce of HPKE's base mode (RFC 9180, 5.1) with HKDF-SHA256, from the shared secret."""
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in ids)

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, length, "sha256")

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, key_length), expand(secret, b"base_nonce", context, 12)


def xwing_shared(seed: bytes, ciphertext: bytes) -> bytes:
    """X-Wing's decapsulation (draft-connolly-cfrg-xwing-kem, 5.5) from its two halves."""
    expanded = hashlib.shake_256(seed).digest(96)
    curve = X25519PrivateKey.from_private_bytes(expanded[64:])
    lattice_part, curve_part = ciphertext[:1088], ciphertext[1088:]
    shared_lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(lattice_part)
    shared_curve = curve.exchange(X25519PublicKey.from_public_bytes(curve_part))
    public = curve.public_key().public_bytes_raw()
    return hashlib.sha3_256(shared_lattice + shared_curve + curve_part + public + b"\\.//^\\").digest()


def cobblestone_keys(key: bytes, salt: bytes, context: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, base nonce and commitment of a message."""
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context
    out = hkdf_expand(key, info, 32 + 12 + 32, "sha512")
    return out[:32], out[32:44], out[44:]


def cobblestone_seal(key: bytes, context: bytes, salt: bytes, plaintext: bytes) -> bytes:
    """Cobblestone-256 over AES-GCM: the fallback, should the library change."""
    message_key, base, commitment = cobblestone_keys(key, salt, context)
    chunks = [
        AESGCM(message_key).encrypt(nonce(base, place), plaintext[place * 16384 : (place + 1) * 16384], b"")
        for place in range(len(plaintext) // 16384 + 1)
    ]
    return b"".join([salt, commitment, *chunks])


def cobblestone_open(key: bytes, context: bytes, ciphertext: bytes) -> bytes:
    """The inverse. Raises ``InvalidTag`` for whatever is wrong."""
    message_key, base, commitment = cobblestone_keys(key, ciphertext[:24], context)
    rest = ciphertext[56:]
    count = len(rest) // 16400 + 1
    if not hmac.compare_digest(ciphertext[24:56], commitment) or len(rest) - (count - 1) * 16400 < 16:
        raise InvalidTag
    pieces = [rest[place * 16400 : (place + 1) * 16400] for place in range(count)]
    return b"".join(AESGCM(message_key).decrypt(nonce(base, place), piece, b"") for place, piece in enumerate(pieces))


def nonce(base: bytes, place: int) -> bytes:
    """The base nonce with the chunk's number in it."""
    return (int.from_bytes(base, "big") ^ place).to_bytes(12, "big")


# ------------------------------------------------------------------------------------------------- sections 2, 7 and 8


def label(name: str) -> bytes:
    """Section 2."""
    return b"dropbox/v1/" + name.encode() + b"\0"


def upload_name(salt: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Section 13.2: the hash of a content and the name that is bound to it."""
    so_far = bytes(32)
    for at in range(0, len(content), 1_048_576):
        chunk = hashlib.sha256(content[at : at + 1_048_576]).digest()
        so_far = hashlib.sha256(label("upload/content") + so_far + chunk).digest()
    return so_far, hashlib.sha256(label("upload/name") + salt + so_far).digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC with SHA-256."""
    return hmac.digest(key, b"".join(parts), "sha256")


def x25519(secret: bytes, public: bytes) -> bytes:
    """RFC 7748, by another library than the project's."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def receipt_number(entropy: bytes) -> int:
    """Section 7: 120 bits and their checksum."""
    checksum = hashlib.sha256(label("receipt/checksum") + entropy).digest()
    return int.from_bytes(entropy, "big") * 4096 + (checksum[0] * 256 + checksum[1]) // 16


def receipt_words(entropy: bytes, words: list[str]) -> str:
    """Section 7."""
    found: list[str] = []
    number = receipt_number(entropy)
    for _ in range(12):
        number, place = divmod(number, 2048)
        found.insert(0, words[place])
    return " ".join(found)


def receipt_digits(entropy: bytes) -> str:
    """Section 7."""
    number, digits = receipt_number(entropy) * 8, ""
    for _ in range(27):
        number, place = divmod(number, 32)
        digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[place] + digits
    return " ".join(digits[at : at + 3] for at in range(0, 27, 3))


@dataclass(frozen=True)
class Thread:
    """Section 8.1."""

    tid: bytes
    auth: bytes
    secret: bytes
    public: bytes
    chain: bytes
    tag_key: bytes


def thread(entropy: bytes, instance: bytes, recipient: bytes) -> Thread:
    """Section 8.1."""
    master = mac(label("receipt") + instance, entropy)

    def expand(info: bytes, length: int = 32) -> bytes:
        return hkdf_expand(master, info, length, "sha256")

    secret = expand(label("reply/x25519") + recipient)
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return Thread(
        expand(label("thread/id"), 16), expand(label("thread/auth")), secret, public,
        expand(label("reply/chain") + recipient), expand(label("reply/tag") + recipient),
    )  # fmt: skip


def canonical(value: Any) -> bytes:  # noqa: ANN401 -- what JSON holds
    """Section 4.1, for values that keep to it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def bulletin_hash(bulletin: bytes) -> bytes:
    """Section 6."""
    return hashlib.sha256(label("bulletin/hash") + canonical(json.loads(bulletin)["body"])).digest()


def frames(plaintext: bytes) -> list[tuple[int, bytes]]:
    """Section 8.3: kinds and bodies up to the end; behind it zeros."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while not found or found[-1][0] != 6:
        length = int.from_bytes(plaintext[at + 1 : at + 5], "big")
        found.append((plaintext[at], plaintext[at + 5 : at + 5 + length]))
        at += 5 + length
    if plaintext[at:].strip(b"\0"):
        raise ValueError("padding")
    return found


@dataclass(frozen=True)
class Opened:
    """An envelope, opened."""

    frames: list[tuple[int, bytes]]
    header_hash: bytes

    def message_mac(self, auth: bytes) -> bytes:
        """Section 8.3."""
        hashes = b"".join(
            hashlib.sha256(bytes([kind]) + len(body).to_bytes(4, "big") + body).digest()
            for kind, body in self.frames
            if kind != 6
        )
        return mac(auth, label("message/mac"), self.header_hash, hashlib.sha256(hashes).digest())


def open_envelope(envelope: bytes, bulletin: bytes, instance: bytes, seed: bytes, slot: int) -> Opened:
    """Sections 8.2 to 8.4."""
    header, hash_ = envelope[:4704], bulletin_hash(bulletin)
    sealed = header[32 + slot * 1168 : 32 + (slot + 1) * 1168]
    info = label("slot") + instance + header[:32] + hash_ + slot.to_bytes(2, "big")
    file_key = hpke_open(seed, info, sealed)
    context = label("payload") + hashlib.sha256(header + hash_).digest()
    plaintext = cobblestone_open(file_key, context, envelope[4704:])
    return Opened(frames(plaintext), hashlib.sha256(header).digest())


def hpke_open(seed: bytes, info: bytes, sealed: bytes) -> bytes:
    """Section 1.2."""
    key, base = key_schedule((0x647A, 1, 2), xwing_shared(seed, sealed[:1120]), info, 32)
    return AESGCM(key).decrypt(base, sealed[1120:], b"")


def xwing_public(seed: bytes) -> bytes:
    """Section 1.2."""
    expanded = hashlib.shake_256(seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key().public_bytes_raw()
    return lattice + X25519PrivateKey.from_private_bytes(expanded[64:]).public_key().public_bytes_raw()


def open_card(seed: bytes, instance: bytes, card: bytes) -> Any:  # noqa: ANN401 -- what JSON holds
    """Section 11: the body of the document inside."""
    plaintext = hpke_open(seed, label("card/info") + instance + hashlib.sha256(xwing_public(seed)).digest(), card)
    return json.loads(plaintext.rstrip(b"\0").removesuffix(b"\x80"))["body"]


# ---------------------------------------------------------------------------------------------------- sections 9 and 10


def find(board: bytes, kept: Thread, last: int) -> dict[int, bytes]:
    """Section 9: the inner records of a thread, by their numbers up to the last one asked for."""
    instance, salt = board[8:24], board[40:56]
    count = int.from_bytes(board[108:110], "big")
    records = {board[at : at + 16]: board[at + 16 : at + 1024] for at in range(110, 110 + count * 1024, 1024)}
    found = {}
    for number in range(last + 1):
        context = instance + salt + number.to_bytes(8, "big")
        record = records.get(mac(kept.tag_key, label("record/tag"), context)[:16])
        if record is not None:
            found[number] = AESGCM(mac(kept.tag_key, label("record/outer"), context)).decrypt(bytes(12), record, b"")
    return found


def open_record(kept: Thread, instance: bytes, recipient: bytes, number: int, inner: bytes) -> bytes:
    """Section 10.1."""
    chain = kept.chain
    for _ in range(number):
        chain = mac(chain, label("chain/next"))
    epk = inner[:32]
    prk = mac(mac(chain, label("chain/message")), x25519(kept.secret, epk))
    info = label("reply/key") + instance + recipient + number.to_bytes(8, "big") + epk + kept.public
    return AESGCM(hkdf_expand(prk, info, 32, "sha256")).decrypt(bytes(12), inner[32:], epk)


def note(bodies: list[bytes]) -> tuple[int, int, Any]:
    """Section 10.2: kind, day and value of a note from all its parts in order."""
    data = b"".join(body[9 : 9 + int.from_bytes(body[3:5], "big")] for body in bodies)
    return bodies[0][0], int.from_bytes(bodies[0][5:9], "big"), json.loads(data)


def signed_bytes(board: bytes) -> bytes:
    """Section 9.1: what the signature at the end is over."""
    return label("sign/board") + board[:-66]


def document_signature(document: bytes) -> tuple[bytes, bytes]:
    """Section 4.2: the first signature, and the body that it is over, after a label."""
    value = json.loads(document)
    return base64.b64decode(value["signatures"][0]["sig"]), canonical(value["body"])
