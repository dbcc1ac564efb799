"""The contract with other systems as pages: topics, events, fields, codes, and the documents to fetch.

Made from what the AsyncAPI document is made of, so that they can't differ. Nothing here is anybody's data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from chassis.web.application import Static
from chassis.web.edge import HEADERS
from chassis.web.rendering import STATIC, Rendering
from chassis.web.texts import N_
from contracts import documents, plan
from contracts.fields import CodeList
from contracts.leaves import Kind, fields_of, kind_of
from contracts.refusals import meaning_of
from contracts.schema import key_of, models, name_of, text_of, topics_of
from contracts.topics import SERVICES, SYSTEMS, TOPICS, source_of

FOLDER = Path(__file__).parent
AT = "/events"
SIDES = {"area": N_("Employment area"), "shared": N_("Shared"), "municipal": N_("Municipalities")}
CLASSES = {"personal": N_("personal"), "pseudonymous": N_("pseudonymous"), "company": N_("of companies"),
           "staff": N_("of staff"), "open": N_("open")}


@dataclass(frozen=True)
class Field:
    """A field of `data`: where it is, what it must be, and of which list of the plan its codes are."""

    path: str
    required: bool
    kind: Kind

    @property
    def codes(self) -> str | None:
        listed = self.kind.mark(CodeList)
        return listed.name if listed else None

    def meaning(self, language: str) -> str:
        said = meaning_of(self.kind)
        text = said.english.removeprefix("must be ") if language == "en" else said.finnish.removeprefix("on oltava ")
        return text[0].upper() + text[1:]


def fields(model: type[BaseModel], path: str = "") -> Iterator[Field]:
    """The fields of an event's data, those of its objects and lists behind them."""
    for name, kind in fields_of(model).items():
        yield from _field(f"{path}{name}", model.model_fields[name].is_required(), kind)


def _field(path: str, required: bool, kind: Kind) -> Iterator[Field]:
    yield Field(path, required, kind)
    if kind.model is not None:
        yield from fields(kind.model, f"{path}/")
    elif kind.item is not None:
        inner = kind_of(kind.item)
        yield from fields(inner.model, f"{path}/*/") if inner.model else _field(f"{path}/*", True, inner)
    elif kind.names_and_values:
        yield Field(f"{path}/{{…}}", True, kind_of(kind.names_and_values[0]))


class Pages:
    """The pages under `/events/`, and the documents under their own names."""

    def __init__(self) -> None:
        self.rendering = Rendering(AT, [FOLDER / "templates"], [FOLDER / "catalogues"])
        self.files = {"asyncapi.yaml": "application/yaml", "codes.json": "application/json"}
        for name in models():
            self.files |= {f"schemas/{name}.json": "application/schema+json",
                           f"examples/{name}.json": "application/cloudevents+json"}

    def routes(self) -> list[BaseRoute]:
        return [
            Mount(f"{AT}/static", Static(directory=STATIC)), Route(f"{AT}/", self._overview),
            *(Route(f"{AT}/{name}", self._file) for name in self.files), Route(f"{AT}/{{name}}", self._event),
        ]

    async def _overview(self, request: Request) -> Response:
        sides = {title: [t for t in TOPICS.values() if t.side == side and not t.dead_letters]
                 for side, title in SIDES.items()}
        return self._answer(request, "topics.html", {
            "sides": sides, "classes": CLASSES, "who": _who, "name_of": name_of,
            "systems": [(s.source, s.writes) for s in SYSTEMS.values()]})

    async def _event(self, request: Request) -> Response:
        name = request.path_params["name"]
        model = models().get(name)
        if model is None:
            return self._answer(request, "no-event.html", {"name": name}, 404)
        found = list(fields(model))
        codes = plan.ALL[-1].codes
        lists = {f.codes: [(code, label.text(self._language(request))) for code, label in codes[f.codes].items()]
                 for f in found if f.codes}
        return self._answer(request, "event.html", {
            "name": name, "model": model, "text": text_of(model), "key": key_of(model), "fields": found,
            "lists": lists, "topics": topics_of(model), "who": _who,
            "example": (documents.FOLDER / "examples" / f"{name}.json").read_text(encoding="utf-8"),
            "closed": any(topic.refuses_unknown_fields for topic in topics_of(model))})

    async def _file(self, request: Request) -> Response:
        name = request.url.path.removeprefix(f"{AT}/")
        at = "schemas/codes.json" if name == "codes.json" else name
        return FileResponse(documents.FOLDER / at, headers=HEADERS, media_type=self.files[name])

    @staticmethod
    def _language(request: Request) -> str:
        return "en" if request.query_params.get("lang") == "en" else "fi"

    def _answer(self, request: Request, template: str, values: dict[str, Any], status: int = 200) -> HTMLResponse:
        language = self._language(request)
        text = self.rendering.render(template, language, values)
        return HTMLResponse(text, status, {**HEADERS, "Content-Language": language})


def _who(names: tuple[str, ...]) -> list[str]:
    return [name if name in SERVICES else source_of(name) for name in names]

