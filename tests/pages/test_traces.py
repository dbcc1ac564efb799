"""What followed a referral, as the demo shows it: one picture over services and sides, up to the mail."""

from pathlib import Path

from chassis import telemetry
from contracts.events.directory import SeatFilled
from services.notify import handlers
from tests.component import referral_side
from tests.pages.harness import DESK, PHONE, chromium, fresh_page, no_findings
from tests.stack import World
from tests.waiting import until
from yhdyspinta.demo.front import Front, Loading
from yhdyspinta.demo.mail_catcher import MailCatcher
from yhdyspinta.demo.traces import Journey, Traces
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening

COURSE = {
    ("area", "referral", "POST /api/referrals", False),
    ("municipal", "coaching", "area.referrals.v1", True),
    ("area", "referral", "shared.coaching.v1", True),
    ("municipal", "coaching", "area.contact-details.v1", True),
    ("shared", "notify", "area.referrals.v1", True),
    ("shared", "notify", "mail", False),
}
"""Side, service, what it did, and whether its cause was on another side."""
MAILBOX = SeatFilled.model_validate({
    "organisation": "lempaala", "role": "coach", "service": "coaching", "substitutes": ()})


async def test_a_referral_is_a_picture_and_a_table(world: World, tmp_path: Path) -> None:
    traces, mails, port = telemetry.watch(Traces()), MailCatcher(free_port()), free_port()
    await mails.start()
    front = Front(f"http://127.0.0.1:{port}", [], tmp_path, "", lambda _: Loading(1, "", "", done=True))
    async with (
        world.running("referral", "coaching", "notify", smtp_port=mails.port) as running,
        listening(compose([], {"/traces": traces.app()}, front.routes()), "127.0.0.1", port), chromium() as browser,
    ):
        async with running.services["notify"].database.begin() as db:
            await handlers.fill_seat(db, MAILBOX, "valmennus@lempaala.example")
        await (await referral_side.area(running)).refer(case_manager="mikko-mallila")

        async def whole() -> Journey | None:
            for journey in list(traces.journeys.values()):
                steps = {(step.side, step.service, step.name, step.across) for step in list(journey.steps)}
                if steps >= COURSE:
                    return journey
            return None

        await until(whole, 20, what="the mail, and the receipt of the contact details")
        for width in (DESK, PHONE):
            page = await fresh_page(browser, width=width)
            await page.goto(f"http://127.0.0.1:{port}/traces/")
            await no_findings(page)
            await page.get_by_role("link", name="POST /api/referrals").first.click()
            await page.get_by_role("heading", name="POST /api/referrals").wait_for()
            await page.get_by_role("heading", name="Sama taulukkona").wait_for()
            bars = await page.locator("svg .bar").count()
            assert bars >= len(COURSE)
            assert await page.locator("tbody tr").count() == bars
            await no_findings(page)
    await mails.stop()
