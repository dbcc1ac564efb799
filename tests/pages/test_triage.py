"""The service corridor's question form in a real browser: digits choose, Enter goes on, Escape goes back [3.7]."""

import asyncio

import orjson
import pytest

from tests.pages.harness import DESK, PHONE, no_findings
from tests.pages.referral_site import Site, site_of

CLERK, SUPERVISOR = "anne-esimerkki", "kari-mallila"


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


async def told(site: Site) -> list[dict]:
    """What was published so far, once everything that was counted is."""
    connection = await site.coaching.world.connect("referral")
    counted = await connection.fetchval("select count(*) from inquiries where told_at is not null")
    await connection.close()
    while True:
        found = [orjson.loads(r.value)["data"] for r in await site.coaching.world.records("area.triage.v1")]
        if len(found) >= counted:
            return found
        await asyncio.sleep(0.02)


async def heading(page, text):
    await page.get_by_role("heading", level=1, name=text).wait_for()


async def test_shoot(site, person_opens):
    for width in (PHONE, DESK):
        page = await person_opens(CLERK, site.at("/"), width=width)
        await heading(page, "Miten asia tuli?")
        await page.screenshot(path=f"/tmp/tri-{width}-1.png")
        await no_findings(page)
        await page.keyboard.press("2")
        await heading(page, "Ilmoittaako")
        await page.screenshot(path=f"/tmp/tri-{width}-2.png")
        await no_findings(page)
        await page.keyboard.press("1")
        await heading(page, "asiointipiste")
        await page.screenshot(path=f"/tmp/tri-{width}-3.png")
        await no_findings(page)
        await page.keyboard.press("Enter")
        await heading(page, "Miten asia tuli?")
        await page.keyboard.press("3")
        await heading(page, "Ilmoittaako")
        await page.keyboard.press("2")
        await heading(page, "organisaatioposti")
        await page.screenshot(path=f"/tmp/tri-{width}-4.png")
        await page.keyboard.press("Enter")
        await heading(page, "Miten asia tuli?")
        await page.goto(site.at("/triage/counts"))
        await page.screenshot(path=f"/tmp/tri-{width}-5.png", full_page=True)
        await no_findings(page)
