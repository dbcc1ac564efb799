"""What the frame shows: side, organisation, the rooms that the person's roles open, the languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chassis.policy import Policy, permits
from chassis.sessions import LANGUAGES
from chassis.web.texts import N_
from contracts import plan

if TYPE_CHECKING:
    from chassis.web.page import Page

Side = Literal["area", "municipal", "shared"]
SERVICE_NAMES: Mapping[str, str] = {
    "referral": N_("Referring clients"), "coaching": N_("Services of the municipalities"), "leads": N_("Companies"),
    "feedback": N_("Feedback"), "notify": N_("Notices"), "reporting": N_("Figures and reports"),
}
"""How a service is called among the others of a person who works in several."""
LANGUAGE_NAMES: Mapping[str, str] = {"fi": "Suomeksi", "sv": "På svenska", "en": "English"}


@dataclass(frozen=True)
class Room:
    """A page of the main navigation: shown to whoever its policy lets in.

    `path` is below the service's own; with `service` it is below that other service's, and shown only to those
    who work there.
    """

    path: str
    label: str
    policy: Policy
    service: str | None = None


@dataclass(frozen=True)
class Link:
    address: str
    label: str
    here: bool = False


@dataclass(frozen=True)
class Shown:
    """The frame of one page."""

    side: Side
    organisation: str
    person: str
    role: str
    rooms: Sequence[Link]
    service_name: str
    services: Sequence[tuple[str, str]]
    feedback: str | None
    languages: Sequence[tuple[str, str]]
    plan_year: int
    plan_until: object
    plan_outside: bool
    notice: str | None


def frame_of(page: "Page") -> Shown:
    """The frame for whoever asks; on a public page there is neither person nor rooms."""
    web, who, now = page.web, page.who, plan.on(page.today)
    organisation = now.organisations.get(who.organisation or "")
    roles = [now.roles[role] for role in sorted(who.roles) if role in now.roles]
    others = {name: address for name, address in who.services.items() if name != web.settings.service}
    return Shown(
        side=web.side,
        organisation=organisation.text(page.language) if organisation else "",
        person=who.name,
        role=roles[0].text(page.language) if roles else "",
        rooms=_rooms(page),
        service_name=SERVICE_NAMES.get(web.settings.service, web.settings.service),
        services=[(name, others[code]) for code, name in SERVICE_NAMES.items() if code in others],
        feedback=web.settings.extra.get("feedback_url"),
        languages=[(code, LANGUAGE_NAMES[code]) for code in _languages(page) if code != page.language],
        plan_year=now.year,
        plan_until=now.valid_until,
        plan_outside=now.outside_validity,
        notice=web.notice() if web.notice else None,
    )


def _languages(page: "Page") -> Sequence[str]:
    """Staff pages are in Finnish and English; what the public reads is in Swedish too."""
    return ("fi", "en") if page.who.kind == "person" else LANGUAGES


def _rooms(page: "Page") -> list[Link]:
    base, path = page.web.rendering.base, page.request.scope["path"]
    links = []
    for room in page.web.rooms:
        other = page.who.services.get(room.service) if room.service else base
        if other is not None and page.who.kind == "person" and permits(room.policy, page.who):
            links.append((f"{other}{room.path}", room.label))
    home = f"{base}/"
    inside = [a for a, _ in links if path == a or (a != home and path.startswith(f"{a}/"))]
    here = max(inside, key=len, default=None)
    return [Link(address, label, address == here) for address, label in links]
