"""The contract as pages: every event has one, in both languages, and every document can be fetched."""

import httpx
import pytest

from contracts import documents
from contracts.schema import models
from contracts.topics import TOPICS
from yhdyspinta import events
from yhdyspinta.serve import compose


@pytest.fixture(scope="module")
def http() -> httpx.AsyncClient:
    app = compose([], {}, events.Pages().routes())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1")


async def test_every_topic_and_every_event_is_told(http: httpx.AsyncClient) -> None:
    page = (await http.get("/events/")).text
    assert 'lang="fi"' in page
    for topic in TOPICS.values():
        assert (f'id="{topic.name}"' in page) is not topic.dead_letters
    for name in models():
        assert f'href="/events/{name}?lang=fi"' in page
        for language, word in (("fi", "Pakollinen"), ("en", "Needed")):
            answer = await http.get(f"/events/{name}?lang={language}")
            assert answer.status_code == 200
            assert word in answer.text


async def test_an_event_tells_what_a_vendor_needs(http: httpx.AsyncClient) -> None:
    page = (await http.get("/events/CompanyVisitPlanned.v1")).text
    for text in ("fi.yhdyspinta.CompanyVisitPlanned.v1", "{business_id}", "shared.from-lempaalan-kehitys-crm.v1",
                 "kyllä", "<td>recruiting</td>", "UUID pienin kirjaimin",
                 "/events/schemas/CompanyVisitPlanned.v1.json", "Esimerkki Oy"):
        assert text in page, text
    assert "<code>residents/*/municipality</code>" in (await http.get("/events/ClientSituationReported.v1")).text
    missing = await http.get("/events/Nothing.v1")
    assert (missing.status_code, "Tällaista sanomaa ei ole" in missing.text) == (404, True)


async def test_the_documents_are_those_of_the_repository_and_refer_to_each_other_here(http: httpx.AsyncClient) -> None:
    described = await http.get("/events/asyncapi.yaml")
    assert described.content == (documents.FOLDER / "asyncapi.yaml").read_bytes()
    assert (await http.get("/events/codes.json")).json() == documents.codes()
    for name in models():
        for folder in ("schemas", "examples"):
            answer = await http.get(f"/events/{folder}/{name}.json")
            assert answer.content == (documents.FOLDER / folder / f"{name}.json").read_bytes()


async def test_nothing_on_it_comes_from_elsewhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/events/CaseOpened.v1")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "<script" not in answer.text
