"""Why a meeting is not agreed, declined or invited to, and what to do instead [3.2, 3.4, 3.5, 3.6]."""

from dataclasses import dataclass

from chassis.decisions import Refusal


@dataclass(frozen=True)
class MeetingIsOver(Refusal):
    """It was called off, declined, held, or fell away with its referral."""

    code = "meeting-is-over"
    sentence_en = "This request is not open any more. Open the referral to see how things stand."
    sentence_fi = "Tämä pyyntö ei ole enää avoinna. Avaa ohjaus, niin näet tilanteen."


@dataclass(frozen=True)
class ChangedMeanwhile(Refusal):
    """Somebody else answered at the same instant."""

    code = "changed-meanwhile"
    sentence_en = "The meeting changed at this moment. Look how it stands now, then decide again."
    sentence_fi = "Tapaaminen muuttui juuri nyt. Katso tilanne ja päätä uudelleen."


@dataclass(frozen=True)
class ReferralNotOpen(Refusal):
    """Nothing is told of a referral that is closed [events.md, Order and withdrawal]."""

    code = "referral-not-open"
    sentence_en = "Referral {number} is closed, so no meeting can be agreed about it."
    sentence_fi = "Ohjaus {number} on päättynyt, joten siitä ei voi enää sopia tapaamista."
    number: str


@dataclass(frozen=True)
class ClientMustTakePart(Refusal):
    """Matters are discussed with the client present alone [3.2]."""

    code = "client-must-take-part"
    sentence_en = "Without the client there is no three-party meeting: matters are discussed with the client " \
                  "present. Ask the client, then confirm that the client takes part."
    sentence_fi = "Ilman asiakasta kolmikantaa ei pidetä: asiakkaan asioista puhutaan vain hänen läsnä ollessaan. " \
                  "Kysy asiakkaalta, ja vahvista sitten, että hän osallistuu."
    status = 422
    field = "/client_takes_part"


@dataclass(frozen=True)
class ClientMustWish(Refusal):
    """Others are invited at the client's wish alone [3.4, 3.5, 3.6]."""

    code = "client-must-wish"
    sentence_en = "Somebody is invited at the client's wish alone. Ask the client first."
    sentence_fi = "Tapaamiseen kutsutaan vain asiakkaan toiveesta. Kysy ensin asiakkaalta."
    status = 422
    field = "/client_wishes"


@dataclass(frozen=True)
class TimePassed(Refusal):
    """A meeting is agreed ahead."""

    code = "time-passed"
    sentence_en = "The time has passed already. Give a time that lies ahead."
    sentence_fi = "Aika on jo mennyt. Anna tuleva aika."
    status = 422
    field = "/starts_at"


@dataclass(frozen=True)
class NotYetHeld(Refusal):
    """A meeting is recorded once it has begun."""

    code = "not-yet-held"
    sentence_en = "The meeting has not begun yet. Record it afterwards."
    sentence_fi = "Tapaaminen ei ole vielä alkanut. Kirjaa se sen jälkeen."


@dataclass(frozen=True)
class EndsBeforeItBegins(Refusal):
    """A meeting ends after it begins."""

    code = "ends-before-it-begins"
    sentence_en = "A meeting ends after it begins. Check the times."
    sentence_fi = "Tapaaminen päättyy alkamisensa jälkeen. Tarkista kellonajat."
    status = 422
    field = "/ends_at"


@dataclass(frozen=True)
class PlaceUnknown(Refusal):
    """Places are the plan's, or `remote`."""

    code = "place-unknown"
    sentence_en = "The plan has no such place. Choose one of its list."
    sentence_fi = "Suunnitelmassa ei ole tällaista paikkaa. Valitse paikka luettelosta."
    status = 422
    field = "/place"


@dataclass(frozen=True)
class KindUnknown(Refusal):
    """The plan says who may be invited to what."""

    code = "kind-unknown"
    sentence_en = "The plan has no such meeting to invite to. Choose one of: {known}."
    sentence_fi = "Suunnitelmassa ei ole tällaista tapaamista. Valitse jokin näistä: {known}."
    status = 422
    field = "/kind"
    known: str


@dataclass(frozen=True)
class MunicipalityUnknown(Refusal):
    """Whose worker is invited follows from where the client lives."""

    code = "municipality-unknown"
    sentence_en = "Say where the client lives: one of {known}."
    sentence_fi = "Kerro, missä asiakas asuu: jokin näistä: {known}."
    status = 422
    field = "/municipality"
    known: str


@dataclass(frozen=True)
class AnsweredAlready(Refusal):
    """A request is answered once."""

    code = "answered-already"
    sentence_en = "The Ohjaamo has its answer already. Call the Ohjaamo worker if it changes."
    sentence_fi = "Ohjaamon pyyntöön on jo vastattu. Jos asia muuttuu, soita ohjaamotyöntekijälle."


@dataclass(frozen=True)
class NothingWaits(Refusal):
    """The invitation is answered or dealt with already."""

    code = "nothing-waits"
    sentence_en = "This is answered or dealt with already. Nothing more is needed."
    sentence_fi = "Tähän on jo vastattu tai asia on hoidettu. Muuta ei tarvita."
