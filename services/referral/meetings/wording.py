"""How meetings are said to people of the area: where they stand, and what happened, as sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.web import N_
from services.referral.meetings import invitations, requests, three_party
from services.referral.store import Entry

if TYPE_CHECKING:
    from services.referral.wording import Words

REASONS: Mapping[str, str] = {
    "time": N_("None of the times suits me: the coach proposes others"),
    "not-now": N_("No meeting now"),
}
INVITATION: Mapping[invitations.Stage, tuple[str, str]] = {
    invitations.Stage.INVITED: (N_("Waits for an answer"), "warning"),
    invitations.Stage.ACCEPTED: (N_("Takes part"), "success"),
    invitations.Stage.DECLINED: (N_("Does not take part"), "neutral"),
    invitations.Stage.SETTLED: (N_("Dealt with otherwise"), "neutral"),
    invitations.Stage.FELL_AWAY: (N_("Fell away with the referral"), "neutral"),
}
REQUEST: Mapping[requests.Stage, tuple[str, str]] = {
    requests.Stage.ASKED: (N_("Waits for an answer"), "warning"),
    requests.Stage.ACCEPTED: (N_("A case manager comes"), "success"),
    requests.Stage.DECLINED: (N_("Nobody can come"), "neutral"),
}
THREE_PARTY: Mapping[three_party.Stage, tuple[str, str]] = {
    three_party.Stage.ASKED: (N_("Waits for your answer"), "warning"),
    three_party.Stage.AGREED: (N_("Agreed"), "success"),
    three_party.Stage.HELD: (N_("Held"), "neutral"),
    three_party.Stage.DECLINED: (N_("Declined"), "neutral"),
    three_party.Stage.CALLED_OFF: (N_("Called off"), "neutral"),
    three_party.Stage.FELL_AWAY: (N_("Fell away with the referral"), "neutral"),
}
_SENTENCES: Mapping[str, str] = {
    "three-party-asked": N_("The coach asks for a three-party meeting: %(times)s."),
    "three-party-agreed": N_("A three-party meeting was agreed: %(at)s, %(place)s. The client takes part."),
    "three-party-moved": N_("The three-party meeting was moved: %(at)s, %(place)s. The client takes part."),
    "three-party-declined": N_("The three-party meeting was declined: %(reason)s."),
    "three-party-held": N_("The three-party meeting was held."),
    "three-party-called-off": N_("The coach called the three-party meeting off."),
    "three-party-fell-away": N_("The three-party meeting falls away, for the referral is closed."),
    "invited": N_("Invited to a meeting of the client at the client's wish: %(what)s, %(at)s."),
    "invitation-accepted": N_("The invitation was accepted: %(what)s."),
    "invitation-declined": N_("The invitation was declined: %(what)s."),
}
_DECLINED: Mapping[str, str] = {"time": N_("the time does not suit"), "not-now": N_("not now")}
_LATE = N_("It came after the referral was closed and changes nothing.")


def happened(words: "Words", entry: Entry) -> str | None:
    """An entry of the timeline as sentences; None where it is about no meeting."""
    if entry.kind not in _SENTENCES:
        return None
    detail, say = entry.detail, words.page.gettext
    values = {
        "times": "; ".join(moment(words, each) for each in detail.get("times", ())),
        "at": moment(words, detail["starts_at"]) if "starts_at" in detail else "",
        "place": words.code("place", detail.get("place")),
        "reason": say(_DECLINED[detail["reason"]]) if detail.get("reason") in _DECLINED else "",
        "what": words.code("invitation-kind", detail.get("what")),
    }
    said = say(_SENTENCES[entry.kind], **values)
    return f"{said} {say(_LATE)}" if detail.get("late") else said


def moment(words: "Words", spelled: str) -> str:
    """`ti 1.12. klo 9.00`"""
    return words.formats.due(datetime.fromisoformat(spelled))


def hours(words: "Words", starts_at: datetime, ends_at: datetime) -> str:
    """`ti 1.12. klo 9.00–10.00`"""
    return f"{words.formats.due(starts_at)}–{words.formats.time_(ends_at)}"
