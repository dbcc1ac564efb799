"""What page tests are handed: a browser, and pages of people who have signed in."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.pages.harness import DESK, Opens, chromium, fresh_page, sign_in


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def person_opens(browser: Browser) -> AsyncIterator[Opens]:
    """`await person_opens(person, address, width=375, javascript=False)`: a page of theirs at that address."""
    pages: list[Page] = []

    async def opens(person: str, address: str, *, width: int = DESK, javascript: bool = True) -> Page:
        page = await fresh_page(browser, width=width, javascript=javascript)
        pages.append(page)
        await sign_in(page, person, address)
        return page

    yield opens
    for page in pages:
        await page.context.close()
