"""The demo's front page: what this is, whom to be and where, how far the year is, where mails and client files are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.settings import LOOPBACK
from chassis.web.application import Static
from chassis.web.edge import HEADERS
from chassis.web.navigation import SERVICE_NAMES
from chassis.web.rendering import STATIC, Rendering
from contracts import plan
from contracts.topics import SYSTEMS
from yhdyspinta.demo.people import BY_ID, Person

FOLDER = Path(__file__).parent
FIRST = (
    ("mikko-mallila", "referral"), ("sanni-esimerkki", "coaching"), ("tiina-keksitty", "coaching"),
    ("laura-kokeilu", "coaching"), ("veera-keksitty", "coaching"), ("emma-mallila", "coaching"),
    ("anne-esimerkki", "referral"), ("leena-kokeilu", "coaching"), ("kari-mallila", "referral"),
    ("johanna-harjoitus", "leads"), ("ville-harjoitus", "leads"), ("risto-mallila", "leads"),
    ("tuula-esimerkki", "feedback"), ("eero-kuvitelma", "reporting"), ("esko-keksitty", "referral"),
    ("sami-kokeilu", "notify"),
)
"""Whom to be first, one for each kind of work, and the service to begin in."""
BEGIN = {"operator": "operate", "data-protection-officer": "operate/boundary"}
"""Pages of the service where somebody begins, where that is not its first."""


@dataclass(frozen=True)
class Loading:
    """How far the demo's year is: the day it is at and its last, in the reader's language; `share` 0 to 1. `stopped`:
    it was broken off and goes on at the next start; `apart`: the services start only when it is done."""

    share: float
    day: str
    until: str
    done: bool
    stopped: bool = False
    apart: bool = False


@dataclass(frozen=True)
class Row:
    """One person to be, as the front page and the terminal show it."""

    person: Person
    role: str
    organisation: str
    service: str
    address: str


def rows(public_url: str, running: Sequence[str], language: str = "fi") -> list[Row]:
    """Whom to be, of those whose service runs."""
    now = plan.ALL[-1]
    return [
        Row(person, now.roles[person.roles[0]].text(language), now.organisations[person.organisation].text(language),
            SERVICE_NAMES[service], f"{public_url}/{service}/{BEGIN.get(person.roles[0], '')}")
        for person, service in ((BY_ID[name], service) for name, service in FIRST) if service in running
    ]


@dataclass
class Front:
    """The page and what it tells; `loading` is asked at each request."""

    public_url: str
    running: Sequence[str]
    clients: Path
    bootstrap: str
    loading: Callable[[str], Loading]

    def __post_init__(self) -> None:
        self.rendering = Rendering("", [FOLDER / "templates"], [FOLDER / "catalogues"])

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.page), Route("/progress", self.progress),
            Mount("/static", Static(directory=STATIC), name="static"),
        ]

    async def page(self, request: Request) -> Response:
        language = "en" if request.query_params.get("lang") == "en" else "fi"
        return self._answer("front.html", language, {
            "rows": rows("", self.running, language),
            "services": [(SERVICE_NAMES[name], f"/{name}/", f"/{name}/api/openapi.json") for name in self.running],
            "systems": [(system.source, self.clients / f"{name}.properties") for name, system in SYSTEMS.items()],
            "bootstrap": self.bootstrap, "loading": self.loading(language),
        })

    async def progress(self, request: Request) -> Response:
        """The part that fetches itself anew while the year loads."""
        language = "en" if request.query_params.get("lang") == "en" else "fi"
        return self._answer("loading.html", language, {"loading": self.loading(language)})

    def _answer(self, template: str, language: str, values: dict[str, object]) -> HTMLResponse:
        content = self.rendering.render(template, language, values)
        return HTMLResponse(content, headers={
            **HEADERS, "Cache-Control": "no-store", "Content-Language": language})


class AtPublicAddress:
    """Whoever asks by another name of this machine is sent to the address that the sign-in knows."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app, self.public_url = app, public_url
        self.host = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            asked = request.headers.get("host", "")
            if asked != self.host and request.method in ("GET", "HEAD") and _is_loopback(asked):
                query = f"?{request.url.query}" if request.url.query else ""
                await RedirectResponse(f"{self.public_url}{scope['path']}{query}", 307)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    return (urlsplit(f"//{host}").hostname or "") in LOOPBACK
