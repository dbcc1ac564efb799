"""Why a referral is not made, or an act or event about it not taken: a code and a sentence each [3.2, 4, 7]."""

from dataclasses import dataclass
from datetime import date

from chassis.decisions import Refusal


@dataclass(frozen=True)
class ConsentMissing(Refusal):
    """Without the client's consent to pass on name and phone no referral is made [3.2]."""

    code = "consent-missing"
    sentence_en = (
        "Without the client's consent to pass on name and phone number no referral is made. Ask the client, or "
        "give the provider's own contact address instead."
    )
    sentence_fi = (
        "Ilman asiakkaan lupaa nimen ja puhelinnumeron antamiseen ohjausta ei tehdä. Kysy lupa, tai anna asiakkaalle "
        "palvelun omat yhteystiedot."
    )
    status = 422
    field = "/consent/name_and_phone"


@dataclass(frozen=True)
class ContactPermissionMissing(ConsentMissing):
    """Of outreach youth work the client permits the contact itself too [3.4]."""

    sentence_en = (
        "The client's own permission that the service makes contact is missing. Ask the client, or give the service's "
        "own contact address instead."
    )
    sentence_fi = (
        "Asiakkaan lupa siihen, että palvelu ottaa yhteyttä, puuttuu. Kysy lupa, tai anna asiakkaalle palvelun omat "
        "yhteystiedot."
    )
    field = "/consent/contact_permitted"


@dataclass(frozen=True)
class ConsentTimeNotPossible(Refusal):
    """A consent is given before it is recorded."""

    code = "consent-time-not-possible"
    sentence_en = "The consent's time must not lie ahead. Check day and time."
    sentence_fi = "Suostumuksen aika ei voi olla tulevaisuudessa. Tarkista päivä ja aika."
    status = 422
    field = "/consent/given_at"


@dataclass(frozen=True)
class ConsentAlreadyWithdrawn(Refusal):
    """The client has withdrawn the consent before; the receipt tells when."""

    code = "consent-already-withdrawn"
    sentence_en = "The consent of referral {number} is withdrawn already. The receipt says who erased what and when."
    sentence_fi = "Ohjauksen {number} suostumus on jo peruttu. Todiste kertoo, kuka poisti mitä ja milloin."
    number: str


@dataclass(frozen=True)
class ReferralClosed(Refusal):
    """The referral was returned or cancelled: its contact details are erased as at a withdrawal."""

    code = "referral-closed"
    sentence_en = (
        "Referral {number} is closed ({status_code}), and its contact details are erased as at a withdrawal. "
        "Nothing more can be done with it; the receipt says who erased what and when."
    )
    sentence_fi = (
        "Ohjaus {number} on suljettu ({status_code}), ja sen yhteystiedot poistetaan kuten suostumusta peruttaessa. "
        "Sille ei voi enää tehdä mitään; todiste kertoo, kuka poisti mitä ja milloin."
    )
    number: str
    status_code: str


@dataclass(frozen=True)
class CoachingHasStarted(Refusal):
    """A referral is taken back before coaching starts; after that the client or the provider ends it."""

    code = "coaching-has-started"
    sentence_en = (
        "Coaching of referral {number} has started, so it can't be cancelled. If the client withdraws the consent, "
        "record that; else the provider tells when coaching ends."
    )
    sentence_fi = (
        "Ohjauksen {number} valmennus on alkanut, joten ohjausta ei voi perua. Jos asiakas peruu suostumuksensa, "
        "kirjaa se; muuten palveluntuottaja kertoo, milloin valmennus päättyy."
    )
    number: str


@dataclass(frozen=True)
class WithdrawalTimeNotPossible(Refusal):
    """A withdrawal is told after the consent was given and not later than now."""

    code = "withdrawal-time-not-possible"
    sentence_en = "The withdrawal's time must lie between the consent and this moment. Check day and time."
    sentence_fi = "Perumisen ajan on oltava suostumuksen ja tämän hetken välissä. Tarkista päivä ja aika."
    status = 422
    field = "/told_at"


@dataclass(frozen=True)
class ReferralUnknown(Refusal):
    """An event about a referral that is not here."""

    code = reason = "unknown-subject"
    sentence_en = "No such referral is known here. Check referral_id, or replay once the referral is restored."
    sentence_fi = (
        "Tällaista ohjausta ei tunneta. Tarkista referral_id, tai käsittele uudelleen, kun ohjaus on palautettu."
    )
    status = 404
    field = "/data/referral_id"


@dataclass(frozen=True)
class AnotherConsent(Refusal):
    """The event names a consent that is not this referral's."""

    code = "another-consent"
    sentence_en = "consent_id is not the consent of this referral. Check both ids."
    sentence_fi = "consent_id ei ole tämän ohjauksen suostumus. Tarkista molemmat tunnisteet."
    field = "/data/consent_id"


@dataclass(frozen=True)
class KeyUnknown(Refusal):
    """The event names a receiving key that nothing was sealed to."""

    code = "key-unknown"
    reason = "unknown-subject"
    sentence_en = "key_id is no receiving key of this referral. Check the key, or replay once the offer is handled."
    sentence_fi = "key_id ei ole tämän ohjauksen vastaanottoavain. Tarkista avain tai käsittele tarjous ensin."
    field = "/data/key_id"


@dataclass(frozen=True)
class TooManyKeys(Refusal):
    """More keys are offered for one referral than the plan allows to seal to."""

    code = reason = "too-many-keys"
    sentence_en = "At most {allowed} receiving keys are taken for one referral. Find out why keys get lost."
    sentence_fi = "Yhteen ohjaukseen otetaan enintään {allowed} vastaanottoavainta. Selvitä, miksi avaimia katoaa."
    field = "/data/key_id"
    allowed: int


# --- why a service does not suit


@dataclass(frozen=True)
class RightAddressKnown(Refusal):
    """A refusal by the plan; `right_organisation` and `right_service` say where to turn instead, if known.

    `right_en` and `right_fi` say it in words, with names, at the end of the sentence.
    """

    service: str
    municipality: str
    right_organisation: str | None = None
    right_service: str | None = None
    right_en: str = ""
    right_fi: str = ""

    def in_english(self) -> str:
        said = super().in_english()
        return f"{said} Right address: {self.right_en}." if self.right_en else said

    def in_finnish(self) -> str:
        said = super().in_finnish()
        return f"{said} Oikea osoite: {self.right_fi}." if self.right_fi else said


@dataclass(frozen=True)
class ServiceUnknown(RightAddressKnown):
    """No such service in the plan."""

    code = reason = "unknown-code"
    sentence_en = "{service} is no service of the action plan. Choose one of: {known}."
    sentence_fi = "{service} ei ole toimintasuunnitelman palvelu. Valitse jokin näistä: {known}."
    status = 422
    field = "/service"
    known: str = ""


@dataclass(frozen=True)
class ResidenceOutside(RightAddressKnown):
    """The client lives in neither municipality of the plan."""

    code = "residence-outside"
    sentence_en = (
        "The action plan covers residents of {known}. Refer the client to the services of the home municipality."
    )
    sentence_fi = (
        "Toimintasuunnitelma koskee näiden kuntien asukkaita: {known}. Ohjaa asiakas oman kotikuntansa palveluihin."
    )
    status = 422
    field = "/municipality"
    known: str = ""


@dataclass(frozen=True)
class OutsideAgreements(RightAddressKnown):
    """Nobody provides the service to residents of the municipality, by itself or by a service agreement [4]."""

    code = "outside-agreements"
    sentence_en = "The service is not provided to residents of this municipality."
    sentence_fi = "Palvelua ei järjestetä tämän kunnan asukkaille."
    status = 422
    field = "/service"


@dataclass(frozen=True)
class AgreementNotInForce(RightAddressKnown):
    """The service agreement by which another municipality would provide the service is not in force on the day [4]."""

    status = 422
    field = "/service"
    agreement_en: str = ""
    agreement_fi: str = ""
    day: date = date.max
    """When it begins, or ended."""


@dataclass(frozen=True)
class AgreementNotYet(AgreementNotInForce):
    code = "agreement-not-yet-in-force"
    sentence_en = (
        "Residents of the municipality get this service under the {agreement_en}, which begins on "
        "{day.day} {day:%B} {day.year}."
    )
    sentence_fi = (
        "Kunnan asukkaat saavat palvelun sopimuksella: {agreement_fi}. Sopimus tulee voimaan "
        "{day.day}.{day.month}.{day.year}."
    )


@dataclass(frozen=True)
class AgreementEnded(AgreementNotInForce):
    code = "agreement-ended"
    sentence_en = (
        "Residents of the municipality got this service under the {agreement_en}, which ended on "
        "{day.day} {day:%B} {day.year}."
    )
    sentence_fi = (
        "Kunnan asukkaat saivat palvelun sopimuksella: {agreement_fi}. Sopimus päättyi "
        "{day.day}.{day.month}.{day.year}."
    )


@dataclass(frozen=True)
class AgeOutside(RightAddressKnown):
    """The client is younger or older than the plan says."""

    code = "age-outside"
    sentence_en = "The service is for people of {ages}."
    sentence_fi = "Palvelu on tämän ikäisille: {ages}."
    status = 422
    field = "/birth_year"
    ages: str = ""


@dataclass(frozen=True)
class OfWorkingAge(RightAddressKnown):
    """The municipality's integration programme is for people not of working age; the area has the others [3.6]."""

    code = "of-working-age"
    sentence_en = (
        "The municipality's integration programme is for people not of working age. The employment area makes the "
        "integration plan of the others."
    )
    sentence_fi = (
        "Kunnan kotoutumisohjelma on niille, jotka eivät ole työikäisiä. Työikäisen kotoutumissuunnitelman tekee "
        "työllisyysalue."
    )
    status = 422
    field = "/birth_year"


@dataclass(frozen=True)
class NeedNotServed(RightAddressKnown):
    """The service answers to other needs."""

    code = "need-not-served"
    sentence_en = "The service answers to other needs: {needs_en}."
    sentence_fi = "Palvelu vastaa muihin tarpeisiin: {needs_fi}."
    status = 422
    field = "/need"
    needs_en: str = ""
    needs_fi: str = ""


@dataclass(frozen=True)
class WrongProvider(RightAddressKnown):
    """Another organisation provides the service to residents of the municipality."""

    code = "wrong-provider"
    sentence_en = "Another organisation provides the service to residents of this municipality."
    sentence_fi = "Palvelun tuottaa tämän kunnan asukkaille toinen organisaatio."
    status = 422
    field = "/provider"


@dataclass(frozen=True)
class BirthYearNotPossible(RightAddressKnown):
    """The birth year lies ahead or too far back."""

    code = "birth-year-not-possible"
    sentence_en = "The birth year can't be right. Give four digits, for example 2001."
    sentence_fi = "Syntymävuosi ei voi olla oikein. Anna neljä numeroa, esimerkiksi 2001."
    status = 422
    field = "/birth_year"


# --- why an act is not taken


@dataclass(frozen=True)
class AnotherPurpose(Refusal):
    """A consent is given for one service and passes on nothing to another."""

    code = "another-purpose"
    sentence_en = "The consent's purpose must be the service itself: {service}."
    sentence_fi = "Suostumuksen tarkoituksen on oltava palvelu itse: {service}."
    status = 422
    field = "/consent/purpose"
    service: str


@dataclass(frozen=True)
class NotAColleague(Refusal):
    """The case manager named is not of the organisation that refers."""

    code = "not-a-colleague"
    sentence_en = "Name a case manager of your own organisation by staff id."
    sentence_fi = "Nimeä oman organisaatiosi asiakasvastaava henkilöstötunnuksella."
    status = 422
    field = "/case_manager"


@dataclass(frozen=True)
class ReasonUnknown(Refusal):
    """Contact details are shown for a reason that the plan lists."""

    code = reason = "unknown-code"
    sentence_en = "Choose why you look: {known}."
    sentence_fi = "Valitse, miksi katsot tietoja: {known}."
    status = 422
    field = "/reason"
    known: str


@dataclass(frozen=True)
class RevealLimit(Refusal):
    """A system looked at more contact details within an hour than the plan lets; a person signs in again instead."""

    code = "reveal-limit"
    sentence_en = "The contact details of {limit} clients were looked at within an hour: no more for now."
    sentence_fi = "Tunnin sisällä on katsottu {limit} asiakkaan yhteystietoja: enempää ei näytetä nyt."
    status = 429
    limit: int
    retry_after: int = 3600


@dataclass(frozen=True)
class NothingToAskAgain(Refusal):
    """Contact details are given again only where the own copy of an open referral is lost."""

    code = "nothing-to-ask-again"
    sentence_en = "Referral {number} has its contact details, or is closed. Nothing needs to be asked again."
    sentence_fi = "Ohjauksella {number} on yhteystietonsa, tai se on suljettu. Mitään ei tarvitse kysyä uudelleen."
    number: str


@dataclass(frozen=True)
class NothingToSettle(Refusal):
    """No return waits to be acted on."""

    code = "nothing-to-settle"
    sentence_en = "No return of referral {number} waits for you: it is dealt with already, or was not returned."
    sentence_fi = "Ohjauksen {number} palautus ei odota: se on jo hoidettu, tai ohjausta ei ole palautettu."
    number: str
