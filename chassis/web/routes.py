"""The only way to add a route: `Routes.page` and `Routes.api`, each with its policy.

    routes = Routes("cases")

    @routes.page("GET", "/cases/{case_id}", policy=allow("coach", own="case"))
    async def show(case_id: CaseId, page: Page, db: Db) -> Response: ...

    @routes.api("POST", "/api/cases/{case_id}/start", policy=allow("coach", own="case"), scope="cases", status=204)
    async def start(case_id: CaseId, command: Start, who: Who, db: Db) -> None: ...

Promise, before the handler runs: the caller may (policy), a form comes from our own page, the rate and the size
are within limits. Around it: one transaction, which commits before the answer leaves and is undone when the
answer is an error; a command sent twice happens once.
"""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from chassis import idempotency, policy, sessions, tokens
from chassis.database import Session
from chassis.decisions import Refusal, Refused
from chassis.policy import ANONYMOUS, Policy, Principal
from chassis.web import forms, limits
from chassis.web.edge import OF_THE_MACHINE
from chassis.web.page import Page

if TYPE_CHECKING:
    from chassis.web.application import Web

Kind = Literal["page", "api"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Any]])
_SAFE = frozenset({"GET", "HEAD"})
_METHODS: dict[Kind, frozenset[str]] = {
    "page": frozenset({"GET", "POST"}), "api": frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"}),
}
KEY_HEADER = "Idempotency-Key"


@dataclass(frozen=True)
class CrossSite(Refusal):
    code = "cross-site"
    sentence_en = "This form was not sent from our own page. Open the page and send it from there."
    sentence_fi = "Lomaketta ei lähetetty omalta sivultamme. Avaa sivu ja lähetä lomake sieltä."
    status = 403


@dataclass(frozen=True)
class SentAlready(Refusal):
    code = "sent-already"
    sentence_en = "This form was sent already, and then changed. Open the page anew to see how things stand."
    sentence_fi = "Lomake on jo lähetetty, ja sitä on sen jälkeen muutettu. Avaa sivu uudelleen, niin näet tilanteen."
    status = 409


class PolicyMissing(Exception):
    """A route stands without a policy, or with one that can't hold: the service does not start."""


@dataclass(frozen=True)
class Definition:
    """One route, as its author wrote it; also a row of the table role × route."""

    kind: Kind
    method: str
    path: str
    endpoint: Callable[..., Awaitable[Any]]
    policy: Policy
    scope: str | None = None
    status: int = 200
    files: bool = False
    repeatable: bool = False
    tag: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"{self.method} {self.path}"
        if not isinstance(self.policy, Policy) or self.policy.kind == "system":
            raise PolicyMissing(f"{where}: name a policy, allow(…) or public")
        if self.method not in _METHODS[self.kind]:
            raise PolicyMissing(f"{where}: a {self.kind} takes {', '.join(sorted(_METHODS[self.kind]))}")
        if self.path.startswith("/api/") is not (self.kind == "api"):
            raise PolicyMissing(f"{where}: programs' routes stand under /api/, pages do not")
        if self.kind == "page" and self.policy.kind == "allow" and not self.policy.roles:
            raise PolicyMissing(f"{where}: a page needs a role that may see it")
        if self.kind == "api" and self.policy.kind != "public" and not self.scope:
            raise PolicyMissing(f"{where}: a route for tokens needs a scope")


class Routes:
    """Routes of one capability; `tag` groups them in the OpenAPI description."""

    def __init__(self, tag: str = "") -> None:
        self.tag = tag
        self.defined: list[Definition] = []

    def page(
        self, method: str, path: str, *, policy: Policy, files: bool = False, repeatable: bool = False
    ) -> Callable[[Endpoint], Endpoint]:
        """A page or a form's target. A POST answers with `page.redirect`; it needs the form's key, so that it happens
        once, unless it is `repeatable`: it changes nothing (a search, a reveal). `files`: up to 2 MiB."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.defined.append(Definition(
                "page", method, path, endpoint, policy, files=files, repeatable=repeatable, tag=self.tag))
            return endpoint

        return add

    def api(
        self, method: str, path: str, *, policy: Policy, scope: str | None = None, status: int = 200, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """A route for programs. A POST needs `Idempotency-Key`; one that makes something answers 201 with Location.
        `options` are FastAPI's (`summary`, `response_model`, `responses`, `openapi_extra`)."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.defined.append(Definition(
                "api", method, path, endpoint, policy, scope=scope, status=status, tag=self.tag, options=options))
            return endpoint

        return add


class GuardedRoute(APIRoute):
    """A route that does what this module promises."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        api = definition.kind == "api"
        options: dict[str, Any] = dict(definition.options)
        if api:
            options["openapi_extra"] = _documented(definition, options.get("openapi_extra") or {})
            options.setdefault("response_class", JSONResponse)
        else:
            options |= {"response_model": None, "response_class": HTMLResponse}
        super().__init__(
            definition.path, definition.endpoint, methods=[definition.method], status_code=definition.status,
            include_in_schema=api and definition.options.get("include_in_schema", True),
            tags=[definition.tag] if definition.tag else None,
            **{name: value for name, value in options.items() if name != "include_in_schema"},
        )

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await _handle(self.definition, request, handler)

        return handle


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def _handle(definition: Definition, request: Request, handler: Handler) -> Response:
    web: Web = request.app.state.web
    request = limits.limited(request, limits.FILES_BYTES if definition.files else limits.BODY_BYTES)
    safe = definition.method in _SAFE
    if definition.kind == "page" and not safe:
        _check_origin(request, web)
    body = b"" if safe else await request.body()
    who = await _who(definition, request, web)
    if who.kind == "anonymous" and definition.policy.kind != "public" and definition.kind == "page":
        return await _to_sign_in(request, web)
    policy.check(definition.policy, who, definition.scope)
    if not safe:
        rate = web.token_rate if who.kind == "system" else web.session_rate
        rate.take(request.state.counted, get_running_loop().time())
        if definition.kind == "api" and body:
            limits.check_depth(body)
    try:
        return await _in_one_transaction(definition, request, web, handler, body)
    except Refused as fault:
        if fault.refusal.code == policy.SignInAgain.code and definition.kind == "page":
            return await _to_sign_in(request, web, again=True)
        raise


async def _who(definition: Definition, request: Request, web: "Web") -> Principal:
    """Whom the request speaks for: pages by cookie alone, programs by bearer token alone, the public by neither."""
    request.state.counted = f"address {request.client.host if request.client else ''}"
    who = ANONYMOUS
    if definition.policy.kind != "public" and definition.kind == "api":
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            async with web.database.begin() as db:
                who = await tokens.holder(db, token) or ANONYMOUS
            request.state.counted = f"token {who.id}"
    elif definition.policy.kind != "public" and (token := request.cookies.get(web.cookie, "")):
        async with web.database.begin() as db:
            session = await sessions.find(db, token)
        if session:
            who, request.state.session = session.who, session
            request.state.counted = f"session {session.key}"
    request.state.who = who
    return who


def _check_origin(request: Request, web: "Web") -> None:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site != "same-origin" if site is not None else origin not in web.origins:
        raise Refused(CrossSite())


async def _to_sign_in(request: Request, web: "Web", *, again: bool = False) -> Response:
    """To the sign-in and back; what was typed stays on a page that can send it again."""
    page = Page(request)
    if request.method not in _SAFE:
        return page.resume(forms.fields_of(await request.form()), again=again)
    if page.is_fragment:
        return Response(status_code=204, headers={"HX-Trigger": "session-over"} if page.is_of_own_page else {})
    here = request.scope["path"].removeprefix(web.settings.prefix_path)
    if request.url.query:
        here += f"?{request.url.query}"
    return RedirectResponse(page.path(f"/sign-in?{'again=1&' if again else ''}to={quote(here, safe='')}"), 303)


class _UndoneError(Exception):
    """Carries an error answer out of the transaction that it undoes."""

    def __init__(self, answer: Response, seen: list[Any]) -> None:
        self.answer, self.seen = answer, seen


async def _in_one_transaction(
    definition: Definition, request: Request, web: "Web", handler: Handler, body: bytes
) -> Response:
    try:
        async with web.database.begin() as db:
            request.state.db = db
            once = await _once(definition, request, web, body)
            if once and (first := await _first_answer(definition, db, once)):
                return _fit(request, _repeated(request, web, first))
            answer = await handler(request)
            if answer.status_code >= 400:
                raise _UndoneError(answer, [row for row in db.audit_rows if row.act.startswith("read:")])
            if once:
                await idempotency.finish(
                    db, once, idempotency.Answer(answer.status_code, answer.headers.get("location")))
    except _UndoneError as undone:
        if undone.seen:
            async with web.database.begin() as db:
                db.audit_rows.extend(undone.seen)
        return undone.answer
    return _fit(request, answer)


async def _once(
    definition: Definition, request: Request, web: "Web", body: bytes
) -> idempotency.Request | None:
    """What names this command, where it must happen once."""
    if definition.method != "POST" or definition.repeatable:
        return None
    if definition.kind == "api":
        key = request.headers.get(KEY_HEADER, "")
    else:
        form = await request.form()
        key, body = str(form.get(forms.KEY, "")), forms.digest(form)
    if not idempotency.SPELLING.fullmatch(key):
        raise Refused(idempotency.KeyNeeded())
    route = f"{definition.method} {request.scope['path']}"
    kept = idempotency.hash_of(web.settings, key.encode()).hex()  # a program's key may say whom it is about
    return idempotency.Request(request.state.who.id, route, kept, idempotency.hash_of(web.settings, body))


async def _first_answer(
    definition: Definition, db: Session, once: idempotency.Request
) -> idempotency.Answer | None:
    try:
        return await idempotency.begin(db, once, wait=definition.kind == "page")
    except Refused as fault:
        if definition.kind == "page" and isinstance(fault.refusal, idempotency.KeyReused):
            raise Refused(SentAlready()) from None
        raise


def _repeated(request: Request, web: "Web", first: idempotency.Answer) -> Response:
    """The first answer again: status, Location and, to a program, the id that Location ends in."""
    headers = {"Location": first.location} if first.location else {}
    if not request.url.path.removeprefix(web.settings.prefix_path).startswith("/api/"):
        return RedirectResponse(first.location or web.rendering.base + "/", 303)
    headers["Idempotency-Replayed"] = "true"
    if first.status == 204:
        return Response(status_code=204, headers=headers)
    content = {"id": first.location.rstrip("/").rsplit("/", 1)[-1]} if first.location else {}
    return JSONResponse(content, first.status, headers)


def _fit(request: Request, answer: Response) -> Response:
    """A part of a page that is sent on elsewhere takes the whole page with it."""
    if answer.status_code == 303 and request.headers.get("hx-request") == "true":
        answer.status_code = 200
        answer.headers["HX-Redirect"] = answer.headers["location"]
        del answer.headers["location"]
    return answer


def _documented(definition: Definition, extra: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI is told beyond FastAPI's own: token and scope, the key of a command, problems."""
    described: dict[str, Any] = {**extra}
    if definition.policy.kind == "public":
        described["security"] = []
    else:
        described["security"] = [{"bearer": [definition.scope]}]
    if definition.method == "POST":
        described["parameters"] = [*extra.get("parameters", []), {"$ref": "#/components/parameters/IdempotencyKey"}]
    described["responses"] = {**extra.get("responses", {}), "default": {"$ref": "#/components/responses/Problem"}}
    return described


# --- what a handler may ask for


def _db(request: Request) -> Session:
    db: Session = request.state.db
    return db


def current(request: Request) -> Principal:
    """Who the request speaks for; the policy has let them in."""
    who: Principal = request.state.who
    return who


Db = Annotated[Session, Depends(_db)]
"""The request's transaction: it commits before the answer leaves, and is undone by an error."""
Who = Annotated[Principal, Depends(current)]


def _page(request: Request) -> Page:
    return Page(request)


Asked = Annotated[Page, Depends(_page)]
"""The page's view of the request (`chassis.web.Page`): reader, language, render, redirect, form."""


# --- what holds for a whole application


def check_policies(app: FastAPI) -> None:
    """Raises `PolicyMissing` where a route of the application was not added through `Routes`."""
    for route in app.routes:
        if not isinstance(route, GuardedRoute) and not _is_of_the_machine(route):
            raise PolicyMissing(f"{getattr(route, 'path', route)}: add it through chassis.web.Routes, with a policy")


def _is_of_the_machine(route: BaseRoute) -> bool:
    if isinstance(route, Route):
        return route.path in OF_THE_MACHINE
    return getattr(route, "name", "") == "static"


def table(app: FastAPI) -> Sequence[Definition]:
    """Every route with its policy: the table role × route is made from it and tested."""
    return [route.definition for route in app.routes if isinstance(route, GuardedRoute)]
