"""Proofs: a signature of coaching over an offer or an acknowledgement, checked with keys exchanged by hand.

Promise: a proof holds for exactly the event it stands in, and only with a key that lies in the reader's trust
folder under the event's source (`trust/<organisation>/<system>/<kid>.jwk`). Keys are never learnt from a topic
or a header. Whatever is wrong has one reason, `unproven-key` (events.md, Proof).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ValidationError

from chassis import security
from chassis.contact import json_object
from chassis.decisions import Refused
from chassis.sealing import UnprovenKey, header_of, is_public
from chassis.secret_files import make_secret, read_secret
from chassis.settings import SettingsError
from contracts.envelope import Data, type_of

D = TypeVar("D", bound=Data)

ALGORITHM: Literal["Ed25519"] = "Ed25519"
TYPE = "yhdyspinta-proof"
SIGNING_KEY = "signing-key.jwk"
"""Name of the secret file."""

_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SOURCE = re.compile(r"/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})")


@dataclass(frozen=True)
class SigningKey:
    """A service's private key for proofs; `kid` names the file of its public half."""

    kid: str
    _key: OKPKey

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"


def make_signing_key(secrets: Path, trust: Path, organisation: str, system: str) -> str:
    """Gives a service its signing key and puts the public half into the trust folder; returns the `kid`.

    A key that is there stays, so that the set-up can be run again.
    """
    if not (secrets / SIGNING_KEY).exists():
        made = OKPKey.generate_key(ALGORITHM, private=True)
        private = made.as_dict(private=True)
        jwk = {n: private[n] for n in ("kty", "crv", "x", "d")} | {"kid": made.thumbprint()}
        make_secret(secrets / SIGNING_KEY, json.dumps(jwk).encode())
    key = load_signing_key(secrets)
    public = key._key.as_dict(private=False)
    trust_key(trust, organisation, system, key.kid, {n: str(public[n]) for n in ("kty", "crv", "x")})
    return key.kid


def load_signing_key(secrets: Path) -> SigningKey:
    """The key in the secret file. Raises `SettingsError` where it is missing, open to others or no such key."""
    read = json_object(read_secret(secrets / SIGNING_KEY))
    try:
        key = OKPKey.import_key({n: read[n] for n in ("kty", "crv", "x", "d")})
        if key.curve_name != ALGORITHM or not _KID.fullmatch(read["kid"]):
            raise ValueError("another key")
        return SigningKey(read["kid"], key)
    except (JoseError, ValueError, KeyError, TypeError):
        raise SettingsError(f"The secret file {SIGNING_KEY} holds no {ALGORITHM} key. Make a new one.") from None


def trust_key(trust: Path, organisation: str, system: str, kid: str, public: Mapping[str, str]) -> Path:
    """Writes a system's public key, received by hand, into the trust folder. Raises ValueError for another key."""
    if not is_public(public, ALGORITHM) or not _KID.fullmatch(kid):
        raise ValueError(f"not a public {ALGORITHM} key")
    if not _SOURCE.fullmatch(f"/{organisation}/{system}"):
        raise ValueError("not an organisation and a system")
    path = trust / organisation / system / f"{kid}.jwk"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(public)) + "\n")
    return path


def prove(data: Data | Mapping[str, Any], event_type: str, source: str, key: SigningKey) -> str:
    """Compact JWS over type, source and all fields of the event but the proof itself."""
    payload = orjson.dumps({"type": event_type, "source": source, **_fields(data)}, option=orjson.OPT_UTC_Z)
    head = {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}
    return jws.serialize_compact(head, payload, key._key, algorithms=[ALGORITHM])


def proved(model: type[D], source: str, key: SigningKey, **fields: Any) -> D:
    """The event with its proof in it."""
    proof = prove(fields, type_of(model), source, key)
    return model.model_validate({**fields, "proof": proof})


def verify(proof: str, data: Data, event_type: str, source: str, trust: Path, reader: str = "-") -> None:
    """Returns when the proof is a trusted signature of `source` over this very event.

    Raises `Refused` (`unproven-key`) else, an alarm of the service that reads it (`reader`). Moments are compared as
    instants, however they are spelled; null and left out are one. A trust folder that can't be read is an OSError.
    """
    try:
        signed = _signed(proof, source, trust)
        if signed.pop("type", None) != event_type or signed.pop("source", None) != source or "proof" in signed:
            raise ValueError("another event")
        if type(data).model_validate_json(orjson.dumps({**signed, "proof": proof})) != data:
            raise ValueError("another field")
    except (JoseError, ValidationError, ValueError, KeyError, TypeError, FileNotFoundError, RecursionError):
        security.alarm("unproven-key", reader, who=source, about=event_type)
        raise Refused(UnprovenKey()) from None


def _signed(proof: str, source: str, trust: Path) -> dict[str, Any]:
    header = header_of(proof, parts=3)
    kid, origin = header.pop("kid", None), _SOURCE.fullmatch(source)
    if header != {"alg": ALGORITHM, "typ": TYPE} or not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise ValueError("another header")
    if origin is None:
        raise ValueError("no source")
    public = json_object((trust / origin[1] / origin[2] / f"{kid}.jwk").read_bytes())
    if not is_public(public, ALGORITHM):
        raise ValueError("no public key")
    return json_object(jws.deserialize_compact(proof, OKPKey.import_key(public), algorithms=[ALGORITHM]).payload)


def _fields(data: Data | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json", exclude_none=True)
    return {n: _plain(v) for n, v in data.items() if n != "proof" and v is not None}


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_none=True) if isinstance(value, BaseModel) else value
