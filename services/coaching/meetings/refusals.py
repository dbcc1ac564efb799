"""Why a meeting is not asked for, called off or answered, and what to do instead [3.2, 3.4, 3.5, 3.6]."""

from dataclasses import dataclass

from chassis.decisions import Refusal
from services.coaching.referrals.domain import Closing


@dataclass(frozen=True)
class NotOfThisService(Refusal):
    """The plan has three-party meetings for the services alone that the area knows to go on."""

    code = "not-of-this-service"
    sentence_en = "In this service no three-party meeting is asked for here: the employment area is not told that it " \
                  "goes on. If the client wishes, the client asks the case manager."
    sentence_fi = "Tässä palvelussa kolmikantaa ei pyydetä täällä: työllisyysalueelle ei kerrota, että palvelu " \
                  "jatkuu. Jos asiakas haluaa, hän pyytää tapaamista asiakasvastaavalta itse."


@dataclass(frozen=True)
class CameWithoutReferral(Refusal):
    """A case that came by no referral has no case manager to ask."""

    code = "came-without-referral"
    sentence_en = "The case did not come by a referral, so no case manager is known here. Agree with the client how " \
                  "to reach the employment area."
    sentence_fi = "Asiakkuus ei tullut ohjauksena, joten asiakasvastaavaa ei tiedetä. Sovi asiakkaan kanssa, miten " \
                  "työllisyysalueelle otetaan yhteyttä."


@dataclass(frozen=True)
class ReferralNotInForce(Refusal):
    """After a withdrawal, cancellation or return nothing more is told of a referral."""

    code = "referral-not-in-force"
    sentence_en = "The referral is not in force any more ({closing}), so the case manager can't be asked."
    sentence_fi = "Ohjaus ei ole enää voimassa ({why_fi}), joten asiakasvastaavaa ei voi kutsua."
    closing: Closing

    def in_finnish(self) -> str:
        return self.sentence_fi.format(why_fi=_WHY_FI[self.closing])


_WHY_FI = {
    Closing.WITHDRAWAL: "suostumus on peruttu", Closing.CANCELLATION: "asiakasvastaava on perunut ohjauksen",
    Closing.RETURN: "ohjaus on palautettu",
}


@dataclass(frozen=True)
class MeetingUnderWay(Refusal):
    """Of a case one three-party meeting is under way at a time."""

    code = "meeting-under-way"
    sentence_en = "A three-party meeting is asked for or agreed already. Call it off first if another is needed."
    sentence_fi = "Kolmikanta on jo pyydetty tai sovittu. Jos tarvitset toisen, peru se ensin."


@dataclass(frozen=True)
class NothingToCallOff(Refusal):
    """No three-party meeting is under way."""

    code = "nothing-to-call-off"
    sentence_en = "No three-party meeting is asked for or agreed any more, so nothing needs to be called off."
    sentence_fi = "Kolmikantaa ei ole enää pyydetty eikä sovittu, joten mitään ei tarvitse perua."


@dataclass(frozen=True)
class TooManyTimes(Refusal):
    """The plan says how many times are proposed at once."""

    code = "too-many-times"
    sentence_en = "Propose one to {most} times."
    sentence_fi = "Ehdota vähintään yhtä ja enintään {most} aikaa."
    status = 422
    field = "/proposed"
    most: int


@dataclass(frozen=True)
class TimeIncomplete(Refusal):
    """A proposed time has a day and an hour."""

    code = "time-incomplete"
    sentence_en = "Write both the day and the time of each proposal, or leave the proposal empty."
    sentence_fi = "Kirjoita jokaiseen ehdotukseen sekä päivä että kellonaika, tai jätä ehdotus tyhjäksi."
    status = 422
    field = "/proposed"


@dataclass(frozen=True)
class ProposedTimePassed(Refusal):
    """A time is proposed ahead."""

    code = "proposed-time-passed"
    sentence_en = "Each proposed time must lie ahead."
    sentence_fi = "Jokaisen ehdotetun ajan on oltava tuleva."
    status = 422
    field = "/proposed"


@dataclass(frozen=True)
class EndsBeforeItBegins(Refusal):
    """A meeting ends after it begins."""

    code = "ends-before-it-begins"
    sentence_en = "A meeting ends after it begins. Check the times."
    sentence_fi = "Tapaaminen päättyy alkamisensa jälkeen. Tarkista kellonajat."
    status = 422
    field = "/proposed"


@dataclass(frozen=True)
class AnsweredAlready(Refusal):
    """An invitation is answered once."""

    code = "answered-already"
    sentence_en = "The invitation is answered already, or not in force any more. Call the case manager if it changes."
    sentence_fi = "Kutsuun on jo vastattu tai se ei ole enää voimassa. Jos asia muuttuu, soita asiakasvastaavalle."


@dataclass(frozen=True)
class InvitedTimePassed(Refusal):
    """One can't promise to come to what is over."""

    code = "invited-time-passed"
    sentence_en = "The meeting's time has passed. Answer that you do not take part."
    sentence_fi = "Tapaamisen aika on jo mennyt. Vastaa, ettet osallistu."
    status = 422
    field = "/accepted"


@dataclass(frozen=True)
class TopicUnknown(Refusal):
    """What a case manager is asked about is a topic of the plan."""

    code = "topic-unknown"
    sentence_en = "Choose what it is about: {known}."
    sentence_fi = "Valitse, mistä on kyse: {known}."
    status = 422
    field = "/topic"
    known: str


@dataclass(frozen=True)
class AdvisedByAnother(Refusal):
    """Case managers do not advise on everything: who does is the right address [3.5]."""

    code = "advised-by-another"
    sentence_en = "Case managers do not advise on this. It belongs to the {role_en} at the Ohjaamo."
    sentence_fi = "Asiakasvastaavat eivät neuvo tässä asiassa. Sen hoitaa Ohjaamon {role_fi}."
    status = 422
    field = "/topic"
    role_fi: str
    role_en: str


@dataclass(frozen=True)
class OhjaamoUnknown(Refusal):
    """The plan names the Ohjaamos."""

    code = "ohjaamo-unknown"
    sentence_en = "The plan has no Ohjaamo there. Choose one of: {known}."
    sentence_fi = "Suunnitelmassa ei ole siellä Ohjaamoa. Valitse jokin näistä: {known}."
    status = 422
    field = "/ohjaamo"
    known: str


@dataclass(frozen=True)
class WantedTimePassed(Refusal):
    """A case manager is wanted now or later."""

    code = "wanted-time-passed"
    sentence_en = "The time has passed already. Ask for now, or for a time that lies ahead."
    sentence_fi = "Aika on jo mennyt. Pyydä heti tai anna tuleva aika."
    status = 422
    field = "/at"


@dataclass(frozen=True)
class NothingWaits(Refusal):
    """The request is answered or dealt with already."""

    code = "nothing-waits"
    sentence_en = "This is answered or dealt with already. Nothing more is needed."
    sentence_fi = "Tähän on jo vastattu tai asia on hoidettu. Muuta ei tarvita."


@dataclass(frozen=True)
class PersonNeeded(Refusal):
    """Somebody must answer for it."""

    code = "person-needed"
    sentence_en = "Say which member of staff asks: a program gives a staff id of its own organisation."
    sentence_fi = "Kerro, kuka pyytää: ohjelma antaa oman organisaationsa työntekijän tunnuksen."
    status = 422
    field = "/requested_by"
