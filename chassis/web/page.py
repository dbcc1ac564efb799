"""A page's view of its request: who asks, in which language, and the three things a page answers."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis.decisions import NotFound, Refusal, Refused
from chassis.policy import ANONYMOUS, Principal, SignInAgain
from chassis.sessions import SignedIn
from chassis.web import forms
from chassis.web.formats import local_day
from chassis.web.forms import Form
from chassis.web.navigation import Shown, frame_of
from chassis.web.problems import Problem, reader_language, reference_of
from chassis.web.texts import Texts

if TYPE_CHECKING:
    from chassis.web.application import Web

M = TypeVar("M", bound=BaseModel)


class Page:
    """Given to a page by its parameter `page: Page`."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.web: Web = request.app.state.web
        self.language = reader_language(request)
        self.now: datetime = self.web.clock()
        self._said_is_shown = False

    @property
    def session(self) -> SignedIn | None:
        """The open session; none on a public page."""
        return getattr(self.request.state, "session", None)

    @property
    def who(self) -> Principal:
        return self.session.who if self.session else ANONYMOUS

    @property
    def today(self) -> date:
        """The day in Finland."""
        return local_day(self.now)

    @property
    def texts(self) -> Texts:
        return self.web.rendering.texts(self.language)

    @property
    def is_fragment(self) -> bool:
        """Whether a part of the page asks for its new self (htmx), rather than a person for a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def is_of_own_page(self) -> bool:
        """Whether that part stands on a page of this service, not of another that asks for a count."""
        base = self.web.settings.public_url + self.web.settings.prefix_path
        return self.request.headers.get("hx-current-url", base).startswith(base)

    @property
    def here(self) -> str:
        """Path of this page below the service's own, to come back to."""
        path: str = self.request.scope["path"]
        query = f"?{self.request.url.query}" if self.request.url.query else ""
        return path.removeprefix(self.web.settings.prefix_path) + query

    @cached_property
    def frame(self) -> Shown:
        """What the frame shows around the page."""
        return frame_of(self)

    def refuse(self, form: Form[Any], fault: Refused, at: Mapping[str, str] | None = None) -> None:
        """A rule of ours says no to what was sent: its sentence at the field that it points to (`at`: another name of
        it on the form), or above all of them. What was not found, or needs a fresh sign-in, is raised again."""
        if fault.refusal.code in (NotFound.code, SignInAgain.code):
            raise fault
        where = (fault.refusal.field or "").removeprefix("/data").removeprefix("/")
        name = (at or {}).get(where, where)
        known = form.model is not None and name in type(form.model).model_fields
        form.refuse(name if known else "", self.sentence(fault.refusal))

    def gettext(self, message: str, **values: Any) -> str:
        """The message in the reader's language, its `%(name)s` filled in; a percent sign is written `%%`."""
        return str(self.texts.gettext(message)) % values

    def ngettext(self, one: str, many: str, count: int, **values: Any) -> str:
        """The message for a count; `%(num)s` is the count."""
        return str(self.texts.ngettext(one, many, count)) % {"num": count, **values}

    def sentence(self, refusal: Refusal) -> str:
        """What a refusal says, for a form that shows it at a field."""
        return refusal.in_english() if self.language == "en" else refusal.in_finnish()

    def path(self, path: str) -> str:
        """A path of this service as the browser knows it."""
        return f"{self.web.rendering.base}{path}"

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page, or a part of one."""
        shown = {"page": self, "who": self.who, "today": self.today, "now": self.now, **values}
        content = self.web.rendering.render(template, self.language, shown)
        response = HTMLResponse(content, status, {"Content-Language": self.language, "Vary": "HX-Request"})
        if self._said_is_shown:
            response.delete_cookie(self._said_cookie, path=self.web.settings.prefix_path)
        return response

    def redirect(self, path: str, said: str | None = None) -> Response:
        """On to another page of the service (303), which shows the sentence `said` once: no name, no number."""
        response = RedirectResponse(self.path(path), 303)
        if said is not None:
            response.set_cookie(
                self._said_cookie, urlsafe_b64encode(json.dumps(said).encode()).decode(), max_age=120,
                path=self.web.settings.prefix_path, httponly=True, samesite="lax", secure=not self.web.settings.demo)
        return response

    async def form(
        self, model: type[M], sentences: Mapping[str, str] | None = None, multiline: Iterable[str] = ()
    ) -> Form[M]:
        """What was sent, read into the model; see `chassis.web.forms`."""
        return forms.read(await self.request.form(), model, self.texts, sentences, multiline)

    def problem(self, problem: Problem, title: str) -> Response:
        """The page that says what went wrong and what to do."""
        response = self.render("chassis/problem.html", problem.status, problem=problem, title=title,
                               reference=reference_of(self.request))
        for name, value in problem.headers.items():
            response.headers[name] = value
        if self.is_fragment:
            response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
        return response

    def resume(self, fields: Sequence[tuple[str, str]], *, again: bool = False) -> Response:
        """The session has run out under a filled form: sign in beside it, then send it again. Nothing is lost."""
        response = self.render(
            "chassis/resume.html", 401, fields=fields, action=self.request.scope["path"], again=again)
        if self.is_fragment:
            response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
        return response

    def take_said(self) -> str | None:
        """The sentence that the page before wanted said here."""
        try:
            said = json.loads(urlsafe_b64decode(self.request.cookies.get(self._said_cookie, "")))
        except ValueError:
            return None
        self._said_is_shown = True
        return said if isinstance(said, str) and len(said) < 500 else None

    @property
    def _said_cookie(self) -> str:
        return f"yp_{self.web.settings.service}_said"
