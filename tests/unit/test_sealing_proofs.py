"""A proof holds for one event and a key exchanged by hand; jwcrypto is the second implementation."""

import base64
import hmac
import json
import logging
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jwcrypto import jwk as other_jwk
from jwcrypto import jws as other_jws

from chassis.decisions import Refused
from chassis.proofs import (
    SigningKey,
    load_signing_key,
    make_signing_key,
    prove,
    proved,
    trust_key,
    verify,
)
from chassis.settings import SettingsError
from contracts.envelope import Data, type_of
from contracts.fields import Jws, KeyId, Moment, ReferralId

REFERRAL = ReferralId("019cad66-7df2-7131-9df2-6c3514000d8e")
KEY = KeyId("2f95f108-decf-4b77-8411-388737b01e2c")
SOURCE = "/municipal/coaching"
AT = datetime(2026, 3, 2, 7, 15, 2, 500_000, tzinfo=UTC)


class KeyOffered(Data):
    KEY = "referral_id"
    referral_id: ReferralId
    key_id: KeyId
    public_key: dict[str, str]
    offered_at: Moment
    until: Moment | None = None
    proof: Jws


TYPE = type_of(KeyOffered)
FIELDS: dict[str, Any] = {
    "referral_id": REFERRAL, "key_id": KEY, "offered_at": AT,
    "public_key": {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("set-up") / "secrets"


@pytest.fixture(scope="module")
def trust(secrets: Path) -> Path:
    make_signing_key(secrets, secrets.parent / "trust", "municipal", "coaching")
    return secrets.parent / "trust"


@pytest.fixture(scope="module")
def key(secrets: Path, trust: Path) -> SigningKey:
    return load_signing_key(secrets)


def refused(proof: Any, data: Data, trust: Path, event_type: str = TYPE, source: str = SOURCE) -> str:
    with pytest.raises(Refused) as raised:
        verify(proof, data, event_type, source, trust)
    assert raised.value.__suppress_context__
    return raised.value.refusal.reason


def test_an_event_is_proved_with_the_key_that_lies_in_the_trust_folder(key: SigningKey, trust: Path) -> None:
    event = proved(KeyOffered, SOURCE, key, **FIELDS)
    verify(event.proof, event, TYPE, SOURCE, trust)
    assert (trust / "municipal" / "coaching" / f"{key.kid}.jwk").exists()


def test_another_implementation_verifies_our_proof(key: SigningKey, trust: Path) -> None:
    token = other_jws.JWS()
    event = proved(KeyOffered, SOURCE, key, **FIELDS)
    token.deserialize(event.proof)
    trusted = json.loads((trust / "municipal" / "coaching" / f"{key.kid}.jwk").read_text())
    token.verify(other_jwk.JWK(**trusted))
    assert json.loads(token.payload) == {
        "type": TYPE, "source": SOURCE, **FIELDS, "offered_at": "2026-03-02T07:15:02.500000Z",
    } == {"type": TYPE, "source": SOURCE, **json.loads(event.model_dump_json(exclude={"proof"}, exclude_none=True))}
    assert token.jose_header == {"alg": "Ed25519", "kid": key.kid, "typ": "yhdyspinta-proof"}


def signed(secrets: Path, payload: bytes | dict[str, Any], **changed: Any) -> str:
    """A JWS by jwcrypto with the trusted key, with whatever header and payload are asked for."""
    private = json.loads((secrets / "signing-key.jwk").read_text())
    head = {"alg": "Ed25519", "kid": private["kid"], "typ": "yhdyspinta-proof", **changed}
    token = other_jws.JWS(json.dumps(payload) if isinstance(payload, dict) else payload)
    token.allowed_algs = ["Ed25519", "EdDSA", "HS256"]
    token.add_signature(
        other_jwk.JWK(**{n: private[n] for n in ("kty", "crv", "x", "d")}),
        protected=json.dumps({n: v for n, v in head.items() if v is not None}),
    )
    return str(token.serialize(compact=True))


def told(**changed: Any) -> dict[str, Any]:
    whole = {"type": TYPE, "source": SOURCE, **FIELDS, "offered_at": "2026-03-02T09:15:02.5+02:00", **changed}
    return {n: v for n, v in whole.items() if v is not None}


def test_we_verify_another_implementations_proof_however_it_spells_a_moment(secrets: Path, trust: Path) -> None:
    proof = signed(secrets, told())
    verify(proof, KeyOffered(**FIELDS, proof=proof), TYPE, SOURCE, trust)
    elsewhere = FIELDS | {"offered_at": AT.astimezone(timezone(timedelta(hours=2)))}
    verify(proof, KeyOffered(**elsewhere, proof=proof), TYPE, SOURCE, trust)
    proof = signed(secrets, told() | {"until": None})
    verify(proof, KeyOffered(**FIELDS, proof=proof), TYPE, SOURCE, trust)


PAYLOADS: dict[str, bytes | dict[str, Any]] = {
    "another type": told(type="fi.yhdyspinta.ContactDetailsErased.v1"), "no type": told(type=None),
    "another source": told(source="/tampere-region/referral"), "no source": told(source=None),
    "another referral": told(referral_id=KEY), "another key": told(key_id=REFERRAL), "a field less": told(key_id=None),
    "a field more": told(note="x"), "an optional field more": told(until="2026-03-02T09:15:02.5+02:00"),
    "another moment": told(offered_at="2026-03-02T09:15:03+02:00"),
    "a moment without zone": told(offered_at="2026-03-02T09:15:02.5"),
    "another public key": told(public_key={"kty": "OKP", "crv": "X25519", "x": "B" * 43}),
    "a proof inside": told(proof="a.b." + "A" * 86), "a list": b"[]", "no json": b"x", "nothing": b"",
    "not utf-8": b'{"type": "\xff"}', "nested deep": b"[" * 2_500,
    "a field twice": json.dumps(told()).encode()[:-1] + b',"key_id":"x"}',
}


@pytest.mark.parametrize("case", PAYLOADS)
def test_a_proof_of_something_else_is_refused(case: str, secrets: Path, trust: Path) -> None:
    proof = signed(secrets, PAYLOADS[case])
    event = KeyOffered.model_construct(**FIELDS, until=None, proof=proof)
    assert refused(proof, event, trust) == "unproven-key"


def part(value: bytes | dict[str, Any]) -> str:
    raw = json.dumps(value).encode() if isinstance(value, dict) else value
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hmac(secrets: Path, trust: Path) -> str:
    """Algorithm confusion: the public key's bytes as a secret of HS256."""
    kid = json.loads((secrets / "signing-key.jwk").read_text())["kid"]
    public = (trust / "municipal" / "coaching" / f"{kid}.jwk").read_bytes()
    text = part({"alg": "HS256", "kid": kid, "typ": "yhdyspinta-proof"}) + "." + part(told())
    return text + "." + part(hmac.digest(public, text.encode(), "sha256"))


def header_changed(secrets: Path, **changed: Any) -> str:
    head, payload, signature = signed(secrets, told()).split(".")
    read = json.loads(base64.urlsafe_b64decode(head + "==")) | changed
    return ".".join([part(read), payload, signature])


HOSTILE: dict[str, Callable[[Path, Path], Any]] = {
    "nothing": lambda s, t: "",
    "no text": lambda s, t: None,
    "too long": lambda s, t: signed(s, told(note="x" * 10_000)),
    "two parts": lambda s, t: signed(s, told()).rsplit(".", 1)[0],
    "no signature": lambda s, t: signed(s, told()).rsplit(".", 1)[0] + ".",
    "another signature": lambda s, t: signed(s, told()).rsplit(".", 1)[0] + "." + "A" * 86,
    "alg none": lambda s, t: part({"alg": "none", "kid": "x", "typ": "yhdyspinta-proof"}) + "." + part(told()) + ".",
    "alg none with the kid": lambda s, t: header_changed(s, alg="none"),
    "alg EdDSA": lambda s, t: signed(s, told(), alg="EdDSA"),
    "hmac with the public key": by_hmac,
    "another typ": lambda s, t: signed(s, told(), typ="JWT"),
    "no typ": lambda s, t: signed(s, told(), typ=None),
    "no kid": lambda s, t: signed(s, told(), kid=None),
    "an unknown kid": lambda s, t: signed(s, told(), kid="A" * 43),
    "a kid that is a path": lambda s, t: signed(s, told(), kid="../coaching/x"),
    "a kid with a null": lambda s, t: signed(s, told(), kid="x\0"),
    "an empty kid": lambda s, t: signed(s, told(), kid=""),
    "a kid that is a list": lambda s, t: header_changed(s, kid=["x"]),
    "crit": lambda s, t: header_changed(s, crit=["b64"], b64=False),
    "jwk": lambda s, t: signed(s, told(), jwk={"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
    "jku": lambda s, t: signed(s, told(), jku="https://example.invalid/keys"),
    "x5u": lambda s, t: signed(s, told(), x5u="https://example.invalid/key"),
    "cty": lambda s, t: signed(s, told(), cty="JWT"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_proof_has_one_reason(case: str, secrets: Path, trust: Path) -> None:
    proof = HOSTILE[case](secrets, trust)
    assert refused(proof, KeyOffered.model_construct(**FIELDS, until=None, proof=proof), trust) == "unproven-key"


def test_a_key_trusted_for_another_source_proves_nothing(key: SigningKey, trust: Path) -> None:
    event = proved(KeyOffered, "/municipal/feedback", key, **FIELDS)
    assert refused(event.proof, event, trust, source="/municipal/feedback") == "unproven-key"
    for source in ("/municipal", "municipal/coaching", "/municipal/../municipal/coaching", "/municipal/coaching/"):
        forged = prove(FIELDS, TYPE, source, key)
        assert refused(forged, event.model_copy(update={"proof": forged}), trust, source=source) == "unproven-key"


def test_a_key_of_ones_own_proves_nothing(tmp_path: Path, trust: Path) -> None:
    make_signing_key(tmp_path / "secrets", tmp_path / "trust", "municipal", "coaching")
    event = proved(KeyOffered, SOURCE, load_signing_key(tmp_path / "secrets"), **FIELDS)
    verify(event.proof, event, TYPE, SOURCE, tmp_path / "trust")
    assert refused(event.proof, event, trust) == "unproven-key"


def test_a_bad_proof_is_told_in_the_security_log_without_a_value(trust: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "yhdyspinta.security"):
        refused("x.y.z", KeyOffered.model_construct(**FIELDS, until=None, proof="x.y.z"), trust)
    assert [TYPE in r.getMessage() for r in caplog.records] == [True]
    assert REFERRAL not in caplog.text


def test_a_private_key_in_the_trust_folder_is_not_trusted(key: SigningKey, secrets: Path, tmp_path: Path) -> None:
    path = tmp_path / "municipal" / "coaching" / f"{key.kid}.jwk"
    path.parent.mkdir(parents=True)
    path.write_bytes((secrets / "signing-key.jwk").read_bytes())
    event = proved(KeyOffered, SOURCE, key, **FIELDS)
    assert refused(event.proof, event, tmp_path) == "unproven-key"


def test_making_the_signing_key_again_keeps_it(secrets: Path, trust: Path, key: SigningKey) -> None:
    assert make_signing_key(secrets, trust, "municipal", "coaching") == key.kid
    assert stat.S_IMODE((secrets / "signing-key.jwk").stat().st_mode) == 0o600
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert [p.name for p in secrets.iterdir()] == ["signing-key.jwk"]
    private = json.loads((secrets / "signing-key.jwk").read_text())["d"]
    assert private not in repr(key)
    assert private not in (trust / "municipal" / "coaching" / f"{key.kid}.jwk").read_text()


def test_a_signing_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_signing_key(tmp_path / "secrets", tmp_path / "trust", "municipal", "coaching")
    (tmp_path / "secrets" / "signing-key.jwk").chmod(0o644)
    with pytest.raises(SettingsError, match="open to others"):
        load_signing_key(tmp_path / "secrets")
    with pytest.raises(SettingsError, match="can't be read"):
        load_signing_key(tmp_path)


@pytest.mark.parametrize(("organisation", "system", "kid", "jwk"), [
    ("..", "x", "k", {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
    ("municipal", "coaching", "../k", {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
    ("municipal", "coaching", "k", {"kty": "OKP", "crv": "X25519", "x": "A" * 43}),
    ("municipal", "coaching", "k", {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "d": "A" * 43}),
])
def test_only_a_public_key_is_put_into_the_trust_folder(
    organisation: str, system: str, kid: str, jwk: dict[str, str], tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match="not a"):
        trust_key(tmp_path, organisation, system, kid, jwk)
    assert not list(tmp_path.iterdir())
