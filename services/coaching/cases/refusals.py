"""Why something can't happen in a case, and what to do instead.

Those that an event of another system may meet name no day and no other value: rejections lie open.
"""

from dataclasses import dataclass
from datetime import date

from chassis.decisions import Refusal


@dataclass(frozen=True)
class CaseIsClosed(Refusal):
    """After the closing nothing happens in a case but a withdrawal."""

    code = "case-closed"
    sentence_en = "The case is closed. Open a new case, or send what happened before the closing with its own time."
    sentence_fi = (
        "Asiakkuus on päätetty. Avaa uusi asiakkuus, tai lähetä ennen päättämistä tapahtunut sen omalla ajalla."
    )


@dataclass(frozen=True)
class AlreadyRecorded(Refusal):
    """The same thing with the same day, time and kind is in the case already."""

    code = "already-recorded"
    sentence_en = "This is recorded already, with the same time and kind. Nothing more needs to be done."
    sentence_fi = "Tämä on jo kirjattu samalla ajalla ja samalla lajilla. Muuta ei tarvitse tehdä."


@dataclass(frozen=True)
class ChangedMeanwhile(Refusal):
    """Somebody else, or another system, recorded something in the case since it was looked at."""

    code = "changed-meanwhile"
    sentence_en = "The case changed meanwhile. Look at what happened, and record it again if it still holds."
    sentence_fi = "Asiakkuus muuttui sillä välin. Katso, mitä tapahtui, ja kirjaa uudelleen, jos se yhä pätee."


@dataclass(frozen=True)
class NotBegunYet(Refusal):
    """Only what began can end with an outcome."""

    code = "not-begun-yet"
    sentence_en = (
        "The service has not begun, so it has no outcome. Record the first meeting (Pointti: the period) first, or "
        "say why it did not begin."
    )
    sentence_fi = (
        "Palvelu ei ole alkanut, joten sillä ei ole lopputulosta. Kirjaa ensin ensimmäinen tapaaminen (Pointissa "
        "jakso), tai kerro, miksi palvelu ei alkanut."
    )
    field = "/data/outcome"


@dataclass(frozen=True)
class HasBegun(Refusal):
    """What began ends with an outcome."""

    code = "has-begun"
    sentence_en = "The service has begun, so it ends with an outcome."
    sentence_fi = "Palvelu on alkanut, joten se päätetään lopputuloksella."
    field = "/data/not_begun"


@dataclass(frozen=True)
class EndBeforeStart(Refusal):
    """Nothing ends before it starts."""

    code = "end-before-start"
    sentence_en = "Nothing ends before it starts, or happens before it was asked for. Check the days."
    sentence_fi = "Mikään ei pääty ennen alkuaan eikä tapahdu, ennen kuin sitä on pyydetty. Tarkista päivät."


@dataclass(frozen=True)
class PartUnknown(Refusal):
    """A period or TET period ends that never began in this case."""

    code = "part-unknown"
    sentence_en = "No such period has begun in this case. Tell its start first."
    sentence_fi = "Tällaista jaksoa ei ole tässä asiakkuudessa alkanut. Ilmoita ensin sen alku."


@dataclass(frozen=True)
class NoReferral(Refusal):
    """A consent is withdrawn only where one was given: in a case that came by a referral."""

    code = "no-referral"
    sentence_en = "The case did not come by a referral, so there is no consent to withdraw here."
    sentence_fi = "Asiakkuus ei tullut asiakasohjauksena, joten siinä ei ole suostumusta, jonka voisi perua."


@dataclass(frozen=True)
class WithdrawalIsAnotherAct(Refusal):
    """Closing for a withdrawn consent would leave the contact details and the area as they are."""

    code = "withdrawal-is-another-act"
    sentence_en = "The consent is still in force here. Record its withdrawal: that erases the contact details and " \
                  "closes what has not begun."
    sentence_fi = "Suostumus on tässä vielä voimassa. Kirjaa sen peruminen: se poistaa yhteystiedot ja päättää sen, " \
                  "mikä ei ole alkanut."
    field = "/reason"


@dataclass(frozen=True)
class DayAhead(Refusal):
    """What is recorded as done lies ahead."""

    code = "day-ahead"
    sentence_en = "This has not happened yet: the day must not be later than {today}."
    sentence_fi = "Tätä ei ole vielä tapahtunut: päivä ei voi olla myöhempi kuin {today:%-d.%-m.%Y}."
    status = 422
    field = "/on"
    today: date


@dataclass(frozen=True)
class TimePassed(Refusal):
    """A time is booked ahead."""

    code = "time-passed"
    sentence_en = "The time has passed already. Give a time that lies ahead, or record the meeting as held."
    sentence_fi = "Aika on jo mennyt. Anna tuleva aika, tai merkitse tapaaminen pidetyksi."
    status = 422
    field = "/at"


@dataclass(frozen=True)
class NoAppointment(Refusal):
    """Nobody fails to come at a time that is not booked."""

    code = "no-appointment"
    sentence_en = "No time is booked, or the meeting is recorded already. Record an attempt instead."
    sentence_fi = "Aikaa ei ole varattu, tai tapaaminen on jo kirjattu. Kirjaa yhteydenottoyritys."


@dataclass(frozen=True)
class NotYetMet(Refusal):
    """The booked time lies ahead."""

    code = "not-yet-met"
    sentence_en = "The booked time has not come yet. If it does not suit the client, book another time."
    sentence_fi = "Varattu aika ei ole vielä tullut. Jos se ei sovi asiakkaalle, varaa toinen aika."


@dataclass(frozen=True)
class MeetingNotOfService(Refusal):
    """Each service has its own kinds of meetings; `kinds` are their codes."""

    code = "meeting-not-of-service"
    sentence_en = "This service has no such meetings. It has: {kinds}."
    sentence_fi = "Palvelussa ei ole tällaisia tapaamisia. Siinä on: {kinds}."
    status = 422
    field = "/kind"
    kinds: str


@dataclass(frozen=True)
class StarterPackageFull(Refusal):
    """A starter package has so many meetings at most [3.2]."""

    code = "starter-package-full"
    sentence_en = "A starter package has at most {most} meetings, and they are held. Record this one as coaching: of " \
                  "those there is no maximum."
    sentence_fi = "Alkupaketissa on enintään {most} tapaamista, ja ne on pidetty. Kirjaa tämä valmennuksena: niiden " \
                  "määrää ei ole rajattu."
    field = "/kind"
    most: int


@dataclass(frozen=True)
class GoesNotOn(Refusal):
    """The plan has coaching go on beside work and studies [3.2], of the other services it says nothing."""

    code = "goes-not-on"
    sentence_en = "The plan does not say of this service that it goes on beside that. Record its end, or a review."
    sentence_fi = "Suunnitelma ei sano, että tämä palvelu jatkuu sen rinnalla. Kirjaa palvelun päättyminen tai arvio."
    status = 422
    field = "/beside"


@dataclass(frozen=True)
class StartAlreadyTold(Refusal):
    """The area was told of the start before."""

    code = "start-already-told"
    sentence_en = "The start on {started_on} was told to the employment area already. Nothing more is needed."
    sentence_fi = "Alkaminen {started_on:%-d.%-m.%Y} on jo kerrottu työllisyysalueelle. Muuta ei tarvita."
    started_on: date


@dataclass(frozen=True)
class EndAlreadyTold(Refusal):
    """The area was told of the end before."""

    code = "end-already-told"
    sentence_en = "The end on {ended_on} was told to the employment area already. Nothing more is needed."
    sentence_fi = "Päättyminen {ended_on:%-d.%-m.%Y} on jo kerrottu työllisyysalueelle. Muuta ei tarvita."
    ended_on: date


@dataclass(frozen=True)
class OutcomeMissing(Refusal):
    """A case that is open ends with an outcome."""

    code = "outcome-missing"
    sentence_en = "Say what came of it: an outcome is needed. The employment area does not see it."
    sentence_fi = "Kerro, miten asiakkuus päättyi: lopputulos tarvitaan. Työllisyysalue ei näe sitä."
    status = 422
    field = "/outcome"


@dataclass(frozen=True)
class InterviewFirst(Refusal):
    """Pointti begins with an interview [3.3]."""

    code = "interview-first"
    sentence_en = "An interview comes before the period. Record it as held first."
    sentence_fi = "Ennen jaksoa pidetään haastattelu. Kirjaa se ensin pidetyksi."


@dataclass(frozen=True)
class PeriodFirst(Refusal):
    """Pointti begins with a period, which a group has a place for [3.3]."""

    code = "period-first"
    sentence_en = "Pointti begins with a period. Take the young person into a group first, then tell of the start, " \
                  "from the day on which the period began."
    sentence_fi = "Pointti alkaa jaksolla. Ota nuori ensin jaksolle, ja ilmoita sitten alkamisesta: aikaisintaan " \
                  "päivänä, jona jakso alkoi."


@dataclass(frozen=True)
class RightAddressMissing(Refusal):
    """A referral to the wrong address is returned with the right one."""

    code = "right-address-missing"
    sentence_en = "Say which provider and service would be the right address."
    sentence_fi = "Kerro, mikä palveluntuottaja ja palvelu olisi oikea osoite."
    status = 422
    field = "/right_address"


@dataclass(frozen=True)
class NotToldOfThisService(Refusal):
    """Not-started is told of coaching and Pointti alone [3.2, 3.4]."""

    code = "not-told-of-this-service"
    sentence_en = "The employment area is not told whether this service begins. Close the case without a return."
    sentence_fi = "Työllisyysalueelle ei kerrota, alkaako tämä palvelu. Päätä asiakkuus ilman palautusta."
    status = 422
    field = "/reason"


@dataclass(frozen=True)
class StartWasTold(Refusal):
    """What has started is ended, not given back."""

    code = "start-was-told"
    sentence_en = (
        "The start on {started_on} was told to the employment area, so the referral can't be returned. End the case."
    )
    sentence_fi = (
        "Alkaminen {started_on:%-d.%-m.%Y} on kerrottu työllisyysalueelle, joten ohjausta ei voi palauttaa. Päätä "
        "asiakkuus."
    )
    started_on: date


@dataclass(frozen=True)
class YearClosed(Refusal):
    """The year in which it happened is final: its pseudonyms are gone."""

    code = reason = "year-closed"
    sentence_en = "The figures of that year are final, so it can't be recorded any more. Leave it out."
    sentence_fi = "Sen vuoden luvut on vahvistettu, joten sitä ei voi enää kirjata. Jätä se pois."


@dataclass(frozen=True)
class ReferralOnly(Refusal):
    """The service takes clients by referral alone [3.3]."""

    code = "referral-only"
    sentence_en = "Clients come to this service by a case manager's referral alone. Name the referral's number."
    sentence_fi = "Tähän palveluun tullaan vain asiakasvastaavan ohjaamana. Anna ohjauksen numero."
    field = "/data/referral_number"


@dataclass(frozen=True)
class NotProvided(Refusal):
    """The plan does not have this provider serve these residents, or not on the day when they asked for it [3, 4]."""

    code = "not-provided"
    sentence_en = (
        "On that day this provider does not provide the service to residents of the municipality, nor by a service "
        "agreement. Check service, municipality and day."
    )
    sentence_fi = (
        "Tämä palveluntuottaja ei tuota palvelua kunnan asukkaille sinä päivänä, ei myöskään palvelusopimuksella. "
        "Tarkista palvelu, kunta ja päivä."
    )
    field = "/data/service"


@dataclass(frozen=True)
class CodeNotKnown(Refusal):
    """The plan in force has no such code; `at` points to the field."""

    code = "code-not-known"
    sentence_en = "The plan in force does not have this value ({at}). Choose one of its list."
    sentence_fi = "Voimassa olevassa suunnitelmassa ei ole tätä arvoa ({at}). Valitse arvo luettelosta."
    status = 422
    at: str


@dataclass(frozen=True)
class EarlierCaseUnknown(Refusal):
    """No other case of one's own has the number."""

    code = "earlier-case-unknown"
    sentence_en = "No other case of yours has this number. Numbers look like 2026-0412 or A-2026-0012."
    sentence_fi = "Tällä numerolla ei ole toista asiakkuuttanne. Numero on muotoa 2026-0412 tai A-2026-0012."
    status = 422
    field = "/number"


@dataclass(frozen=True)
class NoColleague(Refusal):
    """A case is handed over to somebody of the same organisation who has the service's role."""

    code = "no-colleague"
    sentence_en = "Nobody with this id works with the service in your organisation. Choose a colleague of the list."
    sentence_fi = "Kukaan tällä tunnuksella ei työskentele palvelussa organisaatiossasi. Valitse työtoveri luettelosta."
    status = 422
    field = "/coach"
