"""The contract's pages in a real browser: the list of topics and an event, on a phone and on a desk."""

import pytest

from tests.pages.harness import PHONE, chromium, fresh_page, no_findings
from yhdyspinta import events
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening


@pytest.mark.parametrize("width", [1280, PHONE])
async def test_a_vendor_finds_an_event_and_its_fields(width):
    port = free_port()
    app = compose([], {}, events.Pages().routes())
    async with listening(app, "127.0.0.1", port), chromium() as browser:
        page = await fresh_page(browser, width=width)
        await page.goto(f"http://127.0.0.1:{port}/events/")
        await page.get_by_role("heading", name="Aiheet ja sanomat").wait_for()
        await no_findings(page)
        await page.locator("[id='shared.visits.v1']").get_by_role("link", name="CompanyVisitPlanned").click()
        await page.get_by_role("heading", name="CompanyVisitPlanned.v1").wait_for()
        await page.get_by_text("UUID pienin kirjaimin").first.wait_for()
        await no_findings(page)
        await page.get_by_role("link", name="English").click()
        await page.get_by_text("may be left out").or_(page.get_by_text("Needed")).first.wait_for()
        await no_findings(page)
