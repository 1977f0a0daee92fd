"""Ed25519 as RFC 8032 writes it down: slow, in plain integers, independent of ours.

Not for secrets that matter: nothing here takes the same time for every key.
"""

import hashlib

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)


def public_key(seed):
    return _encode(_multiply(_secret(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = _secret(seed)
    public = _encode(_multiply(scalar, BASE))
    nonce = _hash_to_scalar(prefix, message)
    commitment = _encode(_multiply(nonce, BASE))
    answer = (nonce + _hash_to_scalar(commitment, public, message) * scalar) % ORDER
    return commitment + answer.to_bytes(32, "little")


def verify(public, message, signature):
    """Whether the signature of 64 bytes is the key's over the message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = _decode(public), _decode(signature[:32])
    answer = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or answer >= ORDER:
        return False
    challenge = _hash_to_scalar(signature[:32], public, message)
    right = _add(commitment, _multiply(challenge, key))
    return _encode(_multiply(answer, BASE)) == _encode(right)


def _secret(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & (2**254 - 8) | 2**254, digest[32:]


def _hash_to_scalar(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


# Points are (X, Y, Z, T) with x = X / Z, y = Y / Z, x y = T / Z: section 5.1.4.


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * CURVE % PRIME
    d = 2 * one[2] * other[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _multiply(scalar, point):
    product = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = _add(product, point)
        point = _add(point, point)
        scalar >>= 1
    return product


def _encode(point):
    inverse = pow(point[2], PRIME - 2, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(data):
    """The point, or None if the bytes encode none: section 5.1.3."""
    number = int.from_bytes(data, "little")
    y, sign_of_x = number & (2**255 - 1), number >> 255
    if y >= PRIME:
        return None
    x = _x_of(y, sign_of_x)
    return None if x is None else (x, y, 1, x * y % PRIME)


def _x_of(y, sign_of_x):
    square = (y * y - 1) * pow(CURVE * y * y + 1, PRIME - 2, PRIME) % PRIME
    if square == 0:
        return None if sign_of_x else 0
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if x * x % PRIME != square:
        return None
    return PRIME - x if x & 1 != sign_of_x else x


def _base():
    y = 4 * pow(5, PRIME - 2, PRIME) % PRIME
    x = _x_of(y, 0)
    return x, y, 1, x * y % PRIME


BASE = _base()
