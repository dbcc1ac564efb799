"""Why something can't happen in the workshop, and what to do instead."""

from dataclasses import dataclass
from datetime import date

from chassis.decisions import Refusal


@dataclass(frozen=True)
class NotPointti(Refusal):
    """Periods and TET periods are the workshop's alone."""

    code = "not-pointti"
    sentence_en = "Only the Pointti youth workshop has periods. Record a meeting instead."
    sentence_fi = "Jaksoja on vain nuorten työpaja Pointissa. Kirjaa tapaaminen."


@dataclass(frozen=True)
class PeriodRuns(Refusal):
    """One period ends before the next begins."""

    code = "period-runs"
    sentence_en = "A period is running already. Record its plan and end it first."
    sentence_fi = "Edellinen jakso on vielä kesken. Kirjaa sen suunnitelma ja päätä se ensin."


@dataclass(frozen=True)
class NoFreePlace(Refusal):
    """A group never has more young people than places."""

    code = "no-free-place"
    sentence_en = "The last place of this group was just taken. Choose another group, or give this one more places."
    sentence_fi = "Jakson viimeinen paikka meni juuri. Valitse toinen jakso tai lisää tälle jaksolle paikkoja."
    field = "/group_id"


@dataclass(frozen=True)
class AlreadyInGroup(Refusal):
    """A place is kept once."""

    code = "already-in-group"
    sentence_en = "The young person has a place in this group already. Nothing more is needed."
    sentence_fi = "Nuorella on jo paikka tällä jaksolla. Muuta ei tarvita."
    field = "/group_id"


@dataclass(frozen=True)
class GroupOver(Refusal):
    """Nobody joins a group whose last day has passed."""

    code = "group-over"
    sentence_en = "The group has ended. Choose one that is coming or running."
    sentence_fi = "Jakso on jo päättynyt. Valitse tuleva tai käynnissä oleva jakso."
    field = "/group_id"


@dataclass(frozen=True)
class NoPlace(Refusal):
    """Only a place that is kept, and whose period has not begun, is given up or begun."""

    code = "no-place"
    sentence_en = "The young person has no place that could still change: somebody changed it meanwhile, or the " \
                  "period has begun. Look at the group again."
    sentence_fi = "Nuorella ei ole paikkaa, jota voisi muuttaa: joku muutti sitä juuri, tai jakso on jo alkanut. " \
                  "Katso jakson tilanne uudelleen."


@dataclass(frozen=True)
class FewerThanTaken(Refusal):
    """A group keeps the places that are taken."""

    code = "fewer-than-taken"
    sentence_en = "{taken} places are taken, so there can't be fewer. Move somebody to another group first."
    sentence_fi = "Paikoista {taken} on varattu, joten niitä ei voi olla vähemmän. Siirrä ensin joku toiselle jaksolle."
    status = 422
    field = "/places"
    taken: int


@dataclass(frozen=True)
class GroupHasBegun(Refusal):
    """The days of a group that has begun for somebody stay."""

    code = "group-has-begun"
    sentence_en = "The period has begun for somebody in the group, so its first day stays. Make a new group instead."
    sentence_fi = "Jakso on jo alkanut jollekulle ryhmästä, joten sen alkupäivä ei muutu. Tee uusi jakso."
    field = "/first_day"


@dataclass(frozen=True)
class GroupInUse(Refusal):
    """A group that somebody has or had a place in stays."""

    code = "group-in-use"
    sentence_en = "Somebody has or had a place in this group, so it stays. Change its days or places instead."
    sentence_fi = "Jollakulla on tai on ollut paikka tällä jaksolla, joten sitä ei voi poistaa. Muuta sen päiviä tai " \
                  "paikkoja."


@dataclass(frozen=True)
class NotInPeriod(Refusal):
    """What begins a period lies on one of its days."""

    code = "not-in-period"
    sentence_en = "The day must be one of the period: from {first:%-d.%-m.%Y} to {last:%-d.%-m.%Y}."
    sentence_fi = "Päivän on oltava jakson päivä: {first:%-d.%-m.%Y}–{last:%-d.%-m.%Y}."
    status = 422
    field = "/on"
    first: date
    last: date


@dataclass(frozen=True)
class NoPeriodRuns(Refusal):
    """TET periods belong to a period [3.3]."""

    code = "no-period-runs"
    sentence_en = "TET periods belong to a period, and none is running. Take the young person into a period first."
    sentence_fi = "TET-jakso kuuluu työpajajaksoon, eikä jakso ole käynnissä. Ota nuori ensin jaksolle."


@dataclass(frozen=True)
class TetOutsidePeriod(Refusal):
    """A TET period lies within the period [3.3]."""

    code = "tet-outside-period"
    sentence_en = "The TET period must lie within the period, from {first:%-d.%-m.%Y} to {last:%-d.%-m.%Y}."
    sentence_fi = "TET-jakson on oltava jakson aikana, {first:%-d.%-m.%Y}–{last:%-d.%-m.%Y}."
    status = 422
    field = "/starts_on"
    first: date
    last: date


@dataclass(frozen=True)
class WorkplaceMissing(Refusal):
    """A workplace is a municipal unit of the plan's list, or a company with its business id."""

    code = "workplace-missing"
    sentence_en = "Say which workplace: the municipal unit, or the company's business id."
    sentence_fi = "Kerro työpaikka: kunnan yksikkö tai yrityksen Y-tunnus."
    status = 422
    field = "/unit"


@dataclass(frozen=True)
class NotABusinessId(Refusal):
    """A company is named by a business id that can be right."""

    code = "not-a-business-id"
    sentence_en = "This is not a business id: it looks like 1234567-1, and its check digit must be right. Check it."
    sentence_fi = "Tämä ei ole Y-tunnus: se on muotoa 1234567-1, ja tarkistusnumeron on oltava oikea. Tarkista se."
    status = 422
    field = "/business_id"


@dataclass(frozen=True)
class TetUnknown(Refusal):
    """The TET period is not one of this case, or was recorded as ended before."""

    code = "tet-unknown"
    sentence_en = "No such TET period waits to be recorded in this case: somebody may have recorded it already."
    sentence_fi = "Tässä asiakkuudessa ei ole tällaista kirjaamatonta TET-jaksoa: joku on voinut kirjata sen jo."


@dataclass(frozen=True)
class TetNotBegun(Refusal):
    """What both wish is known once the TET period has begun."""

    code = "tet-not-begun"
    sentence_en = "The TET period has not begun yet. Record what both wish when it is over, or agree other days."
    sentence_fi = "TET-jakso ei ole vielä alkanut. Kirjaa molempien toive jakson jälkeen, tai sovi uudet päivät."


@dataclass(frozen=True)
class NothingToPropose(Refusal):
    """Only where both wish to go on, and nothing is on its way, a work trial is proposed [3.3]."""

    code = "nothing-to-propose"
    sentence_en = "No work trial waits to be proposed here: it was sent or left already, or not both wish to go on."
    sentence_fi = "Tässä ei ole lähetettävää työkokeiluehdotusta: se on jo lähetetty tai jätetty lähettämättä, tai " \
                  "molemmat eivät halua jatkaa."


@dataclass(frozen=True)
class NotThroughManager(Refusal):
    """A work trial is proposed through the seat that the plan names [3.3]; `role` is its code."""

    code = "not-through-manager"
    sentence_en = "Work trials are proposed through the role {role} alone. Name in sent_by somebody who has it."
    sentence_fi = "Työkokeilua ehdottaa vain tehtävä {role}. Anna kentässä sent_by henkilö, jolla se on."
    status = 422
    field = "/sent_by"
    role: str


@dataclass(frozen=True)
class YoungPersonDisagrees(Refusal):
    """Nothing of a young person goes to the area against their will [3.3]."""

    code = "young-person-disagrees"
    sentence_en = "Ask the young person first. A proposal is sent only with their consent; otherwise leave it unsent."
    sentence_fi = "Kysy ensin nuorelta. Ehdotus lähetetään vain, kun nuori suostuu siihen; muuten jätä se lähettämättä."
    status = 422
    field = "/young_person_agrees"


@dataclass(frozen=True)
class TrialDaysWrong(Refusal):
    """A work trial begins today or later, and ends on its first day or later."""

    code = "trial-days-wrong"
    sentence_en = "A work trial begins today or later and does not end before it begins. Check the days."
    sentence_fi = "Työkokeilu alkaa aikaisintaan tänään eikä pääty ennen alkuaan. Tarkista päivät."
    status = 422
    field = "/ends_on"


@dataclass(frozen=True)
class ProposalUnknown(Refusal):
    """The area answers a proposal that this case never made."""

    code = "proposal-unknown"
    reason = "unknown-subject"
    sentence_en = "No such proposal was made for this referral."
    sentence_fi = "Tästä ohjauksesta ei ole tehty tällaista ehdotusta."
