"""A service's web application: its routes in the chassis' frame. `application` is called once, by `build`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from chassis import audit_heads, health, idempotency, sessions, sign_in
from chassis.clock import Clock
from chassis.database import Database
from chassis.decisions import Refused
from chassis.officer.log import Records
from chassis.service import Service, Timer
from chassis.settings import Settings, SettingsError, closed
from chassis.sign_in import Issuer
from chassis.web import account, problems
from chassis.web.edge import Edge, origins_of
from chassis.web.limits import SESSION_PER_MINUTE, TOKEN_PER_MINUTE, Rate
from chassis.web.navigation import Room, Side
from chassis.web.rendering import STATIC, Rendering
from chassis.web.routes import KEY_HEADER, GuardedRoute, Routes, check_policies

YEAR_SECONDS = 31_536_000


@dataclass
class Web:
    """What the pages and the API of one service stand on; `app.state.web`.

    `notice` gives a sentence that stands above every page while it is not None (the demo's year is loading).
    """

    settings: Settings
    clock: Clock
    database: Database
    side: Side
    rooms: Sequence[Room]
    records: Records
    rendering: Rendering
    issuer: Issuer
    session_rate: Rate
    token_rate: Rate
    origins: frozenset[str]
    notice: Callable[[], str | None] | None = None

    @property
    def cookie(self) -> str:
        return f"yp_{self.settings.service}"


def application(
    settings: Settings, clock: Clock, database: Database, *, side: Side, routes: Sequence[Routes],
    rooms: Sequence[Room] = (), folder: Path, title: str, description: str = "", records: Records | None = None,
) -> FastAPI:
    """The ASGI application that is mounted at `/<service>`.

    `folder` is the service's own: `templates/` and `*/templates/` under it hold pages, `catalogues/` messages.
    `title` and `description` head its OpenAPI document. `records` tells the data protection officer's pages whose the
    records are that the audit log is about. Raises `PolicyMissing`, and `SettingsError` where people
    would be asked to come over plain HTTP from elsewhere.
    """
    if not settings.demo and not closed(settings.public_url):
        raise SettingsError(f"PUBLIC_URL must be an https address; {settings.public_url} is not.")
    from chassis import officer, operate  # their pages stand on this package

    templates = [folder / "templates", *sorted(folder.glob("*/templates")),
                 *(each.FOLDER / "templates" for each in (operate, officer))]
    app = FastAPI(
        title=title, description=description, version="1", openapi_url=None, docs_url=None, redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its spans hold paths and queries
    )
    app.state.web = Web(
        settings=settings, clock=clock, database=database, side=side,
        rooms=(*rooms, *officer.ROOMS, *operate.ROOMS), records=records or Records(),
        rendering=Rendering(settings.prefix_path, templates, [
            *(each.FOLDER / "catalogues" for each in (operate, officer)), folder / "catalogues"]),
        issuer=Issuer(settings),
        session_rate=Rate(int(settings.extra.get("session_rate", SESSION_PER_MINUTE))),
        token_rate=Rate(int(settings.extra.get("token_rate", TOKEN_PER_MINUTE))),
        origins=origins_of(settings),
    )
    for group in (account.routes, operate.routes, officer.routes, *routes):
        app.router.routes.extend(GuardedRoute(definition) for definition in group.defined)
    app.mount("/static", Static(directory=STATIC), name="static")
    app.add_exception_handler(Refused, problems.refused)
    app.add_exception_handler(RequestValidationError, problems.invalid)
    app.add_exception_handler(HTTPException, problems.http)
    app.add_middleware(Edge, settings=settings)
    app.openapi = lambda: _described(app, settings)  # type: ignore[method-assign]
    check_policies(app)
    return app


def with_health(service: Service) -> Service:
    """Adds `/health/…` and `/metrics` to a service's application; `build` returns what this returns."""
    service.app.state.service = service
    service.app.router.routes.extend(health.routes(lambda: service))
    check_policies(service.app)
    return service


def timers(database: Database) -> list[Timer]:
    """What every service with pages does from time to time: forgets sessions, sign-ins and idempotency keys that are
    over, and gives the other side the head of its audit log [privacy.md, Audit log]."""
    each = timedelta(minutes=10)

    async def publish_head() -> None:
        async with database.begin() as db:
            await audit_heads.publish_head(db)

    return [
        Timer("audit head", timedelta(minutes=15), publish_head),
        Timer("old sessions", each, lambda: sessions.forget(database)),
        Timer("old sign-ins", each, lambda: sign_in.forget(database)),
        Timer("old idempotency keys", each, lambda: idempotency.forget(database)),
    ]


class Static(StaticFiles):
    """Our own files: kept by the browser for a year, for a changed file has another address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        lasting = path.startswith("vendor/") or scope["query_string"].startswith(b"v=")
        seconds = YEAR_SECONDS if lasting else 300
        response.headers["Cache-Control"] = f"public, max-age={seconds}{', immutable' if lasting else ''}"
        return response


def _described(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """OpenAPI with what holds for every route: bearer tokens, idempotency keys, problems."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = FastAPI.openapi(app)
    schema["servers"] = [{"url": settings.prefix_path}]
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"bearer": {
        "type": "http", "scheme": "bearer",
        "description": "A token `yp_<id>_<secret>`; the operator makes it with `yhdyspinta tokens make`.",
    }}
    components["parameters"] = {"IdempotencyKey": {
        "name": KEY_HEADER, "in": "header", "required": True,
        "description": "A new one for each command; the same one when a command is sent again. Within 24 hours a "
                       "repeat has no effect and is answered with status and Location of the first.",
        "schema": {"type": "string", "pattern": f"^{idempotency.SPELLING.pattern}$"},
        "example": "7f0c9a52-3d0e-4a43-9f3a-1f6f4e5b8a01",
    }}
    components["responses"] = {"Problem": {
        "description": "What went wrong, and what to do next (RFC 9457)",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }}
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = problems.SCHEMA
    for operations in schema.get("paths", {}).values():
        for operation in operations.values():
            operation.get("responses", {}).pop("422", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    app.openapi_schema = schema
    return schema
