"""A real browser for page tests: Chromium of the machine, by keyboard, with axe.

    @pytest.fixture(scope="module")
    async def address(world):
        async with over_http(world, "coaching") as (address, running):
            yield address

    async def test_…(address, person_opens):
        page = await person_opens("sanni-esimerkki", f"{address}/coaching/cases")
        await no_findings(page)
        await press_through(page, "Kirjaa yritys")

Wait with locators: the pages forbid `eval`, which Playwright's `wait_for_function` needs.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from tests.stack import Running, World
from yhdyspinta.demo import issuer
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import compose, listening

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PHONE, DESK = 375, 1280
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Opens = Callable[..., Awaitable[Page]]


@asynccontextmanager
async def over_http(world: World, *services: str) -> AsyncIterator[tuple[str, Running]]:
    """Services of a world, and the demo's issuer, where a browser can reach them: their address, and they."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    people = issuer.application(f"{address}/issuer", world.clock, demo=True)
    async with world.running(*services, public_url=address, issuer=f"{address}/issuer") as running:
        whole = compose(list(running.services.values()), {"/issuer": people})
        async with listening(whole, "127.0.0.1", port):
            yield address, running


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, without a window, until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        try:
            yield browser
        finally:
            await browser.close()


async def fresh_page(
    browser: Browser, *, width: int = DESK, javascript: bool = True, locale: str = "fi-FI"
) -> Page:
    """A page of somebody who has not been here. What the browser complains of (a blocked script or style, a fault
    in a script) fails the test at the next `no_findings`."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=javascript, locale=locale)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.__dict__["complaints"] = complaints
    return page


async def sign_in(page: Page, person: str, address: str) -> None:
    """Opens an address and signs in as a person of the demo, if the page asks for it."""
    await page.goto(address)
    if "/issuer/" in page.url:
        await page.locator(f'section button[name=person][value="{person}"]').click()
        await page.wait_for_url(lambda url: "/issuer/" not in url and "/signed-in" not in url)


async def no_findings(page: Page) -> None:
    """axe finds nothing, the page is not wider than the window, and the browser complained of nothing."""
    found = await Axe().run(
        page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    violations = [
        f"{v['id']}: {v['help']} at {[n['target'] for n in v['nodes']][:3]}" for v in found.response["violations"]
    ]
    assert violations == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
    complaints = [c for c in page.__dict__.get("complaints", []) if "status of 4" not in c]
    assert complaints == []


async def tab_to(page: Page, name: str, *, most: int = 80) -> None:
    """Moves the focus by Tab alone until it is on what is called so; fails when it can't be reached, or its focus
    can't be seen."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        seen = await page.evaluate(
            """() => { const e = document.activeElement; if (!e || e === document.body) return null;
               const l = e.labels?.[0]?.innerText ?? ""; const s = getComputedStyle(e);
               return {name: (e.getAttribute("aria-label") || l || e.innerText || e.value || "").trim(),
                       seen: s.outlineStyle !== "none" || s.boxShadow !== "none"}; }""")
        if seen and name in seen["name"]:
            assert seen["seen"], f"the focus on {name} can't be seen"
            return
    raise AssertionError(f"Tab does not reach {name}")


async def press_through(page: Page, name: str, key: str = "Enter") -> None:
    """Reaches something by Tab and presses it."""
    await tab_to(page, name)
    await page.keyboard.press(key)
