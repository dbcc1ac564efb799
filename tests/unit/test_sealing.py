"""Sealed contact details open for one key, referral and consent alone; jwcrypto is the second implementation."""

import base64
import copy
import json
import pickle
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto import jwe as other_jwe
from jwcrypto import jwk as other_jwk
from jwcrypto.common import JWSEHeaderParameter
from pydantic import BaseModel, ConfigDict

from chassis.contact import Contact, Secret
from chassis.decisions import Refused
from chassis.sealing import (
    decrypt_own_copy,
    encrypt_own_copy,
    make_own_copy_key,
    make_receiving_key,
    open_sealed,
    seal,
)

REFERRAL = "019cad66-7df2-7131-9df2-6c3514000d8e"
CONSENT = "019cad66-82e4-7090-9e14-ce9d3bf4f15a"
KEY = "2f95f108-decf-4b77-8411-388737b01e2c"
NAME, PHONE = "Aino Esimerkki", "+358415550123"
PRIVATE, PUBLIC = make_receiving_key()
PLAIN = json.dumps({"name": NAME, "phone": PHONE}).encode().ljust(512)


def contact(name: str = NAME, phone: str = PHONE) -> Contact:
    return Contact(Secret(name), Secret(phone))


def header(**changed: Any) -> dict[str, Any]:
    whole = {
        "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": KEY, "typ": "yhdyspinta-contact",
        "referral_id": REFERRAL, "consent_id": CONSENT, **changed,
    }
    return {n: v for n, v in whole.items() if v is not None}


def sealed_elsewhere(plain: bytes = PLAIN, **changed: Any) -> str:
    """A JWE as jwcrypto makes it, with whatever header is asked for."""
    registry = {n: JWSEHeaderParameter(n, False, True, None) for n in ("referral_id", "consent_id", "x")}
    token = other_jwe.JWE(plain, json.dumps(header(**changed)), header_registry=registry)
    token.add_recipient(other_jwk.JWK(**PUBLIC))
    return str(token.serialize(compact=True))


def refused(token: Any, referral: str = REFERRAL, consent: str = CONSENT, key: str = KEY) -> str:
    with pytest.raises(Refused) as raised:
        open_sealed(token, PRIVATE, referral, consent, key)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert NAME not in str(raised.value)
    return raised.value.refusal.reason


def part(text: bytes | dict[str, Any]) -> str:
    raw = json.dumps(text).encode() if isinstance(text, dict) else text
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def text(told: Any) -> bytes:
    return (told if isinstance(told, bytes) else json.dumps(told).encode()).ljust(512)


def with_header(change: Callable[[dict[str, Any]], Any]) -> str:
    first, *rest = seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY).split(".")
    read = json.loads(base64.urlsafe_b64decode(first + "=="))
    change(read)
    return ".".join([part(read), *rest])


def test_what_is_sealed_opens_with_the_private_key_of_the_referral() -> None:
    token = seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY)
    assert open_sealed(token, PRIVATE, REFERRAL, CONSENT, KEY) == contact()
    assert len(token) == 1_182
    assert NAME not in token


def test_another_implementation_opens_what_we_seal() -> None:
    registry = {n: JWSEHeaderParameter(n, False, True, None) for n in ("referral_id", "consent_id")}
    token = other_jwe.JWE(header_registry=registry)
    private = json.loads(PRIVATE.reveal())
    token.deserialize(seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY), other_jwk.JWK(**private))
    assert len(token.payload) == 512
    assert json.loads(token.payload) == {"name": NAME, "phone": PHONE}
    read = json.loads(token.objects["protected"])
    assert read.pop("epk").keys() == {"kty", "crv", "x"}
    assert read == header()


def test_we_open_what_another_implementation_seals() -> None:
    assert open_sealed(sealed_elsewhere(), PRIVATE, REFERRAL, CONSENT, KEY) == contact()


@given(st.text(st.characters(codec="utf-8"), max_size=120))
def test_every_valid_contact_comes_back_and_all_seals_are_of_one_length(name: str) -> None:
    try:
        made = contact(name)
    except Refused:
        return
    token = seal(made, PUBLIC, REFERRAL, CONSENT, KEY)
    assert open_sealed(token, PRIVATE, REFERRAL, CONSENT, KEY) == made
    assert len(token) == 1_182
    key = make_own_copy_key()
    assert decrypt_own_copy(encrypt_own_copy(made, key, REFERRAL), key, REFERRAL) == made


HOSTILE: dict[str, Callable[[], Any]] = {
    "nothing": lambda: "",
    "no text": lambda: None,
    "bytes": lambda: seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY).encode(),
    "dots": lambda: "....",
    "four parts": lambda: "a.b.c.d",
    "six parts": lambda: seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY) + ".e",
    "not ascii": lambda: "ä" + seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY)[1:],
    "too long": lambda: seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY) + "A" * 100_000,
    "header no base64": lambda: "a.b.c.d.e",
    "header no json": lambda: part(b"{") + ".b.c.d.e",
    "header a list": lambda: part(b"[]") + ".b.c.d.e",
    "header nested deep": lambda: part(b"[" * 2_900) + ".b.c.d.e",
    "header not utf-8": lambda: part(b'{"alg": "\xff"}') + ".b.c.d.e",
    "header says a name twice": lambda: part(
        b'{"alg":"dir",' + json.dumps(header(epk=PUBLIC)).encode()[1:]) + "." + sealed_elsewhere().split(".", 1)[1],
    "whitespace in the header": lambda: part(b" " + base64.urlsafe_b64decode(
        seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY).split(".")[0] + "==")) + "."
        + seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY).split(".", 1)[1],
    "zip": lambda: sealed_elsewhere(zip="DEF"),
    "zip bomb": lambda: sealed_elsewhere(zlib.compress(b" " * 50_000_000)[2:-4], zip="DEF"),
    "zip in the header alone": lambda: with_header(lambda h: h.update(zip="DEF")),
    "alg without wrap": lambda: sealed_elsewhere(alg="ECDH-ES"),
    "weaker wrap": lambda: sealed_elsewhere(alg="ECDH-ES+A128KW"),
    "weaker enc": lambda: sealed_elsewhere(enc="A128GCM"),
    "cbc": lambda: sealed_elsewhere(enc="A256CBC-HS512"),
    "alg none": lambda: with_header(lambda h: h.update(alg="none")),
    "alg dir": lambda: with_header(lambda h: h.update(alg="dir")),
    "alg a list": lambda: with_header(lambda h: h.update(alg=["ECDH-ES+A256KW"])),
    "huge p2c": lambda: with_header(lambda h: h.update(alg="PBES2-HS512+A256KW", p2s="AAAA", p2c=2**31)),
    "p2c beside": lambda: with_header(lambda h: h.update(p2c=2**31)),
    "crit": lambda: with_header(lambda h: h.update(crit=["exp"], exp=1)),
    "jwk": lambda: with_header(lambda h: h.update(jwk=PUBLIC)),
    "jku": lambda: with_header(lambda h: h.update(jku="https://example.invalid")),
    "x5u": lambda: with_header(lambda h: h.update(x5u="https://example.invalid")),
    "apu": lambda: sealed_elsewhere(apu="QWxpY2U"),
    "cty": lambda: sealed_elsewhere(cty="JWT"),
    "an unknown member": lambda: sealed_elsewhere(x="1"),
    "no typ": lambda: sealed_elsewhere(typ=None),
    "another typ": lambda: sealed_elsewhere(typ="JWT"),
    "no kid": lambda: sealed_elsewhere(kid=None),
    "another kid": lambda: sealed_elsewhere(kid=REFERRAL),
    "kid a number": lambda: sealed_elsewhere(kid=1),
    "no referral": lambda: sealed_elsewhere(referral_id=None),
    "another referral": lambda: sealed_elsewhere(referral_id=CONSENT),
    "no consent": lambda: sealed_elsewhere(consent_id=None),
    "another consent": lambda: sealed_elsewhere(consent_id=REFERRAL),
    "no epk": lambda: with_header(lambda h: h.pop("epk")),
    "epk null": lambda: with_header(lambda h: h.update(epk=None)),
    "epk of another curve": lambda: with_header(lambda h: h["epk"].update(crv="Ed25519")),
    "epk of another type": lambda: with_header(lambda h: h["epk"].update(kty="EC", crv="P-256")),
    "epk too short": lambda: with_header(lambda h: h["epk"].update(x="AA")),
    "epk of low order": lambda: with_header(lambda h: h["epk"].update(x="A" * 43)),
    "epk with a private half": lambda: with_header(lambda h: h["epk"].update(d="A" * 43)),
    "epk another point": lambda: with_header(lambda h: h["epk"].update(x=PUBLIC["x"])),
    "511 bytes": lambda: sealed_elsewhere(PLAIN[:-1]),
    "513 bytes": lambda: sealed_elsewhere(PLAIN + b" "),
    "no padding": lambda: sealed_elsewhere(PLAIN.rstrip()),
    "padded with zeros": lambda: sealed_elsewhere(PLAIN.rstrip().ljust(512, b"\0")),
    "padded in front": lambda: sealed_elsewhere(PLAIN.rstrip().rjust(512, b"\0")),
    "nothing inside": lambda: sealed_elsewhere(b" " * 512),
    "no json inside": lambda: sealed_elsewhere(b"Aino".ljust(512)),
    "a list inside": lambda: sealed_elsewhere(text([NAME, PHONE])),
    "a field more": lambda: sealed_elsewhere(text({"name": NAME, "phone": PHONE, "note": "x"})),
    "a field less": lambda: sealed_elsewhere(text({"name": NAME})),
    "a field twice": lambda: sealed_elsewhere(f'{{"name":"x","name":"{NAME}","phone":"{PHONE}"}}'.encode().ljust(512)),
    "a field null": lambda: sealed_elsewhere(text({"name": None, "phone": PHONE})),
    "a phone that is none": lambda: sealed_elsewhere(text({"name": NAME, "phone": "0415550123"})),
    "bidirectional name": lambda: sealed_elsewhere(text({"name": "A\u202eB", "phone": PHONE})),
    "lone surrogate": lambda: sealed_elsewhere(text({"name": "\ud800", "phone": PHONE})),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_token_has_one_reason(case: str) -> None:
    assert refused(HOSTILE[case]()) == "unreadable-seal"


def test_a_seal_of_another_referral_consent_or_key_does_not_open() -> None:
    token = seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY)
    assert refused(token, referral=CONSENT) == "unreadable-seal"
    assert refused(token, consent=REFERRAL) == "unreadable-seal"
    assert refused(token, key=CONSENT) == "unreadable-seal"


def test_a_changed_bit_anywhere_does_not_open() -> None:
    token = seal(contact(), PUBLIC, REFERRAL, CONSENT, KEY)
    for at in range(0, len(token), 7):
        if token[at] != ".":
            assert refused(token[:at] + ("A" if token[at] != "A" else "Q") + token[at + 1:]) == "unreadable-seal"


@pytest.mark.parametrize("key", [
    {}, {"kty": "OKP", "crv": "X25519"}, {**PUBLIC, "crv": "Ed25519"}, {**PUBLIC, "d": "A" * 43},
    {**PUBLIC, "x": "A" * 42}, {**PUBLIC, "x": "A" * 43}, {**PUBLIC, "kid": "1"}, {**PUBLIC, "x": 1},
])
def test_nothing_is_sealed_to_what_is_no_key(key: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        seal(contact(), key, REFERRAL, CONSENT, KEY)
    assert raised.value.refusal.reason == "unproven-key"


@pytest.mark.parametrize("name", [
    "", " ", "\u3000", "A" * 101, "A\u0308", "A\nB", "A\0", "\u200fA", "\u061c", "\u2066A", "\ud800", "\u0085",
])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused) as raised:
        contact(name)
    assert raised.value.refusal.code == "name-not-valid"


@pytest.mark.parametrize("name", ["Å", "Áilu Áilegas", "Jean-Luc d'Exemple", "李明", "A" * 100, "Zoë 𐍈"])
def test_a_name_of_any_script_is_taken(name: str) -> None:
    assert contact(name).name.reveal() == name


@pytest.mark.parametrize("phone", [
    "", "0415550123", "+0415550123", "+358 41 5550123", "+35841555012\n", "+" + "1" * 16, "+12345", "+٣٥٨٤١٥٥٥٠١٢٣",
])
def test_a_phone_number_that_is_not_e164_is_refused(phone: str) -> None:
    with pytest.raises(Refused) as raised:
        contact(phone=phone)
    assert raised.value.refusal.code == "phone-not-valid"


def test_a_secret_does_not_show_itself() -> None:
    who = contact()
    printed = (repr(who), str(who), f"{who}", f"{who.name}", f"{who.phone!s:>20}", repr(asdict(who)), repr([who.name]))
    for shown in printed:
        assert NAME not in shown
        assert PHONE not in shown
    hidden: Any = who.name
    for dumped in (
        lambda: json.dumps(who.name), lambda: orjson.dumps(who.name), lambda: orjson.dumps(who),
        lambda: pickle.dumps(who), lambda: hash(who.name), lambda: iter(hidden), lambda: hidden + "",
        lambda: len(hidden), lambda: vars(who.name),
    ):
        with pytest.raises(TypeError):
            dumped()
    assert copy.deepcopy(who) == who
    assert who.name != NAME
    assert who.name != Secret("Onni Esimerkki")


class Form(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    name: Secret[str]


def test_a_form_may_hold_a_secret_and_never_dumps_it() -> None:
    form = Form.model_validate({"name": NAME})
    assert form.name == Form(name=Secret(NAME)).name == Form.model_validate_json(json.dumps({"name": NAME})).name
    assert form.name.reveal() == NAME
    assert NAME not in repr(form) + str(form.model_dump())
    with pytest.raises(Exception, match="not dumped") as raised:
        form.model_dump_json()
    assert NAME not in str(raised.value)


def test_the_own_copy_opens_with_its_key_and_referral_alone() -> None:
    key = make_own_copy_key()
    stored = encrypt_own_copy(contact(), key, REFERRAL)
    assert decrypt_own_copy(stored, key, REFERRAL) == contact()
    assert len(stored) == 12 + 256 + 16 == len(encrypt_own_copy(contact("A"), key, REFERRAL))
    assert len(encrypt_own_copy(contact("𐍈" * 100), key, REFERRAL)) == 12 + 512 + 16
    for hostile, with_key, referral in (
        (stored, make_own_copy_key(), REFERRAL), (stored, key, CONSENT), (stored[:-1], key, REFERRAL),
        (b"", key, REFERRAL), (stored[:12], key, REFERRAL), (bytes(len(stored)), key, REFERRAL),
    ):
        with pytest.raises(Refused) as raised:
            decrypt_own_copy(hostile, with_key, referral)
        assert raised.value.refusal.reason == "unreadable-seal"
