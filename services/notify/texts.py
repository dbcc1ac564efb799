"""What a notice says, in its receiver's language; `{field}` is all that a text may hold."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_datetime

from chassis.calendar import HELSINKI
from contracts.plan import Plan
from services.notify.domain import Notice

PAGES = {
    ("referral", True): "/coaching/referrals/{id}", ("referral", False): "/referral/referrals/{id}",
    ("case", True): "/coaching/cases/{id}", ("phenomena", True): "/coaching/phenomena",
    ("meeting", True): "/coaching/invitations/{id}", ("meeting", False): "/referral/invitations/{id}",
    ("request", True): "/coaching/ohjaamo-days", ("request", False): "/referral/case-manager-requests/{id}",
}
"""Where a link leads, by what it is about and whether its reader is on the municipal side."""


@dataclass(frozen=True)
class Text:
    subject: str
    body: str


@cache
def _texts() -> dict[str, Any]:
    with (Path(__file__).parent / "texts.toml").open("rb") as file:
        return tomllib.load(file)


def kinds() -> frozenset[str]:
    return frozenset(_texts())


def write(notice: Notice, language: str, plan: Plan, public_url: str) -> Text:
    """Subject and body of a notice in `fi`, `en` or `sv` (another language: Finnish)."""
    both: Mapping[str, Mapping[str, str]] = _texts()[notice.text]
    text = both.get(language) or both["fi"]
    spoken = language if language in both else "fi"
    fields = {
        "number": notice.values.get("number", ""), "link": link(notice, plan, public_url),
        "service": _service(plan, notice.values.get("service", ""), spoken),
        "kind": _kind(plan, notice.values.get("kind", ""), spoken), "due": _due(notice.values.get("due_at"), spoken),
    }
    return Text(text["subject"].format(**fields).strip(), text["body"].strip().format(**fields) + "\n")


def link(notice: Notice, plan: Plan, public_url: str) -> str:
    """Where its reader acts: a page behind sign-in."""
    organisation = plan.organisations.get(notice.organisation)
    municipal = bool(organisation and organisation.side == "municipal")
    path = PAGES.get((notice.about_type, municipal))
    of_a_group = notice.side == "shared" and "kind" in notice.values
    if path is None or of_a_group:
        path = "/coaching/" if municipal else "/referral/"
    return public_url.rstrip("/") + path.format(id=notice.about_id)


def _service(plan: Plan, code: str, language: str) -> str:
    return _label(plan.codes["service"].get(code), code, language)


def _kind(plan: Plan, code: str, language: str) -> str:
    label = _label(plan.codes["obligation-kind"].get(code), code, language)
    return label[:1].upper() + label[1:]


def _label(found: Any, code: str, language: str) -> str:
    return str(getattr(found, language, None) or getattr(found, "fi", None) or code)


def _due(at: str | None, language: str) -> str:
    if not at:
        return ""
    return format_datetime(datetime.fromisoformat(at).astimezone(HELSINKI), "d.M.y 'klo' H.mm"
                           if language == "fi" else "d MMM y H:mm", locale=language)
