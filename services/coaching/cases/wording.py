"""How a case is said to people: status, next act, what happened; in the reader's language."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from chassis.calendar import helsinki_day
from chassis.web import N_, Page
from chassis.web.formats import Formats
from contracts import plan
from contracts.plan import Plan
from services.coaching.cases import duties
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import OURS
from services.coaching.cases.store import Whose
from services.coaching.cases.timeline import Entry
from services.coaching.meetings import invitations, requests, three_party
from services.coaching.meetings import wording as meetings
from services.coaching.outreach.trying import Trying

STATUS: Mapping[Status, tuple[str, str]] = {
    Status.ARRIVED: (N_("Arrived"), "info"),
    Status.CONTACTING: (N_("Contact under way"), "warning"),
    Status.REACHED: (N_("Reached"), "warning"),
    Status.BOOKED: (N_("Time booked"), "info"),
    Status.INTERVIEWED: (N_("Interviewed, waits for a place"), "warning"),
    Status.RUNNING: (N_("Service under way"), "success"),
    Status.BETWEEN: (N_("Period over"), "success"),
    Status.ENDED: (N_("Ended"), "neutral"),
    Status.NOT_BEGUN: (N_("Did not begin"), "neutral"),
}
CHANNELS: Mapping[str, str] = {
    "call": N_("Phone call"), "text-message": N_("Text message"), "email": N_("E-mail"), "letter": N_("Letter"),
    "visit": N_("Visit"), "other": N_("Other way"),
}
MEETINGS: Mapping[str, str] = {
    "starter-package": N_("starter package"), "coaching": N_("coaching"), "three-party": N_("three-party meeting"),
    "interview": N_("interview"), "my-team": N_("Minun tiimini meeting"),
}
A_MEETING = N_("meeting")
"""What a meeting of the kind `coaching` is called in services that do not coach."""
BASES: Mapping[str, str] = {
    "not-of-working-age": N_("integration programme, not of working age"),
    "of-working-age": N_("integration programme, of working age"), "guidance": N_("guidance and advice"),
}
BESIDE: Mapping[str, str] = {"work": N_("work"), "education": N_("studies")}
_GOES_ON: Mapping[str, str] = {
    "work": N_("goes on beside work since %(day)s"), "education": N_("goes on beside studies since %(day)s"),
}
OUTCOMES: Mapping[str, str] = {
    "work": N_("to work"), "education": N_("to education"), "got-needed-service": N_("got the service needed"),
    "work-trial": N_("to a work trial"), "other-service": N_("to another service"), "moved": N_("moved away"),
    "interrupted": N_("was interrupted"),
}
NOT_BEGUN: Mapping[str, str] = {
    "not-reached": N_("the client was not reached"), "declined": N_("the client did not want to take part"),
    "not-eligible": N_("the service is not meant for this client"), "no-capacity": N_("there is no place just now"),
    "withdrawn": N_("the consent is not in force any more"),
}
RETURNS: Mapping[str, str] = {
    "not-started": N_("the service did not begin"), "wrong-address": N_("another service is right"),
    "not-eligible": NOT_BEGUN["not-eligible"], "no-capacity": NOT_BEGUN["no-capacity"],
}
ORIGINS: Mapping[str, str] = {
    "self": N_("the client got in touch"), "other-service": N_("from another service"),
    "yhteisetsiva": N_("through Yhteisetsivä"), "referral": N_("by referral"),
}
PLANS: Mapping[str, str] = {"work-trial": N_("work trial"), "education": N_("education"), "job": N_("job")}
CLOSINGS: Mapping[str, str] = {
    "withdrawal": N_("The client withdrew the consent"), "cancellation": N_("The case manager took the referral back"),
    "return": N_("The referral was given back"),
}
NEXT: Mapping[str, str] = {
    duties.CONTACT: N_("contact the client"), duties.TRY_AGAIN: N_("try to reach the client again"),
    duties.DECIDE: N_("decide whether to go on trying"), duties.BOOK: N_("book a time"),
    duties.RECORD: N_("record whether the meeting was held"), duties.INTERVIEW: N_("interview the young person"),
    duties.START_PERIOD: N_("take the young person into a period"), duties.END_PERIOD: N_("end the period with a plan"),
    duties.TELL_STARTED: N_("tell the employment area that the service began"),
    duties.TELL_ENDED: N_("tell the employment area that the service ended"),
    duties.REVIEW: N_("review whether the case goes on"),
    duties.RECORD_TET: N_("record what both wish after the TET period"),
    duties.SEND_PROPOSAL: N_("the manager sends the work trial's proposal"),
    three_party.PROPOSE: N_("propose another time for the three-party meeting"),
    three_party.RECORD: N_("the three-party meeting"),
}
_REACHED = {True: N_("%(channel)s: the client was reached."), False: N_("%(channel)s: the client was not reached.")}
_SENTENCES: Mapping[str, str] = {
    "referred": N_("The case manager referred the client. Consent: name and phone number, purpose %(purpose)s."),
    "opened": N_("The case was opened without a referral: %(origin)s."),
    "details-received": N_("The contact details came sealed, to be opened for this case alone."),
    "details-corrected": N_("The contact details were corrected: the client told another name or phone number."),
    "details-shown": N_("The contact details were looked at: %(reason)s."),
    "details-erased": N_("The contact details are erased. Nobody can read them any more."),
    "closed-by-withdrawal": N_("The client withdrew the consent. The contact details can't be opened any more."),
    "closed-by-cancellation": N_(
        "The case manager took the referral back. The contact details can't be opened any more."),
    "visited": N_("Came to the Ohjaamo of %(ohjaamo)s without an appointment: %(topic)s."),
    "appointment-booked": N_("A time was booked: %(at)s, %(place)s."),
    "meeting-held": N_("A meeting was held on %(on)s: %(kind)s."),
    "period-started": N_("A period began on %(starts_on)s; it ends on %(ends_on)s."),
    "period-ended": N_("The period ended on %(ended_on)s. Plan: %(plan)s."),
    "place-kept": N_("A place is kept in the period from %(starts_on)s to %(ends_on)s."),
    "place-left": N_("The place in the period was given up."),
    "tet-agreed": N_("A TET period was agreed, from %(starts_on)s: %(workplace)s."),
    "tet-placed": N_("A TET period was agreed, from %(starts_on)s: %(workplace)s."),
    "trial-proposed": N_(
        "A work trial was proposed to the employment area, from %(starts_on)s to %(ends_on)s: %(workplace)s."),
    "proposal-left": N_("The manager left the work trial's proposal unsent: %(reason)s."),
    "withdrawal-told": N_("The client told that the consent is withdrawn."),
    "coaching-started": N_("The employment area was told that the service began on %(started_on)s."),
    "coaching-ended": N_("The employment area was told that the service ended on %(ended_on)s."),
    "referral-returned": N_("The referral was given back to the employment area: %(reason)s."),
    "withdrawal-reported": N_("The employment area was told of the withdrawal."),
}
_COMPANY = N_("company %(id)s")
_SOME_COMPANY = N_("a company")
_SOME_UNIT = N_("a municipal unit")
LISTS: Mapping[str, Mapping[str, str]] = {
    "beside": BESIDE, "channels": CHANNELS, "outcomes": OUTCOMES, "not_begun": NOT_BEGUN, "returns": RETURNS,
    "plans": PLANS,
}
"""Tables of choices as the forms of acts name them."""
_PROGRAM = N_("a program of the municipality")
_TOKEN = re.compile(r"[a-z2-7]{12}")
_CLOSED = N_("The case ended on %(on)s: %(how)s.")
DECLINED: Mapping[str | None, str] = {
    "timing": N_("the time does not suit"), "workplace": N_("the workplace does not suit"),
    "not-possible": N_("a work trial is not possible"), None: N_("no reason was given"),
}
_ANSWERED = {
    True: N_("The employment area accepted the work trial."),
    False: N_("The employment area declined the work trial: %(reason)s."),
}
_TET_ENDED = {
    (True, True): N_("The TET period ended; both wish to go on."),
    (True, False): N_("The TET period ended; the young person wishes to go on, the workplace does not."),
    (False, True): N_("The TET period ended; the workplace wishes to go on, the young person does not."),
    (False, False): N_("The TET period ended; neither wishes to go on."),
}


class Words:
    """The words of one page: its language, and the plan in force."""

    def __init__(self, page: Page) -> None:
        self.page, self.language = page, page.language
        self.rules: Plan = plan.on(page.today)
        self.formats = Formats(page.language, page.texts)

    def service(self, code: str) -> str:
        """The service's name, to begin a line with."""
        known = self.rules.services.get(code)
        return capitalised(known.text(self.language)) if known else code

    def organisation(self, code: str) -> str:
        known = self.rules.organisations.get(code)
        return known.text(self.language) if known else code

    def municipality(self, code: str) -> str:
        known = self.rules.municipalities.get(code)
        return known.text(self.language) if known else code

    def role(self, code: str) -> str:
        known = self.rules.roles.get(code)
        return known.text(self.language) if known else code

    def code(self, code_list: str, code: str) -> str:
        known = self.rules.codes[code_list].get(code)
        return known.text(self.language) if known else code

    def codes(self, code_list: str) -> list[tuple[str, str]]:
        """A list of the plan as choices."""
        return [(code, capitalised(label.text(self.language))) for code, label in self.rules.codes[code_list].items()]

    def choices(self, table: Mapping[str, str], only: Iterable[str] | None = None) -> list[tuple[str, str]]:
        """A table of ours as choices."""
        wanted = table if only is None else only
        return [(code, capitalised(self.page.gettext(table[code]))) for code in wanted]

    def case(self, service: str, number: str) -> str:
        """How a case is called by those who work in its service."""
        if self.rules.trying(service):
            return self.page.gettext("Young person %(number)s", number=number)
        return self.page.gettext("Case %(number)s", number=number)

    def meetings(self, service: str) -> list[tuple[str, str]]:
        """The kinds of meetings of a service as choices."""
        known = self.rules.services.get(service)
        return [(kind, capitalised(self.meeting(kind, service))) for kind in (known.meetings if known else MEETINGS)]

    def meeting(self, kind: str, service: str) -> str:
        known = self.rules.services.get(service)
        coaches = known is None or known.start_and_end_told
        return self.page.gettext(A_MEETING if kind == "coaching" and not coaches else MEETINGS[kind])

    def origin(self, origin: str) -> str:
        return self.page.gettext(ORIGINS[origin])

    def channels(self, channels: Iterable[str]) -> str:
        """Channels in a sentence."""
        return ", ".join(self.page.gettext(CHANNELS[channel]).lower() for channel in channels)

    def countdown(self, trying: Trying) -> str:
        """How much of the time to the first contact is left [3.4]."""
        day = self.formats.day(trying.due_on)
        if trying.days_left < 0:
            return self.page.ngettext("The time to get in touch ran out on %(day)s, one day ago.",
                                      "The time to get in touch ran out on %(day)s, %(num)s days ago.",
                                      -trying.days_left, day=day)
        if trying.days_left == 0:
            return self.page.gettext("Today is the last day to get in touch.")
        return self.page.ngettext("One day is left to get in touch, until %(day)s.",
                                  "%(num)s days are left to get in touch, until %(day)s.", trying.days_left, day=day)

    def goes_on(self, beside: str, since: date) -> str:
        return self.page.gettext(_GOES_ON[beside], day=self.formats.date_(since))

    def basis(self, basis: str) -> str:
        return self.page.gettext(BASES[basis])

    def bases(self) -> list[tuple[str, str]]:
        """Why somebody comes to immigrant services, as choices; with what working age is [3.6]."""
        ages = self.rules.immigrant_services.working_age
        choices = self.choices(BASES)
        return [(code, f"{text} ({ages.minimum}–{ages.maximum})" if code == "of-working-age" else text)
                for code, text in choices]

    def municipalities_of(self, service: str, whose: Whose) -> list[tuple[str, str]]:
        """Whose residents somebody may receive in a service, as choices."""
        known = self.rules.services[service]
        return [(code, self.municipality(code)) for code, provider in known.providers.items()
                if whose.provider_of(service, code) == provider.organisation]

    def kind(self, code: str) -> str:
        """A kind of meeting to which somebody is invited, to begin a line with."""
        return capitalised(self.code("invitation-kind", code))

    def hours(self, starts_at: datetime, ends_at: datetime) -> str:
        """`ti 1.12. klo 9.00–10.00`"""
        return f"{self.formats.due(starts_at)}–{self.formats.time_(ends_at)}"

    def may_have_three_party(self, service: str) -> bool:
        known = self.rules.services.get(service)
        return known is not None and three_party.KIND in known.meetings

    def three_party_stage(self, stage: three_party.Stage) -> tuple[str, str]:
        """Text and colour of the tag; so too below."""
        text, colour = meetings.THREE_PARTY[stage]
        return self.page.gettext(text), colour

    def invitation_stage(self, stage: invitations.Stage) -> tuple[str, str]:
        text, colour = meetings.INVITATION[stage]
        return self.page.gettext(text), colour

    def request_stage(self, stage: requests.Stage) -> tuple[str, str]:
        text, colour = meetings.REQUEST[stage]
        return self.page.gettext(text), colour

    def status(self, status: Status) -> tuple[str, str]:
        """Text and colour of the tag."""
        text, colour = STATUS[status]
        return self.page.gettext(text), colour

    def next(self, kind: str) -> str:
        return self.page.gettext(NEXT[kind])

    def closing(self, closing: str) -> str:
        return self.page.gettext(CLOSINGS[closing])

    def workplace(self, kind: str, unit: str | None = None, business_id: str | None = None) -> str:
        """Where a young person gets to know working life; PARty may name neither unit nor company."""
        if kind == "company":
            return self.page.gettext(_COMPANY, id=business_id) if business_id else self.page.gettext(_SOME_COMPANY)
        return self.code("unit", unit) if unit else self.page.gettext(_SOME_UNIT)

    def day(self, moment: datetime) -> date:
        """A deadline at the end of a day is that day."""
        return helsinki_day(moment)

    def by(self, who: str | None, names: Mapping[str, str]) -> str | None:
        """Who did it: a person by name, PARty, an organisation or program, or nobody for what happens by itself."""
        if who is None or who == OURS:
            return None
        if who.startswith("/"):
            return "PARty" if who.endswith("/party") else self.organisation(who.split("/")[1])
        return names.get(who) or (self.page.gettext(_PROGRAM) if _TOKEN.fullmatch(who) else who)

    def happened(self, entry: Entry, service: str) -> str:
        """An entry of the timeline of a service's case as a sentence."""
        say, fields = self.page.gettext, entry.fields
        if entry.kind == "meeting-held":
            return say(_SENTENCES[entry.kind], on=self.formats.date_(fields["on"]),
                       kind=self.meeting(fields["kind"], service))

        if (about_meeting := meetings.happened(self, entry)) is not None:
            return about_meeting
        if entry.kind == "contact-attempted":
            return say(_REACHED[bool(fields["reached"])], channel=say(CHANNELS[fields["channel"]]))
        if entry.kind == "case-closed":
            how = OUTCOMES.get(fields["outcome"] or "") or NOT_BEGUN[fields["not_begun"]]
            return say(_CLOSED, on=self.formats.date_(fields["on"]), how=say(how))
        if entry.kind == "tet-ended":
            return say(_TET_ENDED[fields["young_person_continues"], fields["workplace_continues"]])
        if entry.kind == "work-trial-proposal-answered":
            return say(_ANSWERED[bool(fields["accepted"])], reason=say(DECLINED[fields["reason"]]))
        values = {name: self._value(entry.kind, name, value) for name, value in fields.items()}
        if "workplace_kind" in fields:
            values["workplace"] = self.workplace(
                fields["workplace_kind"], fields.get("unit"), fields.get("business_id"))
        return say(_SENTENCES[entry.kind], **values) if entry.kind in _SENTENCES else entry.kind

    def _value(self, kind: str, name: str, value: Any) -> Any:
        """A field as people read it."""
        if isinstance(value, datetime):
            return self.formats.moment(value)
        if isinstance(value, date):
            return self.formats.date_(value)
        match kind, name:
            case _, "purpose":
                return self.code("consent-purpose", value)
            case _, "place":
                return self.code("place", value)
            case "details-shown", "reason":
                return self.code("reveal-reason", value)
            case "referral-returned", "reason":
                return self.page.gettext(RETURNS[value])
            case "visited", "ohjaamo":
                return self.municipality(value)
            case "visited", "topic":
                return self.code("ohjaamo-topic", value)
            case _, "origin":
                return self.page.gettext(ORIGINS[value])
            case "period-ended", "plan":
                return self.page.gettext(PLANS[value])
            case "proposal-left", "reason":
                return self.code("unsent-reason", value)
        return value


def capitalised(text: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]
