"""What went wrong, said to a program (RFC 9457) or to a person (a page): no value of the request in either.

`code` is for programs, `detail` a sentence in the reader's language that says what to do next, `reference` finds
the request in the logs. Validation errors point at fields with JSON pointers.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chassis import security
from chassis.database import transient
from chassis.decisions import NotFound, Refusal, Refused
from chassis.policy import NotAllowed, SignInAgain
from chassis.telemetry import name_of
from chassis.web.texts import N_, Texts, language_of, texts
from contracts import plan

if TYPE_CHECKING:
    from chassis.web.application import Web

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:yhdyspinta:problem:"
_TITLES = {
    400: N_("The request can't be understood"),
    401: N_("A sign-in is needed"),
    403: N_("Not among your rights"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    409: N_("Not possible now"),
    413: N_("Too large"),
    421: N_("Wrong address"),
    422: N_("Something needs correcting"),
    429: N_("Too many requests"),
    500: N_("Something went wrong"),
    503: N_("Not available just now"),
}
_SENTENCES = {
    400: N_("The request is not well formed. Correct it and send it again."),
    404: N_("Nothing with this address was found. Check the address, or open it from your own list."),
    405: N_("This address does not take such a request. Go back and use the buttons of the page."),
    422: N_("Correct the fields that are named and send again."),
    500: N_("Nothing was saved. Try again in a moment; if it happens again, tell the reference to support."),
    503: N_("The service does not answer just now. Try again in a moment."),
}
_FIELD_SENTENCES = {
    "missing": N_("Fill in this field."),
    "extra_forbidden": N_("This field is not known here. Leave it out."),
    "string_too_short": N_("This is too short."),
    "string_too_long": N_("This is too long."),
    "string_pattern_mismatch": N_("This is not in the expected form."),
    "string_type": N_("Write text."),
    "int_parsing": N_("Write a whole number."),
    "int_type": N_("Write a whole number."),
    "float_parsing": N_("Write a number."),
    "bool_parsing": N_("Answer yes or no."),
    "bool_type": N_("Answer yes or no."),
    "date_parsing": N_("Write a day, such as 2026-11-24."),
    "date_from_datetime_parsing": N_("Write a day, such as 2026-11-24."),
    "date_type": N_("Write a day, such as 2026-11-24."),
    "datetime_parsing": N_("Write a moment, such as 2026-11-24T13:00:00+02:00."),
    "datetime_from_date_parsing": N_("Write a moment, such as 2026-11-24T13:00:00+02:00."),
    "timezone_aware": N_("Say the time zone, such as +02:00."),
    "greater_than_equal": N_("This number is too small."),
    "greater_than": N_("This number is too small."),
    "less_than_equal": N_("This number is too large."),
    "less_than": N_("This number is too large."),
    "literal_error": N_("Choose one of the given values."),
    "enum": N_("Choose one of the given values."),
    "json_invalid": N_("This is not JSON."),
    "control": N_("Leave out control and direction characters."),
    "not_nfc": N_("Write accented letters as one character (Unicode form C)."),
    "business_id": N_("This is not a business id: its check digit does not fit."),
    "too_deep": N_("This is nested too deep."),
}
_OTHERWISE = N_("Check this field.")
_POINTER_PART = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Problem:
    """One problem, ready to be said in the reader's language; `errors` are (pointer, kind)."""

    status: int
    code: str
    sentence: str
    errors: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def field_sentence(kind: str, text: Texts) -> str:
    """What a person does about a field that was not taken; `kind` is pydantic's type of error."""
    return text.gettext(_FIELD_SENTENCES.get(kind, _OTHERWISE))


def of_refusal(refusal: Refusal, language: str) -> Problem:
    """A refusal in Finnish, or in English to whoever reads that."""
    sentence = refusal.in_english() if language == "en" else refusal.in_finnish()
    headers = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="yhdyspinta"'
    if seconds := getattr(refusal, "retry_after", None):
        headers["Retry-After"] = str(seconds)
    return Problem(refusal.status, refusal.code, sentence, headers=headers)


def of_status(status: int, text: Texts, errors: Sequence[tuple[str, str]] = ()) -> Problem:
    """What HTTP itself has a word for."""
    name = "invalid" if status == 422 else HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")
    return Problem(status, name, text.gettext(_SENTENCES.get(status, _SENTENCES[400 if status < 500 else 500])), errors)


def pointers(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """JSON pointer and kind of each error. A field name that the sender made up is not repeated."""
    found = []
    for error in errors:
        location = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
        if error["type"] == "json_invalid":
            location = []
        parts = [part if _POINTER_PART.fullmatch(part) else "-" for part in location]
        if error["type"] == "extra_forbidden":
            parts = parts[:-1]
        found.append(("".join(f"/{part}" for part in parts), str(error["type"])))
    return found


def is_api(request: Request) -> bool:
    """Whether a program asks: everything under `/api/` of a service."""
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path.startswith("/api/")


def reference_of(request: Request) -> str:
    """Finds the request in the logs; made by the edge."""
    return str(getattr(request.state, "reference", "-"))


def say(request: Request, problem: Problem) -> Response:
    """The problem as the asker can read it."""
    web: Web = request.app.state.web
    language = reader_language(request)
    text = web.rendering.texts(language)
    title = text.gettext(_TITLES.get(problem.status, _TITLES[400 if problem.status < 500 else 500]))
    if not is_api(request):
        from chassis.web.page import Page

        return Page(request).problem(problem, title)
    content: dict[str, Any] = {
        "type": TYPE + problem.code, "title": title, "status": problem.status, "detail": problem.sentence,
        "code": problem.code, "reference": reference_of(request),
    }
    if problem.errors:
        content["errors"] = [
            {"pointer": pointer, "code": kind, "detail": field_sentence(kind, text)}
            for pointer, kind in problem.errors
        ]
    return Response(orjson.dumps(content), problem.status, {**problem.headers, "Content-Language": language},
                    media_type=MEDIA_TYPE)


def reader_language(request: Request) -> str:
    """By account, else by what the reader's program asks for; the API answers in Finnish or English."""
    session = getattr(request.state, "session", None)
    if session is not None:
        return str(session.who.language)
    chosen = request.query_params.get("lang")
    language = chosen if chosen in ("fi", "en", "sv") else language_of(request.headers.get("accept-language"))
    return "fi" if language == "sv" and is_api(request) else language


def _roles(codes: str, day: date, language: str) -> str:
    """Roles as people call them."""
    roles = plan.on(day).roles
    return ", ".join(roles[code].text(language) if code in roles else code for code in codes.split(", "))


async def refused(request: Request, fault: Exception) -> Response:
    """Handler of `Refused`."""
    assert isinstance(fault, Refused)  # noqa: S101 - registered for it alone
    refusal, language = fault.refusal, reader_language(request)
    if refusal.status in (401, 403, 429) and not isinstance(refusal, SignInAgain):
        who = getattr(request.state, "who", None)
        security.refused(refusal.code, request.app.state.web.settings.service, who=who.id if who else None,
                         about=f"{request.method} {getattr(request.scope.get('route'), 'path', '-')}")
    if isinstance(refusal, NotAllowed) and not is_api(request):
        refusal = NotAllowed(_roles(refusal.belongs_to, request.app.state.web.clock().date(), language))
    return say(request, of_refusal(refusal, language))


async def invalid(request: Request, fault: Exception) -> Response:
    """Handler of what FastAPI could not validate; an id in the path that can't be one is nobody's: 404."""
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = fault.errors()
    language = reader_language(request)
    if any(error["loc"][:1] == ("path",) for error in errors):
        return say(request, of_refusal(NotFound(), language))
    return say(request, of_status(422, texts(language), pointers(errors)))


async def http(request: Request, fault: Exception) -> Response:
    """Handler of Starlette's own: no such route, no such method, body too large."""
    assert isinstance(fault, HTTPException)  # noqa: S101 - registered for it alone
    problem = of_status(fault.status_code, texts(reader_language(request)))
    return say(request, Problem(problem.status, problem.code, problem.sentence, headers=fault.headers or {}))


def failed(request: Request, fault: BaseException) -> Response:
    """What nobody expected: its class and place are logged, with the reference that the reader is shown. While the
    database is away that is 503: whether the command happened, its key tells when it is sent again."""
    log.error("reference %s: %s", reference_of(request), name_of(fault))
    status = 503 if transient(fault) else 500
    return say(request, of_status(status, texts(reader_language(request))))


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable, `detail` says in Finnish or English what to do next.",
    "required": ["type", "title", "status", "detail", "code", "reference"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}, "code": {"type": "string"},
        "reference": {"type": "string", "description": "Tell it to support: it finds the request in the logs."},
        "errors": {"type": "array", "items": {
            "type": "object", "required": ["pointer", "code", "detail"],
            "properties": {"pointer": {"type": "string", "description": "JSON pointer into the body"},
                           "code": {"type": "string"}, "detail": {"type": "string"}},
        }},
    },
}
