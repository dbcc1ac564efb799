"""The demo's picture of what followed a click: spans gathered over services and sides, in bounded memory."""

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext, get_current_span, set_span_in_context

from yhdyspinta.demo.traces import JOURNEYS, WAITING, Traces


class Work:
    """Spans as the chassis makes them."""

    def __init__(self, traces: Traces) -> None:
        provider = TracerProvider()
        provider.add_span_processor(traces)
        self.tracer = provider.get_tracer("test")

    def request(self, name: str, service: str) -> SpanContext:
        with self.tracer.start_as_current_span(name) as span:
            span.set_attribute("yhdyspinta.service", service)
            return get_current_span().get_span_context()

    def handled(self, name: str, cause: SpanContext, *, same_side: bool) -> SpanContext:
        from opentelemetry.trace import NonRecordingSpan

        parent = set_span_in_context(NonRecordingSpan(cause)) if same_side else None
        links = [] if same_side else [Link(cause)]
        with self.tracer.start_as_current_span(name, context=parent, links=links) as span:
            return span.get_span_context()


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def work(traces: Traces) -> Iterator[Work]:
    return Work(traces)


def shown(traces: Traces) -> list[tuple[str, str, str, bool]]:
    journey = next(iter(traces.journeys.values()))
    return [(step.side, step.service, step.name, step.across) for step in journey.steps]


def test_a_referral_is_one_picture_from_the_form_to_the_mail(traces: Traces, work: Work) -> None:
    form = work.request("POST /refer", "referral")
    coaching = work.handled("coaching area.referrals.v1", form, same_side=False)
    work.handled("referral shared.coaching.v1", coaching, same_side=False)
    notify = work.handled("notify area.referrals.v1", form, same_side=False)
    work.handled("notify mail", notify, same_side=True)
    assert shown(traces) == [
        ("area", "referral", "POST /refer", False),
        ("municipal", "coaching", "area.referrals.v1", True),
        ("area", "referral", "shared.coaching.v1", True),
        ("shared", "notify", "area.referrals.v1", True),
        ("shared", "notify", "mail", False),
    ]
    journey = next(iter(traces.journeys.values()))
    assert [journey.depth(step) for step in journey.steps] == [0, 1, 2, 1, 2]


def test_what_ends_before_its_cause_is_in_the_picture(traces: Traces, work: Work) -> None:
    with work.tracer.start_as_current_span("POST /refer") as form:
        work.handled("coaching area.referrals.v1", form.get_span_context(), same_side=False)
    assert [name for _, _, name, _ in shown(traces)] == ["POST /refer", "area.referrals.v1"]


def test_what_nobody_pressed_is_no_journey_and_memory_is_bounded(traces: Traces, work: Work) -> None:
    work.request("GET /referrals", "referral")
    for _ in range(WAITING + 5):
        work.request("reporting area.referrals.v1", "reporting")
    assert not traces.journeys
    for _ in range(JOURNEYS + 5):
        work.request("POST /refer", "referral")
    assert len(traces.journeys) == JOURNEYS
    assert len(traces._waiting) <= WAITING
    assert len(traces._of_trace) == JOURNEYS


async def test_pages_show_it_as_a_picture_and_as_a_table(traces: Traces, work: Work) -> None:
    form = work.request("POST /refer", "referral")
    work.handled("coaching area.referrals.v1", form, same_side=False)
    transport = httpx.ASGITransport(app=traces.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as http:
        listed = (await http.get("/")).text
        journey = next(iter(traces.journeys))
        assert f"/traces/{journey}" in listed
        page = (await http.get(f"/{journey}")).text
        assert page.count("<rect") == 2
        assert "→ area.referrals.v1" in page
        gone = await http.get("/0000000000000000")
        assert gone.status_code == 404
        assert "Jälkeä ei ole" in gone.text
