"""The pages of every service: sign in, sign out, language, accessibility, privacy, the API's description."""

import re
from asyncio import get_running_loop
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from chassis import policy, security, sessions
from chassis.decisions import Refused
from chassis.sign_in import SignInFailed
from chassis.web.page import Page
from chassis.web.routes import Asked, Db, Routes

routes = Routes()
_BACK = re.compile(r"/(?![/\\])[^\\\x00-\x20]{0,500}")
Text = Annotated[str, Query(max_length=2_000)]


@routes.page("GET", "/sign-in", policy=policy.public)
async def sign_in(page: Asked, to: Text = "/", again: bool = False) -> Response:
    """Off to the issuer; `to` is the path of this service to come back to. Each attempt is a row: they are counted."""
    page.web.token_rate.take(page.request.state.counted, get_running_loop().time())
    back_to = to if _BACK.fullmatch(to) else "/"
    browser = page.request.cookies.get(_browser_cookie(page))
    begun = await page.web.issuer.begin(page.web.database, back_to, browser, again=again)
    response = RedirectResponse(begun.address, 303)
    _set(page, response, _browser_cookie(page), begun.browser, 600)
    return response


@routes.page("GET", "/signed-in", policy=policy.public)
async def signed_in(page: Asked, state: Text = "", code: Text = "") -> Response:
    """Back from the issuer: a new session, whatever there was before."""
    browser = page.request.cookies.get(_browser_cookie(page), "")
    if not (state and code and browser):
        raise Refused(SignInFailed())
    found = await page.web.issuer.finish(page.web.database, state, code, browser)
    async with page.web.database.begin() as db:
        await sessions.end(db, page.request.cookies.get(page.web.cookie, ""))
        token = await sessions.start(db, found.who, found.at)
    security.note("signed-in", page.web.settings.service, who=found.who.id)
    response = RedirectResponse(page.path(found.back_to), 303)
    _set(page, response, page.web.cookie, token, int(sessions.LONGEST.total_seconds()))
    return response


@routes.page("POST", "/sign-out", policy=policy.signed_in, repeatable=True)
async def sign_out(page: Asked, db: Db) -> Response:
    """Ends this session; others of the person go on."""
    await sessions.end(db, page.request.cookies.get(page.web.cookie, ""))
    security.note("signed-out", page.web.settings.service, who=page.who.id)
    response = RedirectResponse(page.path("/signed-out"), 303)
    response.delete_cookie(page.web.cookie, path=page.web.settings.prefix_path)
    return response


@routes.page("GET", "/signed-out", policy=policy.public)
async def signed_out(page: Asked) -> Response:
    return page.render("chassis/signed-out.html", end_address=page.web.issuer.end_address())


@routes.page("GET", "/signed-in-again", policy=policy.signed_in)
async def signed_in_again(page: Asked) -> Response:
    """Where the sign-in beside a filled form ends."""
    return page.render("chassis/signed-in-again.html")


@routes.page("POST", "/language", policy=policy.signed_in, repeatable=True)
async def language(page: Asked, db: Db) -> Response:
    """The person's language from now on, in this service."""
    sent = await page.request.form()
    chosen, to = str(sent.get("language", "")), str(sent.get("to", "/"))
    if chosen in sessions.LANGUAGES:
        await sessions.choose_language(db, page.who.id, chosen)
    return page.redirect(to if _BACK.fullmatch(to) else "/")


@routes.page("GET", "/accessibility", policy=policy.public)
async def accessibility(page: Asked) -> Response:
    return page.render("chassis/public/accessibility.html")


@routes.page("GET", "/privacy", policy=policy.public)
async def privacy(page: Asked) -> Response:
    return page.render("chassis/public/privacy.html")


@routes.api("GET", "/api/openapi.json", policy=policy.public, include_in_schema=False)
async def description(request: Request) -> Any:
    """The API of this service, as OpenAPI."""
    return JSONResponse(request.app.openapi())


def _browser_cookie(page: Page) -> str:
    return f"{page.web.cookie}_signing"


def _set(page: Page, response: Response, name: str, value: str, seconds: int) -> None:
    settings = page.web.settings
    response.set_cookie(name, value, max_age=seconds, path=settings.prefix_path, httponly=True, samesite="lax",
                        secure=not settings.demo)
