"""The demo's front page in a real browser: while the year is played, and after."""

from pathlib import Path

import pytest

from contracts.topics import SERVICES
from tests.pages.harness import PHONE, chromium, fresh_page, no_findings
from yhdyspinta.demo.front import Front, Loading
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening


@pytest.mark.parametrize("width", [1280, PHONE])
async def test_the_front_page_tells_how_far_the_year_is_until_it_is_done(width):
    port = free_port()
    far = [Loading(0.25, "3.6.2025", "23.11.2026", done=False)]
    front = Front(f"http://127.0.0.1:{port}", list(SERVICES), Path("/srv/yhdyspinta/var/clients"), "127.0.0.1:19092",
                  lambda _: far[0])
    async with listening(compose([], {}, front.routes()), "127.0.0.1", port), chromium() as browser:
        page = await fresh_page(browser, width=width)
        await page.goto(f"http://127.0.0.1:{port}/")
        await page.get_by_text("nyt 3.6.2025, viimeinen päivä 23.11.2026").wait_for()
        await no_findings(page)
        far[0] = Loading(0.5, "3.9.2025", "23.11.2026", done=False, apart=True)
        await page.get_by_text("Palvelut käynnistyvät, kun lataus on valmis.").wait_for()
        far[0] = Loading(1.0, "23.11.2026", "23.11.2026", done=True)
        await page.get_by_text("Demon vuosi on ladattu päivään 23.11.2026 asti.").wait_for()
        await no_findings(page)
        await page.get_by_role("link", name="English").click()
        await page.get_by_role("heading", name="Whom do you want to be?").wait_for()
        await no_findings(page)
