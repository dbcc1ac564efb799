"""Refusals: why an event is not taken, told so that its sender can mend it [events.md, Refusals].

A refusal never carries a value of the record, nor a name that the schema does not know.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from contracts.events.rejections import Reason
from contracts.fields import EventId, Meaning
from contracts.leaves import Kind, locate

REASONS: tuple[Reason, ...] = get_args(Reason)
"""All reasons, in the order in which they are looked for."""

SENTENCES: Mapping[Reason, tuple[str, str]] = MappingProxyType(
    {
        "too-large": (
            "The record is too large: 65,536 bytes of value and 8,192 of headers are allowed. Send less in one event.",
            "Sanoma on liian suuri: arvo enintään 65 536 tavua, otsakkeet 8 192 tavua. Lähetä kerralla vähemmän.",
        ),
        "empty": (
            "The record has no value. Send the event as one JSON object.",
            "Sanomalla ei ole arvoa. Lähetä sanoma yhtenä JSON-objektina.",
        ),
        "not-json": (
            "The value must be one JSON object in UTF-8 without BOM, at most 32 levels deep, without NaN or Infinity.",
            "Arvon on oltava yksi JSON-objekti: UTF-8 ilman BOM-merkkiä, enintään 32 tasoa, ei NaN eikä Infinity.",
        ),
        "not-cloudevents": (
            "The record must be one CloudEvents 1.0 event, in structured or binary mode.",
            "Sanoman on oltava yksi CloudEvents 1.0 -sanoma, joko structured- tai binary-muodossa.",
        ),
        "not-the-writer": (
            "source must be the system that writes this topic. Send with your own source on your own topic.",
            "Kentän source on oltava tämän aiheen kirjoittaja. Lähetä omalla source-tunnuksella omaan aiheeseen.",
        ),
        "unknown-type": (
            "type must be an event of this topic. Take it from the topic's messages in the AsyncAPI document.",
            "Kentän type on oltava tämän aiheen sanoma. Tarkista se AsyncAPI-kuvauksesta.",
        ),
        "wrong-key": (
            "The record's key, subject and the id in data must be one. Send the id as key and as subject.",
            "Avaimen, kentän subject ja datan tunnuksen on oltava sama. Lähetä tunnus avaimena ja subject-kentässä.",
        ),
        "time-ahead": (
            "time must not be more than 5 minutes ahead. Check the sender's clock and send again.",
            "Kenttä time saa olla enintään 5 minuuttia edellä. Tarkista lähettäjän kello ja lähetä uudelleen.",
        ),
        "unknown-field": (
            "There is a field that the schema does not know, and this topic takes none. Leave it out.",
            "Sanomassa on kenttä, jota skeema ei tunne, eikä tämä aihe ota sellaisia. Jätä se pois.",
        ),
        "invalid": (
            "The data are not as the schema says. Compare them with it.",
            "Data ei ole skeeman mukainen. Vertaa sitä skeemaan.",
        ),
        "personal-data": (
            "There must be no personal identity code, phone number or e-mail address in it. Leave it out.",
            "Siinä ei saa olla henkilötunnusta, puhelinnumeroa eikä sähköpostiosoitetta. Jätä se pois.",
        ),
        "unknown-code": (
            "No plan in force knows the code. Take one from the list of codes, or wait for the plan that has it.",
            "Koodia ei ole voimassa olevassa suunnitelmassa. Valitse koodi luettelosta tai odota uutta suunnitelmaa.",
        ),
        "id-reused": (
            "id was used for another event of this source. Send this one under an id of its own.",
            "Kentän id tunnus on jo saman lähettäjän toisella sanomalla. Lähetä tämä omalla tunnuksellaan.",
        ),
        "not-yours": (
            "Only the organisation that opened it may change it. Ask that organisation.",
            "Vain avannut organisaatio voi muuttaa tätä. Pyydä muutosta siltä.",
        ),
        "unknown-subject": (
            "Nobody opened what this is about. Send its opening, then this again.",
            "Kukaan ei ole avannut asiaa, jota sanoma koskee. Lähetä ensin avaava sanoma ja sitten tämä uudelleen.",
        ),
        "not-possible": (
            "It does not fit what happened before. Compare it with the events sent so far.",
            "Sanoma ei sovi aiempiin tapahtumiin. Vertaa sitä jo lähetettyihin sanomiin.",
        ),
        "year-closed": (
            "The figures of that year are final, so it can't be counted any more. Leave it out.",
            "Sen vuoden luvut on vahvistettu, joten tätä ei voi enää ottaa mukaan. Jätä se pois.",
        ),
        "unproven-key": (
            "The proof is not signed with a key that the reader trusts. Check the key and its exchange.",
            "Vahvistusta ei ole allekirjoitettu avaimella, johon vastaanottaja luottaa. Tarkista avain.",
        ),
        "too-many-keys": (
            "The referral was sealed to as many keys as the plan allows. Ask the case manager for a new referral.",
            "Ohjaus on jo sinetöity suunnitelman sallimalle määrälle avaimia. Pyydä asiakasvastaavalta uusi ohjaus.",
        ),
        "unreadable-seal": (
            "The sealed contact details can't be opened with their key. Offer a new key.",
            "Sinetöityjä yhteystietoja ei voi avata niiden avaimella. Tarjoa uusi avain.",
        ),
    }
)
"""What each reason says where nothing more exact is known, in English and Finnish."""


class Refusal(Exception):  # noqa: N818 - it is a refusal, not an error
    """An event is not taken.

    `field` is a JSON pointer into the structured form, `event_id` the record's `id` where that is a UUID.
    """

    def __init__(
        self,
        reason: Reason,
        sentence_en: str | None = None,
        sentence_fi: str | None = None,
        field: str | None = None,
        event_id: EventId | None = None,
    ) -> None:
        super().__init__(reason)
        english, finnish = SENTENCES[reason]
        self.reason = reason
        self.sentence_en = sentence_en or english
        self.sentence_fi = sentence_fi or finnish
        self.field = field
        self.event_id = event_id

    def __str__(self) -> str:
        return f"{self.reason} {self.field or ''}: {self.sentence_en}"

    @classmethod
    def id_reused(cls, event_id: str) -> "Refusal":
        """Another content came under the `id` of an event that was taken."""
        return cls("id-reused", field="/id", event_id=EventId(event_id))


def of_field(reason: Reason, pointer: str, english: str, finnish: str, name: str | None = None) -> Refusal:
    """A refusal of one field: "`name` must be ….", "Kentän `name` on oltava …."."""
    name = name or pointer.rsplit("/", 1)[-1]
    return Refusal(reason, f"{name} {english}.", f"Kentän {name} {finnish}.", pointer)


def missing(reason: Reason, pointer: str, name: str) -> Refusal:
    """A required field is not there."""
    return Refusal(reason, f"{name} is missing. Add it.", f"Kenttä {name} puuttuu. Lisää se.", pointer)


def of_errors(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> Refusal:
    """The refusal of data that its model does not take: an unknown field before anything invalid, that before
    personal data, and among equals the first in the order of the model's fields."""
    return _of_error(model, min(errors, key=lambda error: _RANK.get(error["type"], 1)))


_RANK = {"extra_forbidden": 0, "personal_data": 2}
_OF_TEXT = {
    "not_nfc": Meaning("must be in Unicode normalization form C (NFC)", "on oltava Unicode-muodossa NFC"),
    "control": Meaning(
        "must have no control or direction characters", "tekstissä ei saa olla ohjaus- eikä suuntamerkkejä"
    ),
    "blank": Meaning("must not be blank", "tekstissä on oltava muutakin kuin tyhjää"),
}


def _of_error(model: type[BaseModel], error: ErrorDetails) -> Refusal:
    steps, what = error["loc"], error["type"]
    pointer, name, kind = locate(model, steps)
    if what == "extra_forbidden":
        return Refusal("unknown-field", field=pointer)
    if what == "missing":
        return missing("invalid", pointer, name)
    if what == "personal_data":
        english, finnish = SENTENCES["personal-data"]
        return Refusal("personal-data", f"{name}: {english}", f"{name}: {finnish}", pointer)
    if what == "rule":
        rule = error["ctx"]
        at = rule.get("field")
        return of_field("invalid", f"{pointer}/{at}" if at else pointer, error["msg"], rule["finnish"])
    meaning = _OF_TEXT.get(what) or meaning_of(kind)
    return of_field("invalid", pointer, meaning.english, meaning.finnish, name)


def meaning_of(kind: Kind) -> Meaning:
    """What a field must be, in both languages, from its type and marks."""
    if (said := kind.mark(Meaning)) is not None:
        return said
    if kind.closed:
        listed = ", ".join("true" if value is True else str(value) for value in kind.closed)
        one = "" if len(kind.closed) == 1 else "one of "
        return Meaning(f"must be {one}{listed}", f"on oltava {'jokin näistä: ' if one else ''}{listed}")
    if kind.base is bool:
        return Meaning("must be true or false", "on oltava true tai false")
    if kind.base is int:
        least, most = kind.limit("ge"), kind.limit("le")
        return Meaning(
            f"must be an integer without fraction or exponent, {least} to {most}",
            f"on oltava kokonaisluku ilman desimaaleja ja eksponenttia, {least}–{most}",
        )
    if kind.item is not None:
        if kind.limit("min_length"):
            return Meaning("must be a list with a value in it", "on oltava luettelo, jossa on ainakin yksi arvo")
        return Meaning("must be a list", "on oltava luettelo")
    if kind.names_and_values:
        return Meaning(
            "must be an object whose names are codes and whose values are as the schema says",
            "on oltava objekti, jonka nimet ovat koodeja ja arvot skeeman mukaisia",
        )
    if kind.model is not None:
        return Meaning("must be an object with the schema's fields", "on oltava objekti, jossa on skeeman kentät")
    return Meaning("must be a number within the schema's limits", "on oltava luku skeeman rajoissa")


def unknown_code(pointer: str) -> Refusal:
    """The value of an open list is in no plan in force."""
    name = re.sub(r"(/[0-9]+)+$", "", pointer).rsplit("/", 1)[-1]
    english, finnish = SENTENCES["unknown-code"]
    return Refusal("unknown-code", f"{name}: {english}", f"{name}: {finnish}", pointer)
