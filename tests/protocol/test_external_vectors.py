"""The libraries against vectors that others published, and against second readings of the same specifications.

The sources of the long ones stand in ``tests/vectors/external``. Short ones are of the RFC that their test names.
"""

import hashlib
from pathlib import Path

import nacl.bindings
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from dropbox.protocol import decapsulation, primitives, sizes
from dropbox.protocol.errors import DoesNotOpen
from dropbox.protocol.keys import Role
from dropbox.protocol.receipt import LANGUAGES, Receipt
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from tests.vectors.runner import HERE
from tests.vectors.second_reading import cobblestone_open, cobblestone_seal, key_schedule, xwing_shared

EXTERNAL = HERE / "external"


def read(path: Path) -> list[dict[str, bytes]]:
    """Blocks of lines, each a name and hexadecimal digits; lines that begin with a space go on with the last one."""
    text = path.read_text("ascii").replace("\n ", " ")
    blocks = []
    for block in text.split("\n\n"):
        lines = [line.partition(" ") for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            blocks.append({name: bytes.fromhex(digits) for name, _, digits in lines})
    return blocks


XWING = read(EXTERNAL / "xwing_draft.txt")
HPKE_PQ = read(EXTERNAL / "hpke_pq_draft.txt")


# -------------------------------------------------------------------------------------------------------------- X-Wing


@pytest.mark.parametrize("vector", XWING)
def test_xwing_public_keys_of_the_draft(vector: dict[str, bytes]) -> None:
    public = XWingSecretKey(vector["seed"]).public
    assert public.startswith(vector["pk_begins"])
    assert public.endswith(vector["pk_ends"])
    assert len(public) == sizes.XWING_PUBLIC


@pytest.mark.parametrize("vector", XWING)
def test_xwing_shared_secrets_of_the_draft_by_a_second_reading(vector: dict[str, bytes]) -> None:
    assert len(vector["ct"]) == sizes.XWING_CIPHERTEXT
    assert xwing_shared(vector["seed"], vector["ct"]) == vector["ss"]


@pytest.mark.parametrize("vector", XWING)
def test_our_hpke_opens_what_the_shared_secrets_of_the_draft_seal(vector: dict[str, bytes]) -> None:
    key, base = key_schedule((0x647A, 1, 2), vector["ss"], b"info", 32)
    sealed = vector["ct"] + AESGCM(key).encrypt(base, b"plaintext", b"")
    secret = XWingSecretKey(vector["seed"])
    assert decapsulation.hpke_open(secret, b"info", sealed) == b"plaintext"
    with pytest.raises(DoesNotOpen):
        decapsulation.hpke_open(secret, b"other", sealed)


def test_what_our_hpke_seals_opens_by_a_second_reading() -> None:
    secret = XWingSecretKey(XWING[0]["seed"])
    sealed = primitives.hpke_seal(secret.public, b"info", b"plaintext")
    shared = xwing_shared(secret.seed, sealed[: sizes.XWING_CIPHERTEXT])
    key, base = key_schedule((0x647A, 1, 2), shared, b"info", 32)
    assert AESGCM(key).decrypt(base, sealed[sizes.XWING_CIPHERTEXT :], b"") == b"plaintext"


# ---------------------------------------------------------------------------------------------------------------- HPKE


@pytest.mark.parametrize("vector", HPKE_PQ)
def test_hpke_vector_of_the_post_quantum_draft(vector: dict[str, bytes]) -> None:
    secret = XWingSecretKey(vector["seed"])
    assert secret.public.startswith(vector["pk_begins"])
    assert secret.public.endswith(vector["pk_ends"])
    assert xwing_shared(vector["seed"], vector["ct"]) == vector["ss"]
    assert key_schedule((0x647A, 1, 3), vector["ss"], vector["info"], 32) == (vector["key"], vector["base_nonce"])
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    sealed = vector["ct"] + vector["sealed"]
    opened = openssl.hpke._decrypt_with_aad(suite, sealed, secret.load(), vector["info"], vector["aad"])
    assert opened == vector["pt"]


def test_hpke_vector_of_rfc_9180_a_1_1() -> None:
    info, plaintext = b"Ode on a Grecian Urn", b"Beauty is truth, truth beauty"
    secret = bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    sent = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    shared = bytes.fromhex("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc")
    key, base = key_schedule((0x20, 1, 1), shared, info, 16)
    assert key.hex() == "4531685d41d65f03dc48f6b8302c05b0"
    assert base.hex() == "56d890e5accaaf011cff4b7d"
    sealed = bytes.fromhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    private = X25519PrivateKey.from_private_bytes(secret)
    assert openssl.hpke._decrypt_with_aad(suite, sent + sealed, private, info, b"Count-0") == plaintext


# --------------------------------------------------------------------------------------------------- HKDF, HMAC, curves


@pytest.mark.parametrize(
    ("ikm", "salt", "info", "prk", "okm"),
    [
        (b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)),
         "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"),
        (bytes(range(0x50)), bytes(range(0x60, 0xB0)), bytes(range(0xB0, 0x100)),
         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"),
        (b"\x0b" * 22, b"", b"",
         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"),
    ],
)  # fmt: skip
def test_hkdf_vectors_of_rfc_5869(ikm: bytes, salt: bytes, info: bytes, prk: str, okm: str) -> None:
    assert primitives.hkdf_extract(salt, ikm).hex() == prk
    assert primitives.hkdf_expand(bytes.fromhex(prk), info).hex() == okm
    assert primitives.hkdf_expand(bytes.fromhex(prk), info, 16).hex() == okm[:32]


def test_hmac_vector_of_rfc_4231() -> None:
    expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert primitives.hmac_sha256(b"\x0b" * 20, b"Hi ", b"There").hex() == expected


@pytest.mark.parametrize(
    ("scalar", "point", "result"),
    [
        ("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
        ("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
    ],
)  # fmt: skip
def test_x25519_vectors_of_rfc_7748(scalar: str, point: str, result: str) -> None:
    assert primitives.x25519(bytes.fromhex(scalar), bytes.fromhex(point)).hex() == result


def test_x25519_a_thousand_times_as_in_rfc_7748() -> None:
    scalar = point = b"\x09" + bytes(31)
    assert primitives.x25519(scalar, point) == primitives.x25519_public(scalar)
    for turn in range(1000):
        scalar, point = primitives.x25519(scalar, point), scalar
        if turn == 0:
            assert scalar.hex() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert scalar.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ],
)  # fmt: skip
def test_ed25519_vectors_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    made = SigningKey(Role.BOARD, bytes.fromhex(seed))
    data = bytes.fromhex(message)
    assert made.public.hex() == public
    # The protocol never signs without a label; the RFC never with one.
    primitives.verify_ed25519(made.public, bytes.fromhex(signature), b"", data)
    secret = nacl.bindings.crypto_sign_seed_keypair(made.seed)[1]
    assert nacl.bindings.crypto_sign(data, secret)[:64].hex() == signature


def test_aes_256_gcm_vectors_of_its_authors() -> None:
    assert primitives.seal_once(bytes(32), b"").hex() == "530f8afbc74536b9a963b4f1c4cb738b"
    expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert primitives.seal_once(bytes(32), bytes(16)).hex() == expected


# --------------------------------------------------------------------------------------------------------- Cobblestone


@given(st.integers(0, 40_000), st.binary(max_size=50), st.integers(0, 1 << 32))
@settings(max_examples=30)
def test_cobblestone_both_ways_by_a_second_reading(length: int, context: bytes, number: int) -> None:
    seed = number.to_bytes(5, "big")
    key, salt = hashlib.sha256(b"key" + seed).digest(), hashlib.sha256(b"salt" + seed).digest()[:24]
    plaintext = hashlib.shake_256(seed).digest(length)
    decryptor = primitives.PayloadDecryptor(key, context)
    ours = cobblestone_seal(key, context, salt, plaintext)
    assert decryptor.update(ours) + decryptor.finalize() == plaintext
    encryptor = primitives.PayloadEncryptor(key, context)
    theirs = encryptor.update(plaintext) + encryptor.finalize()
    assert cobblestone_open(key, context, theirs) == plaintext
    assert len(theirs) == len(ours) == sizes.payload_ciphertext(length)


@pytest.mark.parametrize("length", [0, 1, 16_383, 16_384, 16_385, 32_768])
def test_cobblestone_at_the_ends_of_chunks(length: int) -> None:
    key, plaintext = bytes(32), bytes(length)
    encryptor = primitives.PayloadEncryptor(key, b"")
    sealed = encryptor.update(plaintext) + encryptor.finalize()
    assert cobblestone_open(key, b"", sealed) == plaintext
    with pytest.raises(InvalidTag):
        cobblestone_open(key, b"", sealed[:-1])
    cut = primitives.PayloadDecryptor(key, b"")
    with pytest.raises(DoesNotOpen):
        cut.update(sealed[:-1] if length % 16_384 else sealed[:-16]) + cut.finalize()


# --------------------------------------------------------------------------------------------------------------- BIP39

# SHA-256 of the files in github.com/bitcoin/bips, bip-0039. Turkish and Russian are not among them: they were published
# with the reference implementation (github.com/trezor/python-mnemonic) and are frozen here as that has them.
_LISTS = {
    "english": "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda",
    "french": "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59",
    "spanish": "46846a5a0139d1e3cb77293e521c2865f7bcdb82c44e8d0a06a2cd0ecba48c0b",
    "portuguese": "2685e9c194c82ae67e10ba59d9ea5345a23dc093e92276fc5361f6667d79cd3f",
    "italian": "d392c49fdb700a24cd1fceb237c1f65dcc128f6b34a8aacb58b59384b5c648c2",
    "czech": "7e80e161c3e93d9554c2efb78d4e3cebf8fc727e9c52e03b83b94406bdcc95fc",
    "turkish": "a7dc9c77913726106c7b8baa022b7e17601d118acf40aa60ab1fbc9c91b383ac",
    "russian": "07f11af3f07fd13d8d74859f4448d8bca8f1d9d336dc4842531ecea083103a26",
    "japanese": "2eed0aef492291e061633d7ad8117f1a2b03eb80a29d0e4e3117ac2528d05ffd",
    "korean": "9e95f86c167de88f450f0aaf89e87f6624a57f973c67b516e338e8e8b8897f60",
    "chinese_simplified": "5c5942792bd8340cb8b27cd592f1015edf56a8c5b26276ee18a482428e7c5726",
    "chinese_traditional": "417b26b3d8500a4ae3d59717d7011952db6fc2fb84b807f3f94ac734e89c1b5f",
}


def test_word_lists_are_the_published_ones() -> None:
    assert set(_LISTS) == set(LANGUAGES)
    for language, digest in _LISTS.items():
        words = Mnemonic(language).wordlist
        assert hashlib.sha256("".join(word + "\n" for word in words).encode()).hexdigest() == digest
        assert len(words) == 2048


@pytest.mark.parametrize(
    ("entropy", "words"),
    [
        (b"\x00" * 15, "abandon " * 10),
        (b"\x7f" * 15, "legal winner thank year wave sausage worth useful legal winner"),
        (b"\x80" * 15, "letter advice cage absurd amount doctor acoustic avoid letter advice"),
        (b"\xff" * 15, "zoo " * 10),
    ],
)
def test_the_first_ten_words_are_those_of_bip39_for_the_same_bits(entropy: bytes, words: str) -> None:
    # BIP39's own vectors are of 16 bytes: the first 110 bits are ours as well, the checksum is not.
    assert " ".join(Receipt(entropy).words()[:10]) == words.strip()
