"""A small service of the tests' own: the chassis' pages and API on a real database, over real HTTP, with the demo's
issuer beside it. What the chassis promises to every service is tried on it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.routing import Mount

from chassis import audit, tokens, web
from chassis.database import Database
from chassis.decisions import NotFound, Refused
from chassis.policy import SignInAgain, allow
from chassis.web import Db, Page, Room, Routes, Who, blank, waiting
from chassis.web.waiting import Task
from tests.stack import World
from yhdyspinta.demo import issuer
from yhdyspinta.embedded.processes import free_port
from yhdyspinta.serve import listening

COACHES = allow("coach", own="organisation")
FOLDER = Path(__file__).parent / "pages" / "site"
ROOMS = (
    Room("/", "Odottaa minua", web.signed_in),
    Room("/arrived", "Saapuneet", COACHES),
    Room("/cases", "Asiakkuudet", COACHES),
    Room("/places", "Ohjaus", allow("case-manager")),
    Room("/", "Tilastot", web.signed_in, service="reporting"),
)


class Attempt(BaseModel):
    """What the form of the tests asks for."""

    on: date
    how: Literal["call", "text-message"]
    at: time | None = None
    times: int = Field(1, ge=1, le=9)
    note: str | None = Field(None, max_length=200)


class Reason(BaseModel):
    reason: Literal["call", "other"]


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z]+$", examples=["talking"])
    on: date
    inner: Any = None


class Made(BaseModel):
    id: str
    name: str


@dataclass
class Happened:
    """How often the handlers did their work, and for whom."""

    attempts: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def home(page: Page, status: int = 200) -> Response:
    days = [page.today + timedelta(days=n) for n in range(4)]
    tasks = [
        Task(days[3], "Marraskuun asiakastilanne", "/cases",
             "Luvut on koottu valmiiksi: 41 asiakasta, 6 uutta, 3 paikkaa vapaana. Tarkista ja lähetä.", "Tarkista"),
        Task(page.today - timedelta(days=1), "Ohjaus 2026-0412: ota yhteyttä asiakkaaseen", "/cases",
             "Yksilövalmennus, Lempäälä. Saapui 12.11. Kaksi yritystä, ei vielä tavoitettu. Esihenkilö saa tiedon "
             "25.11.", "Soita"),
        Task(days[2], "Kolmikanta: asiakasvastaava ehdottaa uutta aikaa", "/cases",
             "Asiakkuus 2026-0371. Vaihtoehdot 1.12. klo 9 ja 2.12. klo 14; asiakas on mukana.", "Valitse aika"),
        Task(page.now, "Alkukeskustelu: asiakkuus 2026-0398", "/cases", "Lempäälä-talo, huone 2. Ensimmäinen "
             "tapaaminen; valmennus alkaa, kun se on pidetty.", "Merkitse pidetyksi", "/attempts", post=True),
    ]
    answer = waiting.render(page, tasks, happened=[waiting.Happened(
        "Asiakas 2026-0355 perui suostumuksensa eilen klo 15.42. Yhteystiedot on poistettu.", "/cases",
        "Katso todiste")])
    answer.status_code = status
    return answer


def site_routes(happened: Happened) -> Routes:
    routes = Routes("tests")

    @routes.page("GET", "/", policy=web.signed_in)
    async def start(page: Page) -> Response:
        return home(page)

    @routes.page("GET", "/waiting/count", policy=web.signed_in)
    async def count(page: Page) -> Response:
        return waiting.count(page, [])

    @routes.page("GET", "/calm", policy=web.signed_in)
    async def calm(page: Page) -> Response:
        return waiting.render(page, [], next_due=page.today + timedelta(days=8))

    @routes.page("GET", "/cases", policy=COACHES)
    async def case(page: Page) -> Response:
        return page.render("case.html", form=blank())

    @routes.page("GET", "/cases/{number}", policy=COACHES)
    async def one_case(number: int, page: Page) -> Response:
        raise Refused(NotFound())

    @routes.page("GET", "/attempts", policy=COACHES)
    async def form(page: Page) -> Response:
        return page.render("attempt.html", form=blank(on=page.today))

    @routes.page("POST", "/attempts", policy=COACHES)
    async def attempt(page: Page, db: Db) -> Response:
        form = await page.form(Attempt, {"times": "Kirjoita luku yhdestä yhdeksään."}, multiline=["note"])
        if not form.ok:
            return page.render("attempt.html", 422, form=form)
        happened.attempts.append(page.who.id)
        return page.redirect("/cases", said="Yritys on kirjattu.")

    @routes.page("POST", "/reveal", policy=COACHES, repeatable=True)
    async def reveal(page: Page, db: Db) -> Response:
        await audit.read(db, "case", "2026-0412", page.who, "show-contact", "call")
        return home(page, 409)

    @routes.page("POST", "/contact", policy=COACHES, repeatable=True)
    async def contact(page: Page) -> Response:
        form = await page.form(Reason)
        if form.ok and form.read.reason == "other":
            raise Refused(NotFound())
        return page.render("contact.html", 200 if form.ok else 422, form=form)

    @routes.page("GET", "/fresh", policy=COACHES)
    async def fresh(page: Page) -> Response:
        if page.session is None or page.session.started_at < page.now - timedelta(minutes=5):
            raise Refused(SignInAgain())
        return home(page)

    @routes.page("GET", "/broken", policy=COACHES)
    async def broken(page: Page) -> Response:
        raise ValueError("canary-4711")

    @routes.page("GET", "/managers", policy=allow("case-manager"))
    async def managers(page: Page) -> Response:
        return home(page)

    @routes.page("GET", "/open", policy=web.public)
    async def open_to_all(page: Page) -> Response:
        return home(page)

    @routes.api("POST", "/api/things", policy=COACHES, scope="things", status=201, response_model=Made)
    async def make(command: Command, response: Response, db: Db, who: Who) -> Any:
        """Makes a thing."""
        happened.commands.append(who.id)
        if command.name == "broken":
            raise Refused(NotFound())
        response.headers["Location"] = f"/coaching/api/things/{len(happened.commands)}"
        return {"id": str(len(happened.commands)), "name": command.name}

    @routes.api("GET", "/api/things/{number}", policy=COACHES, scope="things", response_model=Made)
    async def one(number: int, who: Who) -> Any:
        return {"id": str(number), "name": who.name}

    return routes


@dataclass
class Site:
    """The running site; `address` is where it listens, `happened` what its handlers did."""

    address: str
    database: Database
    happened: Happened
    app: Any

    def browser(self) -> httpx.AsyncClient:
        """Somebody's browser, with nothing in it yet."""
        return httpx.AsyncClient(base_url=self.address, headers={"sec-fetch-site": "same-origin"})

    @asynccontextmanager
    async def signed_in(self, person: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which a person of the demo has signed in, page by page."""
        async with self.browser() as browser:
            await sign_in(browser, person)
            yield browser

    @asynccontextmanager
    async def system(self, *scopes: str) -> AsyncIterator[httpx.AsyncClient]:
        """A program with a token of its own."""
        async with self.database.begin() as db:
            _, text = await tokens.make(db, "party", "lempaala", scopes, db.now + timedelta(days=30))
        async with httpx.AsyncClient(base_url=self.address, headers={"authorization": f"Bearer {text}"}) as program:
            yield program


async def sign_in(browser: httpx.AsyncClient, person: str, start: str = "/coaching/") -> httpx.Response:
    """Goes from a page without session through the issuer's list and back; gives the page that was wanted."""
    answer = await browser.get(start)
    while answer.status_code in (302, 303):
        answer = await browser.get(answer.headers["location"])
    action = unescape(re.search(r'<form method="post" action="([^"]+)"', answer.text)[1])  # type: ignore[index]
    answer = await browser.post(action, data={"person": person})
    while answer.status_code in (302, 303):
        answer = await browser.get(answer.headers["location"])
    return answer


def form_key(answer: httpx.Response) -> str:
    """The key in a page's form."""
    found = re.search(r'name="form_key" value="([^"]+)"', answer.text)
    assert found, "the page has no form"
    return found[1]


def query(answer: httpx.Response) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@asynccontextmanager
async def running(world: World, **more: Any) -> AsyncIterator[Site]:
    """The site in this process, until the block ends."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = world.settings("coaching", public_url=address, issuer=f"{address}/issuer", demo=True, **more)
    database = Database(settings, world.clock)
    happened = Happened()
    app = web.application(
        settings, world.clock, database, side="municipal", routes=[site_routes(happened)], rooms=ROOMS,
        folder=FOLDER, title="Tests")
    whole = Starlette(routes=[
        Mount("/coaching", app=app),
        Mount("/issuer", app=issuer.application(settings.issuer, world.clock, demo=True)),
    ])
    async with listening(whole, "127.0.0.1", port):
        yield Site(address, database, happened, app)
    await database.close()
