"""How meetings are said to those who work in the municipalities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chassis.web import N_
from services.coaching.meetings import invitations, requests, three_party

if TYPE_CHECKING:
    from services.coaching.cases.timeline import Entry
    from services.coaching.cases.wording import Words

THREE_PARTY: Mapping[three_party.Stage, tuple[str, str]] = {
    three_party.Stage.ASKED: (N_("Waits for the case manager"), "info"),
    three_party.Stage.AGREED: (N_("Agreed"), "success"),
    three_party.Stage.TIME_WANTED: (N_("Another time is needed"), "warning"),
    three_party.Stage.HELD: (N_("Held"), "neutral"),
    three_party.Stage.DECLINED: (N_("Not now"), "neutral"),
    three_party.Stage.CALLED_OFF: (N_("Called off"), "neutral"),
    three_party.Stage.ASKED_ANEW: (N_("Other times were proposed"), "neutral"),
    three_party.Stage.FELL_AWAY: (N_("Fell away"), "neutral"),
}
INVITATION: Mapping[invitations.Stage, tuple[str, str]] = {
    invitations.Stage.INVITED: (N_("Waits for an answer"), "warning"),
    invitations.Stage.ACCEPTED: (N_("We take part"), "success"),
    invitations.Stage.DECLINED: (N_("We do not take part"), "neutral"),
    invitations.Stage.FELL_AWAY: (N_("Fell away"), "neutral"),
}
REQUEST: Mapping[requests.Stage, tuple[str, str]] = {
    requests.Stage.ASKED: (N_("Waits for an answer"), "warning"),
    requests.Stage.ACCEPTED: (N_("A case manager comes"), "success"),
    requests.Stage.DECLINED: (N_("Nobody can come"), "neutral"),
    requests.Stage.SETTLED: (N_("Dealt with otherwise"), "neutral"),
}
_ASKED = N_("The case manager was asked to a three-party meeting: %(times)s.")
_AGREED = N_("The case manager agreed to a three-party meeting: %(at)s, %(place)s. The client takes part.")
_MOVED = N_("The case manager moved the three-party meeting: %(at)s, %(place)s. The client takes part.")
_DECLINED: Mapping[str, str] = {
    "time": N_("The case manager can't come at these times: propose others."),
    "not-now": N_("The case manager declined the three-party meeting for now."),
}
_CALLED_OFF = N_("The three-party meeting was called off.")


def happened(words: "Words", entry: "Entry") -> str | None:
    """An entry of the timeline as a sentence; None where it is about no three-party meeting."""
    say, fields = words.page.gettext, entry.fields
    match entry.kind:
        case "three-party-meeting-requested":
            times = "; ".join(words.formats.due(each["starts_at"]) for each in fields["proposed"])
            return say(_ASKED, times=times)
        case "three-party-meeting-agreed":
            at, place = words.formats.due(fields["starts_at"]), words.code("place", fields["place"])
            return say(_MOVED if fields["sequence"] else _AGREED, at=at, place=place)
        case "three-party-meeting-declined":
            return say(_DECLINED[fields["reason"]])
        case "three-party-meeting-called-off":
            return say(_CALLED_OFF)
    return None


