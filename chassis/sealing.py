"""Sealing: contact details go to the other side readable by one private key alone.

Promise: what is sealed opens with the private key of that one referral and consent. Whatever is wrong with a
seal has one reason, `unreadable-seal`, and never the error's text. The algorithms are ours, none is chosen by
the sender (privacy.md, Sealing; events.md, ContactDetailsSealed).
"""

import json
import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from chassis.contact import Contact, Secret, from_text, json_object, to_text
from chassis.decisions import Refusal, Refused

SEALED_BYTES, OWN_COPY_BYTES = 512, 256
"""Lengths that hide how long a name is: of the sealed text, and the step of the own copy's."""
MAX_TOKEN = 4_096
ALGORITHM, ENCRYPTION, TYPE = "ECDH-ES+A256KW", "A256GCM", "yhdyspinta-contact"

_REGISTRY = JWERegistry(
    header_registry={n: HeaderParameter(n, "str", required=True) for n in ("referral_id", "consent_id")},
    algorithms=[ALGORITHM, ENCRYPTION],
)
_POINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class UnreadableSeal(Refusal):
    """What was sealed does not open, or is not for this referral and consent."""

    code = reason = "unreadable-seal"
    sentence_en = "The sealed contact details can't be opened. Ask for them to be sealed again."
    sentence_fi = "Sinetöityjä yhteystietoja ei voi avata. Pyydä, että ne sinetöidään uudelleen."
    field = "/data/jwe"


@dataclass(frozen=True)
class UnprovenKey(Refusal):
    """The proof is not a trusted signature over this very event."""

    code = reason = "unproven-key"
    sentence_en = "The proof is not signed with a trusted key over these fields. Check the trust folder."
    sentence_fi = "Vahvistusta ei ole allekirjoitettu luotetulla avaimella näistä kentistä. Tarkista luotetut avaimet."
    field = "/data/proof"


def make_receiving_key() -> tuple[Secret[bytes], dict[str, str]]:
    """A one-time X25519 key pair: the private JWK as JSON, and the public JWK (`kty`, `crv`, `x`)."""
    key = OKPKey.generate_key("X25519", private=True)
    private = key.as_dict(private=True)
    return Secret(json.dumps({n: private[n] for n in ("kty", "crv", "x", "d")}).encode()), _public(private)


def _public(jwk: Mapping[str, Any]) -> dict[str, str]:
    return {n: str(jwk[n]) for n in ("kty", "crv", "x")}


def is_public(jwk: Any, curve: str) -> bool:
    return (
        isinstance(jwk, Mapping) and jwk.keys() == {"kty", "crv", "x"} and jwk["kty"] == "OKP"
        and jwk["crv"] == curve and isinstance(jwk["x"], str) and bool(_POINT.fullmatch(jwk["x"]))
    )


def seal(contact: Contact, public_jwk: Mapping[str, str], referral_id: str, consent_id: str, key_id: str) -> str:
    """Compact JWE of the contact details for a proved key. Raises `Refused` (`unproven-key`) for a key that is
    no X25519 point."""
    if not is_public(public_jwk, "X25519"):
        raise Refused(UnprovenKey())
    header = {
        "alg": ALGORITHM, "enc": ENCRYPTION, "kid": key_id, "typ": TYPE,
        "referral_id": referral_id, "consent_id": consent_id,
    }
    text = to_text(contact).ljust(SEALED_BYTES)
    try:
        return jwe.encrypt_compact(header, text, OKPKey.import_key(dict(public_jwk)), registry=_REGISTRY)
    except (JoseError, ValueError, KeyError):
        raise Refused(UnprovenKey()) from None


def open_sealed(token: str, private: Secret[bytes], referral_id: str, consent_id: str, key_id: str) -> Contact:
    """The contact details in a JWE, in memory alone. Raises `Refused` (`unreadable-seal`) for every other token:
    damaged, of another referral, consent or key, with another header, length or content."""
    try:
        header = header_of(token, parts=5)
        point = header.pop("epk", None)
        wanted = {
            "alg": ALGORITHM, "enc": ENCRYPTION, "kid": key_id, "typ": TYPE,
            "referral_id": referral_id, "consent_id": consent_id,
        }
        if header != wanted or not is_public(point, "X25519"):
            raise ValueError("another header")
        opened = jwe.decrypt_compact(token, OKPKey.import_key(json.loads(private.reveal())), registry=_REGISTRY)
        if opened.plaintext is None or len(opened.plaintext) != SEALED_BYTES:
            raise ValueError("another length")
        return from_text(opened.plaintext)
    except (JoseError, ValueError, KeyError, RecursionError, Refused):
        raise Refused(UnreadableSeal()) from None


def header_of(token: str, parts: int) -> dict[str, Any]:
    """The protected header of a compact token; raises ValueError. Looked at before any library is."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not token.isascii() or token.count(".") != parts - 1:
        raise ValueError("not a token")
    first = token.split(".", 1)[0]
    return json_object(urlsafe_b64decode(first + "=" * (-len(first) % 4)))


def make_own_copy_key() -> Secret[bytes]:
    """32 bytes that encrypt one referral's name and phone in referral's own table."""
    return Secret(AESGCM.generate_key(256))


def encrypt_own_copy(contact: Contact, key: Secret[bytes], referral_id: str) -> bytes:
    """Nonce and AES-256-GCM of the details, padded to a multiple of 256 bytes and bound to the referral."""
    text, nonce = to_text(contact), os.urandom(12)
    padded = text.ljust(-(-len(text) // OWN_COPY_BYTES) * OWN_COPY_BYTES)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, padded, referral_id.encode())


def decrypt_own_copy(stored: bytes, key: Secret[bytes], referral_id: str) -> Contact:
    """The details again; raises `Refused` (`unreadable-seal`) for another key, referral or damaged bytes."""
    try:
        return from_text(AESGCM(key.reveal()).decrypt(stored[:12], stored[12:], referral_id.encode()))
    except (InvalidTag, ValueError, Refused):
        raise Refused(UnreadableSeal()) from None
