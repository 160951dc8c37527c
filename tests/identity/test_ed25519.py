"""Ed25519: the vectors of RFC 8032, keys of low order, and one spelling for each key and signature."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange.identity import ed25519

# RFC 8032, section 7.1, tests 1 to 3 and SHA(abc): public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]
FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
MESSAGE = b"anything at all"


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032(key, message, signature):
    key, message, signature = (bytes.fromhex(text) for text in (key, message, signature))
    assert ed25519.public_key_from_text(ed25519.encode(key)) == key
    assert ed25519.is_signed_by(key, signature=signature, text=message)
    assert not ed25519.is_signed_by(key, signature=signature, text=message + b"x")
    for place in (0, 31, 32, 63):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not ed25519.is_signed_by(key, signature=bytes(changed), text=message)


def test_a_signature_has_one_spelling_only():
    """S + L would be the same signature in other bytes: a replay under another command id."""
    key, message, signature = (bytes.fromhex(text) for text in VECTORS[1])
    second = int.from_bytes(signature[32:], "little") + ORDER
    assert not ed25519.is_signed_by(key, signature=signature[:32] + second.to_bytes(32, "little"), text=message)


def low_order_points():
    """The eight points of low order, and their spellings that are not canonical: y, y + p, either sign."""
    order_8 = 2707385501144840649318225287225658788936804267575313519463743609750303021777
    curve_d = -121665 * pow(121666, -1, FIELD) % FIELD
    found = set()
    for y in {0, 1, FIELD - 1, order_8, FIELD - order_8} | {order_8 * order_8 % FIELD}:
        if is_of_low_order(y, curve_d):
            found |= {(spelt | sign << 255) for spelt in (y, y + FIELD) if spelt < 2**255 for sign in (0, 1)}
    return sorted(found)


def is_of_low_order(y, curve_d):
    """Whether 8 times the point with this y is the neutral one, by the curve's own addition."""
    x_squared = (y * y - 1) * pow(curve_d * y * y + 1, -1, FIELD) % FIELD
    x = pow(x_squared, (FIELD + 3) // 8, FIELD)
    if (x * x - x_squared) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (x * x - x_squared) % FIELD:
        return False
    point = (x, y)
    for _ in range(3):
        point = double(point, curve_d)
    return point == (0, 1)


def double(point, curve_d):
    x, y = point
    product = curve_d * x * x * y * y % FIELD
    return (
        2 * x * y * pow(1 + product, -1, FIELD) % FIELD,
        (y * y + x * x) * pow(1 - product, -1, FIELD) % FIELD,
    )


def test_there_are_low_order_points_to_try():
    assert len(low_order_points()) >= 10


@pytest.mark.parametrize("point", low_order_points())
def test_a_key_of_low_order_is_refused(point):
    """Under such a key anybody can sign anything."""
    with pytest.raises(ValueError, match="not a safe point"):
        ed25519.public_key_from_text(ed25519.encode(point.to_bytes(32, "little")))


@pytest.mark.parametrize("y", [FIELD, FIELD + 3, 2**255 - 1])
def test_a_key_that_is_not_canonical_is_refused(y):
    with pytest.raises(ValueError, match="not a safe point"):
        ed25519.public_key_from_text(ed25519.encode(y.to_bytes(32, "little")))


def pem(private_key):
    return private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_key_may_be_written_as_pem():
    private_key = Ed25519PrivateKey.generate()
    raw = private_key.public_key().public_bytes_raw()
    assert ed25519.public_key_from_text(f"  {pem(private_key)}\n\n") == raw
    assert ed25519.is_signed_by(raw, signature=private_key.sign(MESSAGE), text=MESSAGE)


GOOD = base64.b64encode(bytes.fromhex(VECTORS[0][0])).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD[:-1],
        GOOD + "=",
        GOOD[:20] + "\n" + GOOD[20:],
        GOOD.replace("/", "_"),
        GOOD[:-2] + chr(ord(GOOD[-2]) + 1) + "=",
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 64).decode(),
        "é" * 44,
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\né\n-----END PUBLIC KEY-----",
        pem(generate_private_key(SECP256R1())),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError):
        ed25519.public_key_from_text(text)
