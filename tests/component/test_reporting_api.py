"""What programs read: tables, figures with their definitions, CSV."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from chassis import tokens
from tests.component.reporting_side import OUTCOMES, Outcomes, day, figure, plan_year, send

YEAR = 2025


@pytest.fixture(scope="module")
async def program(world):
    """A program of Business Tampere with a token, and a year's figures."""
    world.clock.set(datetime(2026, 5, 4, 9, 0, tzinfo=UTC))
    async with world.running("reporting") as running:
        few = Outcomes("pointti")
        await send(world, "coaching", OUTCOMES, [*plan_year(YEAR), *(few.began(day(YEAR, n, 3)) for n in range(3))])
        await figure(world, f"services:{YEAR}:clients:service=coaching", 259)
        async with running.services["reporting"].database.begin() as db:
            _, token = await tokens.make(db, "power-bi", "business-tampere", ["figures:read"],
                                         db.now + timedelta(days=30))
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        transport = running.http._transport
        async with httpx.AsyncClient(transport=transport, base_url=f"{running.http.base_url}/reporting/api",
                                     headers=headers) as client:
            yield client


async def test_tables_say_what_their_measures_count(program):
    found = {t["table"]: t for t in (await program.get("/tables")).json()}
    services = found["services"]
    assert services["name"]["en"] == "services by residence"
    assert str(YEAR) in services["periods"]
    share = next(m for m in services["measures"] if m["measure"] == "outcome-share")
    assert (share["unit"], share["section"], share["adds_up_over"]) == ("percent", "3.2", [])
    assert "ServiceEnded" in share["sources"]
    assert share["definition"]["fi"].startswith("Osuus päättyneistä")
    costs = found["area-costs"]["measures"][0]
    assert (costs["unit"], costs["adds_up_over"]) == ("cents", ["time"])


async def test_figures_are_the_latest_of_each_cell_and_hidden_ones_say_so(program):
    answer = await program.get("/figures", params={"table": "services", "period": str(YEAR)})
    found = {(f["measure"], tuple(sorted(f["dimensions"].items()))): f for f in answer.json()["figures"]}
    clients = found["clients", (("service", "coaching"),)]
    assert (clients["value"], clients["suppressed"], clients["plan_year"]) == (259, False, YEAR)
    assert found["outcome-share", (("service", "coaching"),)]["value"] == 59.5
    hidden = found["began", (("service", "pointti"),)]
    assert (hidden["value"], hidden["suppressed"]) == (None, True)
    assert datetime.fromisoformat(clients["published_at"]).tzinfo


async def test_clients_are_told_of_years_alone(program):
    answer = await program.get("/figures", params={"table": "services", "period": f"{YEAR}-03"})
    assert {f["measure"] for f in answer.json()["figures"]} == {"began", "not-begun", "ended", "outcome-share"}


async def test_the_same_as_csv(program):
    answer = await program.get("/figures.csv", params={"table": "services", "period": str(YEAR)})
    lines = answer.text.splitlines()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert lines[0] == "table,period,measure,municipality,service,value,unit,suppressed,revision,published_at"
    assert any(line.startswith(f"services,{YEAR},outcome-share,,coaching,59.5,percent,false,") for line in lines)
    assert any(line.startswith(f"services,{YEAR},began,,pointti,,count,true,") for line in lines)


@pytest.mark.parametrize(("query", "status"), [
    ({"table": "services", "period": "1999"}, 404), ({"table": "no-such", "period": str(YEAR)}, 404),
    ({"table": "services", "period": "2025-13"}, 422), ({"table": "Services", "period": str(YEAR)}, 422),
    ({"table": "services"}, 422),
])
async def test_what_is_not_there_is_said(program, query, status):
    answer = await program.get("/figures", params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_token_nothing_is_told(program):
    assert (await program.get("/tables", headers={"Authorization": ""})).status_code == 401


async def test_the_description_names_every_route(program):
    described = (await program.get("/openapi.json")).json()["paths"]
    assert {"/api/tables", "/api/figures", "/api/figures.csv"} <= set(described)
