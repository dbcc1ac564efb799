"""Palvelut ja paikat: each service with its providers, whom they serve by which agreement, and what they told."""

from collections.abc import Iterator

from fastapi import Response

from chassis.web import Db, Page, Routes
from contracts.plan import Plan
from services.referral import places
from services.referral.api import PLACE_READERS
from services.referral.wording import Words

routes = Routes()


@routes.page("GET", "/services", policy=PLACE_READERS)
async def services(page: Page, db: Db) -> Response:
    """The newest month of each service in full, the months before it folded away."""
    words = Words(page)
    told = await places.every(db)
    return page.render("places.html", words=words, services=[
        (code, [(provider, served, told.get((provider, code), ()))
                for provider, served in _providers(words.rules, code)])
        for code in words.rules.services
    ])


def _providers(rules: Plan, service: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Each provider of a service with the municipalities that it serves, and by which agreement."""
    found = rules.services[service].providers
    for organisation in dict.fromkeys(each.organisation for each in found.values()):
        yield organisation, [(municipality, each.by_agreement) for municipality, each in found.items()
                             if each.organisation == organisation]
