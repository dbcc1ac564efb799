"""A client's contact details in memory: `Secret`, which never shows itself by accident, and `Contact`.

Promise: between form and seal a name or a phone number is a `Secret`, so that no log, error, dump or pickle of
what holds it shows it (privacy.md, What must not be printed).
"""

import hmac
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from chassis.decisions import Refusal, Refused

T = TypeVar("T")

NAME_LENGTH = 100
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Secret(Generic[T]):
    """A value that shows itself only when asked by `reveal()`: not printed, formatted, pickled or dumped."""

    __slots__ = ("_value",)
    _value: T

    def __init__(self, value: T) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> T:
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = self._value, other._value
        if isinstance(mine, str) and isinstance(theirs, str):
            return hmac.compare_digest(mine.encode(errors="surrogatepass"), theirs.encode(errors="surrogatepass"))
        return bool(mine == theirs)

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __copy__(self) -> "Secret[T]":
        return self

    def __deepcopy__(self, memo: object) -> "Secret[T]":
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A form's model may hold one: made from the value, never dumped to JSON."""
        (inner,) = getattr(source, "__args__", (str,))
        made = core_schema.no_info_after_validator_function(cls, handler.generate_schema(inner))
        return core_schema.json_or_python_schema(
            json_schema=made,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), made]),
            serialization=core_schema.plain_serializer_function_ser_schema(_not_dumped, when_used="json"),
        )


def _not_dumped(_: object) -> NoReturn:
    raise TypeError("a secret is not dumped to JSON")


@dataclass(frozen=True)
class NameNotValid(Refusal):
    """The name has none or more than 100 characters, or characters that no name has."""

    code = "name-not-valid"
    sentence_en = "Give the client's name: at most 100 characters, letters and ordinary punctuation."
    sentence_fi = "Anna asiakkaan nimi: enintään 100 merkkiä, kirjaimia ja tavallisia välimerkkejä."
    status = 422
    reason = "invalid"
    field = "/name"


@dataclass(frozen=True)
class PhoneNotValid(Refusal):
    """The phone number is not E.164."""

    code = "phone-not-valid"
    sentence_en = "Give the phone number with its country code, for example +358401234567."
    sentence_fi = "Anna puhelinnumero maakoodin kanssa, esimerkiksi +358401234567."
    status = 422
    reason = "invalid"
    field = "/phone"


@dataclass(frozen=True)
class Contact:
    """Name and phone number (E.164) of a client, nothing else. Raises `Refused` where they are not valid."""

    name: Secret[str]
    phone: Secret[str]

    def __post_init__(self) -> None:
        if not _is_name(self.name.reveal()):
            raise Refused(NameNotValid())
        if not _PHONE.fullmatch(self.phone.reveal()):
            raise Refused(PhoneNotValid())


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= NAME_LENGTH and bool(name.strip())
        and not any(c in _BIDIRECTIONAL or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)
        and unicodedata.is_normalized("NFC", name)
    )


def to_text(contact: Contact) -> bytes:
    """The details as UTF-8 JSON, about to be encrypted."""
    told = {"name": contact.name.reveal(), "phone": contact.phone.reveal()}
    return json.dumps(told, ensure_ascii=False).encode()


def from_text(text: bytes) -> Contact:
    """Raises ValueError or `Refused` for anything but the two fields and spaces behind them."""
    read = json_object(text.rstrip(b" "))
    if read.keys() != {"name", "phone"} or not all(isinstance(v, str) for v in read.values()):
        raise ValueError("not contact details")
    return Contact(Secret(read["name"]), Secret(read["phone"]))


def json_object(text: bytes) -> dict[str, Any]:
    """One JSON object with no name twice; raises ValueError."""
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs):
            raise ValueError("a name twice")
        return found

    read = json.loads(text, object_pairs_hook=once)
    if not isinstance(read, dict):
        raise ValueError("not an object")
    return read
