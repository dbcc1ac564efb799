"""What happened after somebody pressed a button, as one picture: spans of this process, from the form to the mail.

In memory alone, and bounded: the last journeys, each a request that changed something and all that followed from it.
Within a side a span is its cause's child; across the boundary each side has a trace of its own, linked to the other's
[architecture.md, telemetry]. A span has codes and times; no id of a person, no text.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from chassis.web.edge import HEADERS
from chassis.web.navigation import SERVICE_NAMES
from chassis.web.rendering import Rendering
from chassis.web.texts import N_
from contracts.topics import SERVICES, dead_letter_topic

FOLDER = Path(__file__).parent
JOURNEYS, SPANS, WAITING = 50, 200, 1000
CHANGING = ("POST ", "PUT ", "PATCH ", "DELETE ")
WIDTH, LEFT, ROW = 1000, 440, 26
SIDES = {"area": N_("Employment area"), "municipal": N_("Municipalities"), "shared": N_("Shared")}


@dataclass(frozen=True)
class Step:
    """One span: in which service, what, when (ns). `across`: it is of another side than what it followed from."""

    service: str
    name: str
    began: int
    ended: int
    span_id: int
    parent_id: int | None
    across: bool

    @property
    def side(self) -> str:
        return dead_letter_topic(self.service).split(".", 1)[0] if self.service in SERVICES else "shared"

    @property
    def took(self) -> float:
        """Milliseconds."""
        return (self.ended - self.began) / 1e6


@dataclass
class Journey:
    """A request and all that followed from it, in order of beginning."""

    id: str
    steps: list[Step] = field(default_factory=list)
    traces: set[int] = field(default_factory=set)

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.steps[0].began / 1e9, UTC)

    @property
    def took(self) -> float:
        return (max(step.ended for step in self.steps) - self.steps[0].began) / 1e6

    def add(self, step: Step) -> None:
        if len(self.steps) < SPANS:
            self.steps.append(step)
            self.steps.sort(key=lambda each: each.began)

    def depth(self, step: Step) -> int:
        """How many causes before it."""
        by_id, deep = {each.span_id: each for each in self.steps}, 0
        while (cause := by_id.get(step.parent_id or 0)) is not None and deep < 12:
            step, deep = cause, deep + 1
        return deep


class Traces(SpanProcessor):
    """Takes spans as they end, and shows the journeys at `app`."""

    def __init__(self) -> None:
        self.journeys: OrderedDict[str, Journey] = OrderedDict()
        self._of_trace: dict[int, Journey] = {}
        self._waiting: deque[ReadableSpan] = deque(maxlen=WAITING)
        self._lock = Lock()
        self.rendering = Rendering("", [FOLDER / "templates"], [FOLDER / "catalogues"])

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            if _changes(span) and span.context.trace_id not in self._of_trace:
                self._begin(span)
            elif not self._take(span):
                self._waiting.append(span)

    def _begin(self, span: ReadableSpan) -> None:
        journey = Journey(format(span.context.trace_id, "032x")[:16])
        self.journeys[journey.id] = journey
        self._join(journey, span)
        while len(self.journeys) > JOURNEYS:
            _, oldest = self.journeys.popitem(last=False)
            for trace in oldest.traces:
                self._of_trace.pop(trace, None)
        for early in [each for each in self._waiting if self._take(each)]:  # what followed may end first
            self._waiting.remove(early)

    def _take(self, span: ReadableSpan) -> bool:
        """Whether the span is of a known journey; then it is in it."""
        causes = [span.context.trace_id, *(link.context.trace_id for link in span.links)]
        journey = next((self._of_trace[each] for each in causes if each in self._of_trace), None)
        if journey is not None:
            self._join(journey, span)
        return journey is not None

    def _join(self, journey: Journey, span: ReadableSpan) -> None:
        journey.traces.add(span.context.trace_id)
        self._of_trace[span.context.trace_id] = journey
        journey.add(_step(span))

    def app(self) -> Starlette:
        """The pages, to be mounted at `/traces`."""
        return Starlette(routes=[Route("/", self._list), Route("/{journey}", self._one)])

    async def _list(self, request: Request) -> Response:
        with self._lock:
            found = list(reversed(self.journeys.values()))
        return self._answer(request, "traces.html", {"journeys": found})

    async def _one(self, request: Request) -> Response:
        with self._lock:
            journey = self.journeys.get(request.path_params["journey"])
            bars = _bars(journey) if journey else []
        return self._answer(request, "trace.html", {
            "journey": journey, "bars": bars, "width": WIDTH, "left": LEFT, "height": ROW * len(bars) + 10},
            200 if journey else 404)

    def _answer(self, request: Request, template: str, values: dict[str, object], status: int = 200) -> HTMLResponse:
        language = "en" if request.query_params.get("lang") == "en" else "fi"
        content = self.rendering.render(template, language, {**values, "names": SERVICE_NAMES, "sides": SIDES})
        return HTMLResponse(content, status, headers={
            **HEADERS, "Cache-Control": "no-store", "Content-Language": language})


@dataclass(frozen=True)
class Bar:
    """A step in the picture: where it stands, in the picture's own units, and after how many milliseconds it began."""

    step: Step
    y: int
    indent: int
    x: float
    width: float
    after: float


def _bars(journey: Journey) -> list[Bar]:
    first, whole = journey.steps[0].began, max(journey.took, 0.001)
    scale = (WIDTH - LEFT - 10) / whole
    return [
        Bar(step, ROW * n + 5, 14 * journey.depth(step), round(LEFT + (step.began - first) / 1e6 * scale, 1),
            max(3.0, round(step.took * scale, 1)), (step.began - first) / 1e6)
        for n, step in enumerate(journey.steps)
    ]


def _changes(span: ReadableSpan) -> bool:
    return span.parent is None and span.name.startswith(CHANGING)


def _step(span: ReadableSpan) -> Step:
    """Service and what it did, of the names that the chassis gives: `coaching area.referrals.v1`, `POST /refer`."""
    service = str((span.attributes or {}).get("yhdyspinta.service", ""))
    first, _, rest = span.name.partition(" ")
    if not service and first in SERVICES:
        service, name = first, rest
    else:
        name = span.name
    cause = span.parent or next((link.context for link in span.links), None)
    return Step(service, name, span.start_time or 0, span.end_time or 0, span.context.span_id,
                cause.span_id if cause else None, across=span.parent is None and bool(span.links))
