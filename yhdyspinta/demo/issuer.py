"""The demo's own OpenID Connect issuer: a list of made-up people to choose from, no passwords.

It signs with a key of its own, made at each start, and speaks the code flow with PKCE alone. It exists in the demo
only: anybody who reaches it is whoever they like, so it is refused where `settings.demo` is not set.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.clock import Clock
from chassis.settings import SettingsError
from chassis.web.application import Static
from chassis.web.edge import HEADERS, POLICY
from chassis.web.rendering import STATIC, Rendering
from contracts import plan
from contracts.topics import SERVICES
from yhdyspinta.demo.people import BY_ID, PEOPLE, Person

FOLDER = Path(__file__).parent
CODE_LIVES = timedelta(minutes=2)
TOKEN_LIVES = timedelta(minutes=5)
LAST = "yp_issuer_last"
COLOURS = {"area": "area", "municipal": "municipal", "partner": "shared"}


@dataclass(frozen=True)
class Code:
    """One choice of a person, waiting to be fetched once."""

    person: Person
    client: str
    back: str
    challenge: str
    nonce: str
    until: datetime


@dataclass(frozen=True)
class Asked:
    """What a service asked for, checked: no other client, no other address to send people to."""

    client: str
    back: str
    state: str
    nonce: str
    challenge: str


class _Wrong(Exception):  # noqa: N818 - it is told to the asker as a sentence
    pass


class DemoIssuer:
    """What the routes share: signing key and codes, in memory. `seen_at` is its address in a browser; services may
    reach it at another, which is its name."""

    def __init__(self, address: str, clock: Clock, seen_at: str, services_at: Mapping[str, str]) -> None:
        self.address, self.clock, self.seen_at = address, clock, seen_at
        self.services_at = services_at
        self.path = urlsplit(address).path
        self.key = ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})
        self.codes: dict[str, Code] = {}
        self.rendering = Rendering(self.path, [FOLDER / "templates"], [FOLDER / "catalogues"])

    async def configuration(self, _: Request) -> Response:
        return JSONResponse({
            "issuer": self.address,
            "authorization_endpoint": f"{self.seen_at}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "profile"],
        })

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """The list of people; a press on one sends the browser back with a code."""
        try:
            asked = self._asked(request)
        except _Wrong as wrong:
            return PlainTextResponse(f"{wrong}\n", 400)
        service = asked.client.removeprefix("yhdyspinta-")
        if request.method == "POST":
            return await self._chosen(request, asked)
        language = "en" if request.query_params.get("lang") == "en" else "fi"
        people = [p for p in PEOPLE if service in p.services]
        content = self.rendering.render("choose.html", language, {
            "service": service, "sides": self._sides(people, language),
            "last": BY_ID.get(request.cookies.get(LAST, "")),
            "action": f"{self.path}/authorize?{request.url.query}",
            "other_language": f"?{urlencode({**request.query_params, 'lang': 'fi' if language == 'en' else 'en'})}",
            "people_of_service": people, "role_of": lambda p: self._roles(p, language),
        })
        origin = self.services_at[service]  # browsers hold a form to its policy on the way back too
        return HTMLResponse(content, headers={
            "Content-Language": language,
            "Content-Security-Policy": POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")})

    async def token(self, request: Request) -> Response:
        """A code for an identity token, once, to whoever holds the verifier."""
        sent = await request.form()
        code = self.codes.pop(str(sent.get("code", "")), None)
        fits = (
            code is not None and self.clock() < code.until and sent.get("grant_type") == "authorization_code"
            and sent.get("client_id") == code.client and sent.get("redirect_uri") == code.back
            and compare_digest(_challenge(str(sent.get("code_verifier", ""))), code.challenge)
        )
        if code is None or not fits:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({
            "access_token": secrets.token_urlsafe(24), "token_type": "Bearer",
            "expires_in": int(TOKEN_LIVES.total_seconds()), "id_token": self._token(code)})

    def _asked(self, request: Request) -> Asked:
        asked = request.query_params
        client, back = asked.get("client_id", ""), asked.get("redirect_uri", "")
        service = client.removeprefix("yhdyspinta-")
        if service not in SERVICES or back != f"{self.services_at[service]}/{service}/signed-in":
            raise _Wrong("This issuer signs people in to the demo's own services alone.")
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            raise _Wrong("This issuer speaks the code flow with PKCE (S256) alone.")
        if not (asked.get("state") and asked.get("nonce") and asked.get("code_challenge")):
            raise _Wrong("state, nonce and code_challenge are needed.")
        return Asked(client, back, asked["state"], asked["nonce"], asked["code_challenge"])

    async def _chosen(self, request: Request, asked: Asked) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("Choose a person on the page itself.\n", 403)
        person = BY_ID.get(str((await request.form()).get("person", "")))
        if person is None:
            return PlainTextResponse("There is no such person.\n", 400)
        now = self.clock()
        self.codes = {k: c for k, c in self.codes.items() if c.until > now}
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(person, asked.client, asked.back, asked.challenge, asked.nonce, now + CODE_LIVES)
        response = RedirectResponse(f"{asked.back}?{urlencode({'code': code, 'state': asked.state})}", 303)
        response.set_cookie(LAST, person.id, path=self.path, httponly=True, samesite="lax")
        return response

    def _token(self, code: Code) -> str:
        now, person = self.clock(), code.person
        claims = {
            "iss": self.address, "aud": code.client, "sub": person.id, "nonce": code.nonce,
            "iat": int(now.timestamp()), "exp": int((now + TOKEN_LIVES).timestamp()),
            "auth_time": int((code.until - CODE_LIVES).timestamp()),
            "name": person.name, "organisation": person.organisation, "roles": list(person.roles),
            "language": person.language, "services": list(person.services),
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def _sides(self, people: Sequence[Person], language: str) -> list[tuple[str, str, list[Person]]]:
        """Colour, organisation and its people, in the plan's order of organisations."""
        now = plan.on(self.clock().date())
        groups = [(COLOURS[o.side], o.text(language), [p for p in people if p.organisation == code])
                  for code, o in now.organisations.items()]
        return [group for group in groups if group[2]]

    def _roles(self, person: Person, language: str) -> str:
        now = plan.on(self.clock().date())
        return ", ".join(now.roles[role].text(language) for role in person.roles)


class _Guard:
    """The headers of every page, and the host that the issuer is known by: a sign-in without passwords must not
    answer to a name that somebody else's DNS points here."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and Request(scope).headers.get("host") not in self.hosts:
            await PlainTextResponse(f"The demo's sign-in answers at {self.hosts[-1]}.\n", 421)(scope, receive, send)
            return

        async def sending(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])  # type: ignore[call-overload]
                known = {name for name, _ in headers}
                wanted = {**HEADERS, "Cache-Control": "no-store"}
                message["headers"] = headers + [
                    (n.lower().encode(), v.encode()) for n, v in wanted.items() if n.lower().encode() not in known]
            await send(message)

        await self.app(scope, receive, sending)  # type: ignore[arg-type]


def application(address: str, clock: Clock, *, demo: bool, seen_at: str | None = None,
                services_at: Mapping[str, str] | None = None) -> Starlette:
    """The issuer as an ASGI application, to be mounted at the path of its address (`/issuer`).

    `seen_at`: its address in a browser, if that is another. `services_at`: the public addresses of services that have
    another host than the issuer's.
    """
    if not demo:
        raise SettingsError("The issuer without passwords is the demo's; set YHDYSPINTA_DEMO=1, or name a real one.")
    seen_at = seen_at or address
    origin = urlsplit(seen_at)
    here = dict.fromkeys(SERVICES, f"{origin.scheme}://{origin.netloc}")
    issuer = DemoIssuer(address, clock, seen_at, {**here, **(services_at or {})})
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", issuer.configuration),
            Route("/jwks", issuer.keys),
            Route("/authorize", issuer.authorize, methods=["GET", "POST"]),
            Route("/token", issuer.token, methods=["POST"]),
            Mount("/static", Static(directory=STATIC), name="static"),
        ],
        middleware=[Middleware(_Guard, hosts=(urlsplit(address).netloc, origin.netloc))],
    )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
