"""Measures: what each published figure counts, defined once, as data [measures.md].

A measure is a value of a series' counts. Its Finnish and English names are the plan's (`codes.measure`), its
definition and formula stand here and are shown next to the figure. What adds up says so (`adds_up`): its months make
the quarter and the year, the parts of its split the total. What does not is counted anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Literal

from contracts.events.figures import Unit
from services.reporting import series
from services.reporting.series import Counts, Series

Sort = Literal["count", "other count", "share", "ratio", "statistic"]


@dataclass(frozen=True)
class Said:
    """A text in both languages."""

    fi: str
    en: str

    def text(self, language: str) -> str:
        return self.en if language == "en" else self.fi


@dataclass(frozen=True)
class Measure:
    """`sort`: the count `a`; the count `b`; the share a ÷ (a + b); the ratio a ÷ b; or a `statistic` in SQL."""

    table: str
    code: str
    series: Series
    section: str
    definition: Said
    formula: Said
    sort: Sort = "count"
    unit: Unit = "count"
    statistic: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether months make the quarter and the year, and parts the total."""
        return self.sort in ("count", "other count") and not self.series.persons_once

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(d for d in (self.series.slice, self.series.split) if d)

    def of(self, counts: Counts) -> Decimal | None:
        """The value of a measure that is no statistic; None where there is nothing to divide by."""
        return _VALUE[self.sort](*counts)


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(100) * part / whole if whole else None


_VALUE: Mapping[Sort, Callable[[int, int], Decimal | None]] = MappingProxyType({
    "count": lambda a, b: Decimal(a),
    "other count": lambda a, b: Decimal(b),
    "share": lambda a, b: _share(a, a + b),
    "ratio": lambda a, b: _share(a, b),
})
DECIMALS: Mapping[Unit, int] = MappingProxyType({"count": 0, "cents": 0, "percent": 1, "days": 1, "rating": 2})


def rounded(value: Decimal | int | float, unit: Unit) -> Decimal:
    """A value as it is published: rounded once and last, half away from zero."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-DECIMALS[unit]), rounding=ROUND_HALF_UP)


def _measure(table: str, code: str, of: str, section: str, definition: tuple[str, str], formula: tuple[str, str],
             sort: Sort = "count", unit: Unit = "count", statistic: str = "") -> Measure:
    return Measure(table, code, series.ALL[of], section, Said(*definition), Said(*formula), sort, unit, statistic)


_MEDIAN = "percentile_cont(0.5) within group (order by value)::numeric"
_P90 = "percentile_cont(0.9) within group (order by value)::numeric"

ALL: tuple[Measure, ...] = (
    _measure("services", "clients", "clients", "3.2", (
        "Palvelun asiakkaat vuonna: henkilöt, joiden palvelu alkoi vuoden aikana tai jatkui edellisestä vuodesta. "
        "Jokainen lasketaan kerran, vaikka asiakkuuksia olisi monta.",
        "Clients of a service in a year: persons whose service began in the year or went on from the year before. "
        "Each counts once, however many cases there were.",
    ), ("eri henkilöt: palvelu alkoi ∪ palvelu jatkui", "distinct persons: service began ∪ service continued")),
    _measure("services", "new-clients", "new-clients", "3.2", (
        "Vuoden asiakkaista ne, joilla ei ollut aiempaa samaa palvelua tällä tuottajalla.",
        "Of the year's clients those with no earlier service of this kind at this provider.",
    ), ("eri henkilöt: palvelu alkoi uutena asiakkaana", "distinct persons: service began, new client")),
    _measure("services", "began", "began", "3.2", (
        "Alkaneet asiakkuudet. Palvelu alkaa ensimmäisestä tapaamisesta, joka ei ole haastattelu (Pointissa jakson "
        "alkamisesta, Ohjaamossa ja hyvinvointisuunnittelijalla ensimmäisestä tapaamisesta).",
        "Cases that began. A service begins with the first meeting that is no interview (in Pointti with the period, "
        "at an Ohjaamo and the planner with the first meeting).",
    ), ("asiakkuudet, joiden alkamispäivä on jaksossa", "cases whose first day is in the period")),
    _measure("services", "not-begun", "not-begun", "3.2", (
        "Asiakkuudet, jotka eivät alkaneet: ei tavoitettu, kieltäytyi, ei kuulunut palveluun, ei ollut tilaa tai "
        "suostumus peruttiin.",
        "Cases that never began: not reached, declined, not eligible, no capacity, or withdrawn.",
    ), ("asiakkuudet, joiden odotus päättyi jaksossa ilman palvelua",
        "cases whose wait ended in the period without service")),
    _measure("services", "ended", "ended", "3.2", (
        "Päättyneet asiakkuudet päättymispäivän mukaan. Sama henkilö voi olla mukana useasti.",
        "Cases that ended, by their last day. A person may be in it several times.",
    ), ("asiakkuudet, joiden päättymispäivä on jaksossa", "cases whose last day is in the period")),
    _measure("services", "outcome-share", "outcomes", "3.2", (
        "Osuus päättyneistä asiakkuuksista, joissa asiakas siirtyi työhön tai koulutukseen tai sai tarvitsemansa "
        "palvelun. Nimittäjässä ovat kaikki päättyneet, myös keskeytyneet ja muuttaneet.",
        "Share of ended cases in which the client went on to work or education or got the service they needed. All "
        "that ended are in the denominator, those broken off and moved away included.",
    ), ("(työ + koulutus + sai palvelun) ÷ kaikki päättyneet", "(work + education + got the service) ÷ all ended"),
        "share", "percent"),
    _measure("waiting", "waiting-median", "waits", "3.2", (
        "Odotusaika ohjauksesta tai yhteydenotosta palvelun alkamiseen, mediaani, sen kuukauden mukaan, jona odotus "
        "päättyi.",
        "Wait from the referral or first approach until the service began, median, by the month in which it ended.",
    ), ("mediaani(alkamispäivä − yhteydenottopäivä)", "median(first day − day of the approach)"),
        "statistic", "days", _MEDIAN),
    _measure("waiting", "waiting-p90", "waits", "3.2", (
        "Odotusaika, jonka yhdeksän kymmenestä alittaa.", "The wait that nine of ten do not reach.",
    ), ("90. prosenttipiste(alkamispäivä − yhteydenottopäivä)", "90th percentile(first day − day of the approach)"),
        "statistic", "days", _P90),
    _measure("outreach", "contacted-share", "contacted", "3.4", (
        "Etsivä nuorisotyö: osuus päättyneistä odotuksista, joissa nuoreen yritettiin saada yhteys kahden viikon "
        "kuluessa (14. päivä mukaan lukien). Ilman yritystä jäänyt ei ole ajoissa.",
        "Outreach youth work: share of the waits that ended in which an attempt was made within two weeks, the 14th "
        "day included. No attempt is not within.",
    ), ("ensimmäinen yritys ≤ yhteydenottopäivä + 14 ÷ kaikki, joiden odotus päättyi",
        "first attempt ≤ approach + 14 days ÷ all whose wait ended"), "share", "percent"),
    _measure("outreach", "reached-share", "reached", "3.4", (
        "Etsivä nuorisotyö: osuus päättyneistä odotuksista, joissa nuori tavoitettiin kahden viikon kuluessa.",
        "Outreach youth work: share of the waits that ended in which the young person was reached within two weeks.",
    ), ("tavoitettu ≤ yhteydenottopäivä + 14 ÷ kaikki, joiden odotus päättyi",
        "reached ≤ approach + 14 days ÷ all whose wait ended"), "share", "percent"),
    _measure("referrals", "referrals", "referrals", "3.2", (
        "Asiakasvastaavien ohjaukset palveluun, asuinkunnan mukaan. Myös perutut, peruutetut ja palautetut lasketaan.",
        "Referrals by case managers, by residence. Withdrawn, cancelled and returned ones stay counted.",
    ), ("ohjaukset, joiden ohjauspäivä on jaksossa", "referrals whose day is in the period")),
    _measure("referrals", "returns", "returns", "3.2", (
        "Palveluntuottajien palauttamat ohjaukset syyn mukaan.", "Referrals that providers gave back, by reason.",
    ), ("palautukset jaksossa", "returns in the period")),
    _measure("visits", "visits", "visits", "2.1, 2.2", (
        "Tehdyt yrityskäynnit, suunnitellut ja muut.", "Company visits made, planned or not.",
    ), ("käynnit, joiden päivä on jaksossa", "visits whose day is in the period")),
    _measure("visits", "joint-visits", "joint-visits", "2.2", (
        "Tehdyt käynnit, joilla oli mukana vähintään kaksi organisaatiota.",
        "Visits made to which two or more organisations went.",
    ), ("käynnit, organisaatioita ≥ 2", "visits, organisations ≥ 2")),
    _measure("visits", "planned-visits", "planned-visits", "2.2", (
        "Suunnitellut käynnit viimeksi ilmoitetun päivän mukaan, ilman peruttuja.",
        "Visits planned, by the day told last, without those cancelled.",
    ), ("suunnitellut − perutut", "planned − cancelled")),
    _measure("leads", "leads-routed", "leads-routed", "2.1, 2.2", (
        "Liidit, jotka ohjattiin palveluntuottajalle. Liidi lasketaan kerran vuodessa, ensimmäisen ohjauksen "
        "kuukauteen; kaksoiskappaleita ja vahingossa kirjattuja ei lasketa.",
        "Leads routed to a provider: once a year, in the month of the first routing; duplicates and mistakes do not "
        "count.",
    ), ("eri liidit, ensimmäinen ohjaus vuonna", "distinct leads, first routing of the year")),
    _measure("leads", "leads-fulfilled", "leads-fulfilled", "2.1, 2.2", (
        "Toteutuneet liidit: yritys sai, mitä se tarvitsi.", "Leads fulfilled: the company got what it needed.",
    ), ("liidit, joiden toteutumispäivä on jaksossa", "leads whose day of fulfilment is in the period")),
    _measure("leads", "matching-share", "matching", "2.1, 6", (
        "Kohtaanto: työvoimaliidit, jotka johtivat palkkaamiseen, suhteessa ohjattuihin työvoimaliideihin.",
        "Matching: leads of labour that led to hiring, against leads of labour routed.",
    ), ("toteutuneet, palkattuja ≥ 1 ÷ ohjatut", "fulfilled with someone hired ÷ routed"), "ratio", "percent"),
    _measure("leads", "days-to-fulfil", "days-to-fulfil", "2.1, 6", (
        "Päiviä työvoimaliidin ensimmäisestä ohjauksesta palkkaamiseen, mediaani.",
        "Days from the first routing of a lead of labour to the hiring, median.",
    ), ("mediaani(toteutumispäivä − ensimmäinen ohjaus)", "median(day of fulfilment − first routing)"),
        "statistic", "days", _MEDIAN),
    _measure("leads", "hired", "hired", "2.1, 6", (
        "Henkilöt, jotka saivat työtä liidien kautta.", "Persons who got work through leads.",
    ), ("palkattujen summa toteutuneissa liideissä", "sum of hired over leads fulfilled")),
    _measure("events", "events-held", "events-held", "2.1, 3.4", (
        "Pidetyt yritys- ja rekrytointitapahtumat ja opiskelijainfot.",
        "Company and recruiting events and information sessions for students that were held.",
    ), ("tapahtumat, joiden päivä on jaksossa", "events whose day is in the period")),
    _measure("events", "attendance", "attendance", "2.1", (
        "Osallistujat pidetyissä tapahtumissa.", "Attendance of events that were held.",
    ), ("osallistujien summa", "sum of attendance")),
    _measure("change-situations", "change-situations", "change-situations", "2.3", (
        "Muutosturvatilanteet, jotka tulivat tietoon.", "Change situations that came to be known.",
    ), ("tilanteet, joiden tiedoksitulopäivä on jaksossa", "situations that were known of in the period")),
    _measure("timeliness", "in-time", "timeliness", "3.2, 3.4", (
        "Tehtävät, jotka tehtiin määräaikaan mennessä, määräajan kuukauden mukaan.",
        "Obligations met by their deadline, by the month of the deadline.",
    ), ("tehty ≤ määräaika", "met ≤ deadline")),
    _measure("timeliness", "late", "timeliness", "3.2, 3.4", (
        "Tehtävät, jotka tehtiin määräajan jälkeen tai joiden määräaika meni ohi. Perutut eivät ole mukana.",
        "Obligations met after their deadline, or missed. Cancelled ones are in neither.",
    ), ("tehty > määräaika, tai tekemättä", "met > deadline, or missed"), "other count"),
    _measure("timeliness", "in-time-share", "timeliness", "3.2, 3.4", (
        "Ajoissa tehtyjen tehtävien osuus. Perutut ja vielä auki olevat eivät ole mukana.",
        "Share of obligations met by their deadline. Cancelled and undecided ones are in neither.",
    ), ("ajoissa ÷ (ajoissa + myöhässä)", "in time ÷ (in time + late)"), "share", "percent"),
    _measure("feedback", "feedback-received", "feedback", "5", (
        "Saatu palaute kunnan palveluista ja työllisyysalueesta.",
        "Feedback received about municipal services and about the employment area.",
    ), ("palautteet, joiden saapumispäivä on jaksossa", "feedback received in the period")),
    _measure("feedback", "mean-rating", "ratings", "5", (
        "Arvosanojen (1–5) keskiarvo niistä palautteista, joissa arvosana on.",
        "Mean of the ratings (1 to 5) of the feedback that has one.",
    ), ("arvosanojen summa ÷ arvosanojen määrä", "sum of ratings ÷ number of ratings"),
        "statistic", "rating", "avg(value)"),
    _measure("feedback", "answered-in-time-share", "answered", "5", (
        "Työllisyysaluetta koskeva palaute, johon vastattiin määräpäivään mennessä, kaikesta siitä saadusta "
        "palautteesta.",
        "Feedback about the employment area answered on or before the day when an answer was due, of all received.",
    ), ("vastattu ≤ määräpäivä ÷ kaikki saatu", "answered ≤ due ÷ all received"), "share", "percent"),
    _measure("triage", "inquiries", "inquiries", "3.7", (
        "Palvelukäytävässä ohjatut asiat yhteydenottotavan ja osoitteen mukaan.",
        "Inquiries directed at the service corridor, by channel and address.",
    ), ("asiat, jotka ohjattiin jaksossa", "inquiries directed in the period")),
    _measure("pointti-plans", "plans", "plans", "3.3", (
        "Suunnitelmat, joihin Pointin jaksot päättyivät: työkokeilu, koulutus tai työ.",
        "Plans in which periods in Pointti ended: work trial, education or job.",
    ), ("Pointissa päättyneet suunnitelman mukaan", "ended in Pointti, by plan")),
    _measure("phenomena", "observations", "observations", "3.4", (
        "Kuinka usein etsivä nuorisotyö kohtasi ilmiön. Tieto ei koske ketään henkilöä.",
        "How often outreach youth work met a phenomenon. It is never about a person.",
    ), ("havaintojen summa", "sum of observations")),
)

BY_CODE: Mapping[tuple[str, str], Measure] = MappingProxyType({(m.table, m.code): m for m in ALL})
AREA_TABLES: Mapping[str, str] = MappingProxyType({"area-results": "results", "area-costs": "costs"})
"""Tables of what the area's BI reports: their measures, units and names are the plan's [6]."""
TARGETS = "targets"
"""Table of the working group's targets; a target is a figure of the measure that it is of [2.1]."""
AREA_DEFINITION = Said(
    "Työllisyysalueen kuukausittain ilmoittama luku; viimeisin ilmoitus kuukaudelta on voimassa.",
    "What the employment area reports each month; its latest report of a month holds.",
)
OVER_TIME: Mapping[str, Said] = MappingProxyType({
    "sum": Said("kuukausien summa", "sum of the months"),
    "last": Said("viimeisin kuukausi", "the last month"),
    "mean": Said("kuukausien keskiarvo", "mean of the months"),
})
