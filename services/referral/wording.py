"""How a referral is said to people: status, what happened, what a service is; in the reader's language."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from chassis.calendar import helsinki_day
from chassis.web import N_
from chassis.web.formats import Formats
from chassis.web.page import Page
from contracts import plan
from contracts.plan import Plan
from services.referral.courses import Status
from services.referral.meetings import invitations, requests, three_party
from services.referral.meetings import wording as meetings
from services.referral.refusals import RightAddressKnown
from services.referral.store import Entry

STATUS: Mapping[Status, tuple[str, str]] = {
    Status.SENT: (N_("Sent"), "info"),
    Status.DELIVERED: (N_("At the provider"), "info"),
    Status.STARTED: (N_("Service under way"), "success"),
    Status.ENDED: (N_("Service ended"), "neutral"),
    Status.RETURNED: (N_("Returned"), "warning"),
    Status.WITHDRAWN: (N_("Consent withdrawn"), "neutral"),
    Status.CANCELLED: (N_("Cancelled"), "neutral"),
}
SUIT = (
    N_("One service suits"), N_("Two services suit"), N_("Three services suit"), N_("Four services suit"),
    N_("Five services suit"), N_("All six services suit"),
)
RETURN_REASONS = {
    "not-eligible": N_("the service is not meant for this client"),
    "no-capacity": N_("there is no place just now"),
    "wrong-address": N_("another service is right"),
    "not-started": N_("the service did not begin"),
}
"""What the provider says; never why the service did not begin [3.2]."""
DECLINED = {
    "timing": N_("the time does not suit"),
    "workplace": N_("the workplace does not suit"),
    "not-possible": N_("a work trial is not possible"),
}
"""Why the case manager declines a work trial [3.3]."""
_COMPANY = N_("company %(id)s")
_SOME_COMPANY, _SOME_UNIT = N_("a company"), N_("a municipal unit")
_SENTENCES = {
    "referred": N_("The client was referred. Consent: name and phone number, purpose %(purpose)s."),
    "sealed": N_("Name and phone were sealed, and sent to the provider alone."),
    "received": N_("The provider has the contact details."),
    "started": N_("The service began on %(on)s."),
    "ended": N_("The service ended on %(on)s."),
    "returned": N_("The provider returned the referral: %(reason)s."),
    "withdrawn": N_("The client withdrew the consent. Nobody in the area can read the contact details any more."),
    "cancelled": N_("The referral was cancelled. Nobody in the area can read the contact details any more."),
    "acknowledged": N_("The provider acknowledged that it erased the contact details."),
    "own-copy-erased": N_("The area's own copy of the contact details was erased."),
    "own-copy-lost": N_("The key of the own copy is lost: the contact details can't be read."),
    "details-given-again": N_("The client told name and phone again."),
    "details-corrected": N_("The client's name or phone number was corrected."),
    "restricted": N_(
        "Processing was restricted at the client's request: nobody in the area opens the contact details."
    ),
    "restriction-lifted": N_("The restriction of processing was lifted."),
    "revealed": N_("The contact details were looked at: %(reason)s."),
    "referred-again": N_("The client was referred again: %(number)s."),
    "handed-over": N_("The referral was handed over to %(to)s."),
    "return-settled": N_("The return is dealt with."),
    "work-trial-proposed": N_("The workshop proposed a work trial: %(workplace)s."),
    "work-trial-accepted": N_("The work trial was accepted."),
    "work-trial-declined": N_("The work trial was declined: %(reason)s."),
}
_PERMITTED = N_("The client permitted that the service makes contact.")
_LATE = N_("It came after the referral was closed and changes nothing.")
_TOLD_TO_PROVIDER = N_("The client told the provider.")
_ACKNOWLEDGED_LATE = N_("It came after the deadline.")
_RIGHT_ADDRESS = N_("Right address: %(address)s.")


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

    def organisation(self, code: str | None) -> str:
        known = self.rules.organisations.get(code or "")
        return known.text(self.language) if known else code or ""

    def agreement(self, code: str) -> str:
        return self.rules.agreements[code].text(self.language)

    def is_reported(self, service: str) -> bool:
        """Whether the plan has the service's places told each month [3.2]."""
        return service in self.rules.client_situation.services

    def counted(self, number: int | None) -> str:
        """A count as it was told: one below the plan's threshold is not."""
        if number is None:
            return self.page.gettext("fewer than %(threshold)s", threshold=self.rules.figures.threshold)
        return self.formats.number(number)

    def how_many_suit(self, number: int) -> str:
        """`Kolme palvelua sopii`"""
        many = self.page.ngettext("%(num)s service suits", "%(num)s services suit", number)
        return self.page.gettext(SUIT[number - 1]) if number <= len(SUIT) else many

    def municipality(self, code: str) -> str:
        known = self.rules.municipalities.get(code)
        return known.text(self.language) if known else code

    def municipalities(self) -> list[tuple[str, str]]:
        """Where a client may live, as choices."""
        return [(code, label.text(self.language)) for code, label in self.rules.municipalities.items()]

    def labels(self, table: Mapping[str, tuple[str, Any]]) -> list[tuple[str, str]]:
        """Choices of a table of ours: code and label."""
        return [(code, self.page.gettext(label)) for code, (label, _) in table.items()]

    def reason(self, why: RightAddressKnown) -> str:
        """Why a service does not suit, the right address left out: it stands apart."""
        return self.page.sentence(replace(why, right_en="", right_fi=""))

    def day(self, moment: datetime) -> date:
        """A deadline at the end of a day is that day."""
        return helsinki_day(moment)

    def code(self, code_list: str, code: str | None) -> str:
        known = self.rules.codes[code_list].get(code or "")
        return known.text(self.language) if known else code or ""

    def codes(self, code_list: str) -> list[tuple[str, str]]:
        """A list of the plan as choices."""
        return [(code, capitalised(label.text(self.language))) for code, label in self.rules.codes[code_list].items()]

    def status(self, status: Status) -> tuple[str, str]:
        """Text and colour of the tag."""
        text, colour = STATUS[status]
        return self.page.gettext(text), colour

    def kind(self, code: str) -> str:
        """A kind of meeting to which somebody is invited, to begin a line with."""
        return capitalised(self.code("invitation-kind", code))

    def role(self, code: str) -> str:
        known = self.rules.roles.get(code)
        return known.text(self.language) if known else code

    def hours(self, starts_at: datetime, ends_at: datetime) -> str:
        return meetings.hours(self, starts_at, ends_at)

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

    def owed(self, title: str | None, kind: str, number: str) -> str:
        """What waits, with the referral's number; in the plan's own words where we have none."""
        return self.page.gettext(title or N_("Referral %(number)s: %(what)s"), number=number,
                                 what=self.code("obligation-kind", kind))

    def return_reason(self, reason: str | None) -> str:
        return self.page.gettext(RETURN_REASONS[reason]) if reason in RETURN_REASONS else reason or ""

    def right_address(self, organisation: str | None, service: str | None) -> str:
        """`Lempäälän kunta, yksilövalmennus`."""
        known = self.rules.services.get(service or "")
        name = known.text(self.language) if known else service
        return ", ".join(part for part in (self.organisation(organisation), name) if part)

    def happened(self, entry: Entry, purpose: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
        """An entry of the timeline as sentences; `names` are those of staff."""
        if (about_meeting := meetings.happened(self, entry)) is not None:
            return about_meeting
        detail = entry.detail
        values: dict[str, Any] = {
            "number": detail.get("number", ""), "to": self.by(detail.get("to", ""), names),
            "purpose": self.code("consent-purpose", purpose),
            "on": self.formats.date_(date.fromisoformat(detail["on"])) if "on" in detail else "",
            "reason": self._reason(entry),
        }
        if "workplace_kind" in detail:
            values["workplace"] = self.workplace(
                detail["workplace_kind"], detail.get("unit"), detail.get("business_id"))
        said = [self.page.gettext(_SENTENCES[entry.kind], **values)] if entry.kind in _SENTENCES else [entry.kind]
        if detail.get("contact_permitted"):
            said.append(self.page.gettext(_PERMITTED))
        if detail.get("told_to") == "provider":
            said.append(self.page.gettext(_TOLD_TO_PROVIDER))
        if detail.get("right_organisation"):
            address = self.right_address(detail["right_organisation"], detail.get("right_service"))
            said.append(self.page.gettext(_RIGHT_ADDRESS, address=address))
        if detail.get("late"):
            late = _ACKNOWLEDGED_LATE if entry.kind == "acknowledged" else _LATE
            said.append(self.page.gettext(late))
        return " ".join(said)

    def _reason(self, entry: Entry) -> str:
        reason = entry.detail.get("reason")
        match entry.kind:
            case "returned":
                return self.return_reason(reason)
            case "work-trial-declined":
                return self.declined(reason)
            case _:
                return self.code("reveal-reason", reason)

    def declined(self, reason: str | None) -> str:
        """Why a work trial was declined."""
        return self.page.gettext(DECLINED[reason]) if reason in DECLINED else reason or ""

    def workplace(self, kind: str, unit: str | None, business_id: str | None) -> str:
        """Where a work trial would be."""
        if kind == "company":
            return self.page.gettext(_COMPANY, id=business_id) if business_id else self.page.gettext(_SOME_COMPANY)
        return self.code("unit", unit) if unit else self.page.gettext(_SOME_UNIT)

    def by(self, who: str, names: Mapping[str, str]) -> str:
        """Who did it: a person by name, an organisation, or the id that nobody told the name of."""
        return names.get(who) or self.organisation(who)

    def describe(self, service: str) -> str:
        """What the service is, in a sentence, with the plan's own numbers."""
        rules, say = self.rules, self.page.gettext
        if service == "coaching":
            return say(
                N_("A starter package of %(least)s–%(most)s meetings; after that coaching goes on as long as needed."),
                least=rules.coaching.starter_package_minimum, most=rules.coaching.starter_package_maximum)
        if service == "pointti":
            weeks = rules.pointti.period.value
            return say(N_("A period of %(weeks)s weeks, an interview comes first."), weeks=weeks)
        if service == "outreach":
            days = rules.respond_within(service).value
            return say(N_("The young person is contacted within %(days)s days. Voluntary and confidential."), days=days)
        if service == "ohjaamo":
            return say(
                N_("Guidance for the young in one place. Case managers are there every second Thursday, "
                   "%(opens)s–%(closes)s."),
                opens=self.formats.time_(rules.ohjaamo.opens), closes=self.formats.time_(rules.ohjaamo.closes))
        if service == "immigrant-services":
            return say(N_("The integration programme of those who are not of working age."))
        return say(N_("Advice for residents who need it."))


def capitalised(text: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]
