"""What the officer's pages call things, in the reader's language."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chassis.officer.log import Looked
from chassis.web.texts import N_
from contracts import plan
from contracts.plan.values import Span

if TYPE_CHECKING:
    from chassis.web.page import Page

RECORDS: Mapping[str, str] = {
    "referral": N_("Referral"), "case": N_("Case"), "feedback": N_("Feedback"), "notice": N_("Notice"),
    "dead-letter": N_("Event not handled"), "audit": N_("Audit log"), "meeting": N_("Meeting"),
    "request": N_("Request"), "period-group": N_("Group"), "client-situation": N_("Client situation"),
    "phenomena": N_("Phenomena"),
}
ACTS: Mapping[str, str] = {
    "read:search": N_("searched the audit log"), "read:verify": N_("checked that the log is whole"),
    "read:data-held": N_("looked at what is held of the client"), "change:restrict": N_("restricted processing"),
    "change:lift-restriction": N_("lifted the restriction of processing"),
    "change:replay": N_("handled an event again"), "change:send-again": N_("sent a notice again"),
    "read:text": N_("looked at the text"), "change:hand-over-obligation": N_("handed a task over"),
}
SIDES: Mapping[str, str] = {"municipal": N_("Services of the municipalities"), "shared": N_("Shared services")}
RESULTS: Mapping[str, str] = {"holds": N_("the log holds"), "broken": N_("the log does not hold")}


class Words:
    """Words of one page; `names` are those of staff by id."""

    def __init__(self, page: "Page", names: Mapping[str, str]) -> None:
        self.page, self.names = page, names
        self.rules = plan.on(page.today)
        self.acts = {**ACTS, **page.web.records.acts}

    def person(self, row: Looked) -> str:
        """Who acted: a person or a program by name, a system by its source."""
        if row.person.startswith("/"):
            return self.page.gettext("system %(source)s", source=row.person)
        return self.names.get(row.person, row.person)

    def organisation(self, row: Looked) -> str:
        known = self.rules.organisations.get(row.organisation)
        if known is None and row.organisation in SIDES:
            return self.page.gettext(SIDES[row.organisation])
        return known.text(self.page.language) if known else row.organisation

    def act(self, row: Looked) -> str:
        """What was done; the code where nobody has words for it."""
        return self.page.gettext(self.acts[row.act]) if row.act in self.acts else row.act

    def reason(self, row: Looked) -> str:
        if row.reason and row.reason in RESULTS:
            return self.page.gettext(RESULTS[row.reason])
        known = self.rules.codes["reveal-reason"].get(row.reason or "")
        return known.text(self.page.language) if known else row.reason or ""

    def record(self, row: Looked) -> str:
        """What it was about, by number where there is one."""
        kind = self.page.gettext(RECORDS[row.about_type]) if row.about_type in RECORDS else row.about_type
        return f"{kind} {row.number or ('' if row.about_type == 'audit' else row.about_id)}".strip()

    def choices(self) -> list[tuple[str, str]]:
        """Acts that can be searched for."""
        return sorted(((code, self.page.gettext(text)) for code, text in self.acts.items()), key=lambda pair: pair[1])


def span_in_words(page: "Page", span: Span) -> str:
    """`24 kuukautta`; periods of keeping are given in days, months or years."""
    if span.unit == "days":
        return page.ngettext("%(num)s day", "%(num)s days", span.value)
    if span.unit == "months":
        return page.ngettext("%(num)s month", "%(num)s months", span.value)
    return page.ngettext("%(num)s year", "%(num)s years", span.value) if span.unit == "years" else str(span)
