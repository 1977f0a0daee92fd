"""Tokens as a provider signs them, and as nobody should: RSA and HMAC with the standard library."""

import base64
import hashlib
import hmac
import json
import secrets

# DER of the algorithm: SHA-256, and the RSA keys of X.509.
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class RsaKey:
    """A fresh key of 2048 bits."""

    def __init__(self, key_id):
        self.id, self.e = key_id, 65537
        while True:
            p, q = _prime(), _prime()
            phi = (p - 1) * (q - 1)
            if p != q and phi % self.e:
                break
        self.n, self._d = p * q, pow(self.e, -1, phi)

    def sign(self, message):
        """PKCS #1 v1.5 with SHA-256."""
        digest = _SHA256 + hashlib.sha256(message).digest()
        padded = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self._d, self.n).to_bytes(256, "big")

    def jwk(self):
        n = self.n.to_bytes(256, "big")
        return {"kty": "RSA", "kid": self.id, "use": "sig", "n": b64(n), "e": b64(b"\1\0\1")}

    def der(self):
        key = _der(0x30, _integer(self.n) + _integer(self.e))
        return _der(0x30, _RSA + _der(3, b"\0" + key))

    def pem(self):
        text = base64.b64encode(self.der()).decode()
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        begin, end = (f"-----{word} PUBLIC KEY-----" for word in ("BEGIN", "END"))
        return ("\n".join([begin, *lines, end]) + "\n").encode()


def signed(header, claims, sign):
    """`claims` as members, or as text where members would not do."""
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    message = f"{b64(json.dumps(header).encode())}.{b64(payload.encode())}"
    return f"{message}.{b64(sign(message.encode()))}"


def hs256(secret):
    return lambda message: hmac.digest(secret, message, "sha256")


def _prime():
    while True:
        # Both highest bits, so that the product of two has 2048.
        candidate = secrets.randbits(1024) | 3 << 1022 | 1
        if all(candidate % small for small in _SMALL) and _is_prime(candidate):
            return candidate


_SMALL = [n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]


def _is_prime(n):
    """Miller and Rabin, with 40 bases."""
    twos = (n - 1 & 1 - n).bit_length() - 1
    odd = n - 1 >> twos
    for _ in range(40):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def _der(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _integer(number):
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))
