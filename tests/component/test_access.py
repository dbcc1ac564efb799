"""Who may ask for what: every route of the real applications, as every role of the plan, against `docs/access.md`, and
never anything of somebody else's [SEC-1, SEC-2]."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text

from chassis import audit, audit_heads
from chassis.calendar import helsinki_day
from chassis.web.routes import table
from contracts.fields import new_id
from contracts.topics import SERVICES
from services.coaching.cases.store import cases
from services.coaching.meetings.store import invitations
from services.coaching.ohjaamo.store import visits
from services.coaching.pointti.store import period_places, tet_states
from services.referral.meetings.store import three_parties
from services.referral.meetings.three_party import Stage
from services.referral.work_trials.store import proposals
from tests.component import access_site
from tests.component.access_site import NOBODYS, OBJECTS, RULES, SAME_ORIGIN, Thing, organisations_of
from yhdyspinta.documents import access
from yhdyspinta.documents.access import ANYONE, PROGRAM, SIGNED_IN, Line

DOCUMENT = Path(__file__).parents[2] / access.FILE
WRITTEN = access.read(DOCUMENT.read_text())
LAST = "/sign-out"
"""Ends the session that all the other requests are made with."""
BESIDE_CASES = {"ohjaamo_visits", "period_places", "tets, casework", "invitations"}
BESIDE_REFERRALS = {"three_party_meetings", "work_trial_proposals"}
PARAMETER = re.compile(r"{([a-z_]+)}")


@pytest.fixture(scope="module")
async def site(world):
    made = await access_site.opened(world)
    yield made
    await access_site.closed(made)


def lines_of(service: str) -> list[Line]:
    return sorted([*WRITTEN["every service"], *WRITTEN[service]], key=lambda line: line.path == LAST)


def filled(path: str, **things: str) -> str:
    """The path with the ids of these things, and ids of nothing, in place of its parameters."""
    return PARAMETER.sub(lambda found: things.get(found[1]) or ("1" if found[1] == "number" else str(uuid4())), path)


def example(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """What the API's own description gives as an example of a body."""
    schema = components[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    if "examples" in schema:
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "properties" in schema:
        return {name: example(part, components) for name, part in schema["properties"].items()
                if name in schema.get("required", ())}
    return next((example(each, components) for each in schema.get("anyOf", ())), None)


def body_of(site, service: str, line: Line) -> Any:
    described = site.services[service].app.openapi()
    asked = described["paths"].get(line.path, {}).get(line.method.lower(), {}).get("requestBody")
    if asked is None:
        return {}
    return example(asked["content"]["application/json"]["schema"], described["components"]["schemas"])


def test_every_route_that_answers_has_its_line(site):
    built = {name: list(table(service.app)) for name, service in site.services.items()}
    assert access.read(access.written(built)) == WRITTEN, f"write {access.FILE} anew, and look at what changed"


def test_whatever_stands_in_a_path_has_an_owner_or_a_reason():
    named = {(service, name) for service in SERVICES for line in lines_of(service)
             for name in PARAMETER.findall(line.path)}
    assert named <= {*OBJECTS, *NOBODYS}, "say in access_site.py how one is made and whose it is"


def asking(service: str) -> Iterator[tuple[Line, str]]:
    """Who asks for each page: every role that a page of the service names, and in turn one of those that none names."""
    lines = [line for line in lines_of(service) if line.who != PROGRAM]
    named = sorted({role for line in lines for role in line.roles})
    strangers = cycle(sorted(RULES.roles.keys() - set(named)))
    for line in lines:
        for role in (*named, next(strangers)):
            yield line, role


@pytest.mark.parametrize("service", SERVICES)
async def test_each_role_opens_the_pages_of_the_table_and_no_others(site, service):
    wrong = []
    for line, role in asking(service):
        headers = await site.as_person(service, role, organisations_of(role)[0])
        answer = await site.ask(service, line.method, filled(line.path), headers)
        may = line.who in (ANYONE, SIGNED_IN) or role in line.roles
        if (answer.status_code == 403) is may or answer.status_code in (401, 500):
            wrong.append((role, line.method, line.path, answer.status_code))
    site.headers.clear()
    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_opens_anything_without_a_sign_in_or_a_token(site, service):
    wrong = []
    for line in lines_of(service):
        answer = await site.ask(service, line.method, filled(line.path), SAME_ORIGIN)
        if line.who == PROGRAM or (line.method != "GET" and line.who != ANYONE):
            right = answer.status_code == 401
        elif line.who == ANYONE:
            right = answer.status_code not in (401, 403, 500)
        else:
            right = answer.status_code == 303 and f"/{service}/sign-in" in answer.headers["location"]
        wrong += [] if right else [(line.method, line.path, answer.status_code)]
    assert wrong == []


@pytest.mark.parametrize("service", [name for name in SERVICES if any(t.who == PROGRAM for t in lines_of(name))])
async def test_a_token_opens_what_its_scope_says_and_a_person_nothing_of_the_api(site, service):
    lines = [line for line in lines_of(service) if line.who == PROGRAM]
    scopes = sorted({line.scope for line in lines})
    wrong = []
    officer = await site.as_person(service, "data-protection-officer", "tampere-region")
    for scope in [*scopes, "none-of-these"]:
        headers = await site.as_program(service, "lempaala", scope)
        for line in lines:
            answer = await site.ask(service, line.method, filled(line.path), headers)
            if (answer.status_code == 403) is (line.scope == scope) and answer.json().get("code") == "not-allowed":
                wrong.append((scope, line.method, line.path, answer.status_code))
            if answer.status_code in (401, 500) or (line.scope != scope and answer.status_code != 403):
                wrong.append((scope, line.method, line.path, answer.status_code))
    for line in lines:
        answer = await site.ask(service, line.method, filled(line.path), officer)
        wrong += [] if answer.status_code == 401 else [("person", line.method, line.path, answer.status_code)]
    assert wrong == []


async def whoever(site, service: str, line: Line) -> list[tuple[str, str, dict[str, str]]]:
    """Role, organisation and headers of all who may ask for a route at all."""
    if line.who == PROGRAM:
        return [("", o, await site.as_program(service, o, line.scope)) for o in ("lempaala", "vesilahti")]
    return [(role, o, await site.as_person(service, role, o)) for role in sorted(line.roles)
            for o in organisations_of(role)]


def somebody_elses(things: Sequence[Thing], role: str, organisation: str) -> list[Thing]:
    """Two things that are not theirs: another organisation's, if it can be of a service they work with, and one of
    their own organisation."""
    others = [thing for thing in things if not thing.is_of(role, organisation)]
    mine = [thing for thing in others if thing.organisation == organisation]
    foreign = sorted((thing for thing in others if thing.organisation != organisation),
                     key=lambda thing: thing.is_of(role, thing.organisation), reverse=True)
    return [*foreign[:1], *mine[:1]]


@pytest.mark.parametrize("service", sorted({service for service, _ in OBJECTS}))
async def test_what_is_somebody_elses_is_not_found_and_not_touched(site, service):
    wrong: list[Any] = []
    before = {thing: await site.looked_at(service, thing)
              for (name, _), things in site.things.items() if name == service for thing in things}
    for line in lines_of(service):
        for name in PARAMETER.findall(line.path):
            if (service, name) in NOBODYS:
                continue
            body = body_of(site, service, line) if line.who == PROGRAM else {}
            for role, organisation, headers in await whoever(site, service, line):
                for thing in somebody_elses(site.things[service, name], role, organisation):
                    path = filled(line.path, **{name: thing.id})
                    answer = await site.ask(service, line.method, path, headers, body)
                    nothing = answer if answer.status_code != 422 else await site.ask(
                        service, line.method, filled(line.path), headers, body)
                    refused_as_of_nothing = answer.status_code == nothing.status_code == 422 and (
                        nothing.headers["content-type"] == "application/problem+json"
                        and nothing.json()["code"] == answer.json()["code"])
                    if answer.status_code != 404 and not (
                        refused_as_of_nothing or leads_back(answer, service, path)
                    ):
                        wrong.append((role, organisation, line.method, line.path, thing, answer.status_code))
    assert wrong == []
    assert {thing: await site.looked_at(service, thing) for thing in before} == before


def leads_back(answer, service: str, path: str) -> bool:
    """Whether an address that shows nothing sends its reader on to the thing's own page, as it does of any id."""
    return answer.status_code == 303 and f"/{service}{path}".startswith(answer.headers["location"].rstrip("/") + "/")


@pytest.mark.parametrize("service", sorted({service for service, _ in OBJECTS}))
async def test_what_is_ones_own_is_found(site, service):
    found = set()
    for line in lines_of(service):
        for name in PARAMETER.findall(line.path):
            if line.method != "GET" or (service, name) in NOBODYS:
                continue
            for role, organisation, headers in await whoever(site, service, line):
                for thing in site.things[service, name]:
                    if thing.is_of(role, organisation):
                        answer = await site.ask(service, line.method, filled(line.path, **{name: thing.id}), headers)
                        if answer.status_code in (200, 303):
                            found.add(name)
    assert found == {name for of, name in OBJECTS if of == service}


async def test_a_client_is_told_what_meetings_and_courses_keep_too(site):
    """In every table of theirs, once there is a row of the client's [GDPR 15; SEC-10]."""
    (case,) = [each for each in site.things["coaching", "case_id"] if each.service == "pointti"]
    (group,), (referral,) = site.things["coaching", "group_id"], site.things["referral", "referral_id"]
    assert await places_held(site, "coaching", case, "cases") & BESIDE_CASES == set()
    assert await places_held(site, "referral", referral, "referrals") & BESIDE_REFERRALS == set()
    async with site.services["coaching"].database.begin() as db:
        known = (await db.execute(select(cases.c.referral_id).where(cases.c.case_id == case.id))).scalar_one()
        await db.execute(insert(visits).values(
            visit_id=new_id(), case_id=case.id, on=helsinki_day(db.now), at=db.now, ohjaamo="lempaala", topic="other",
            received_by="minna-kokeilu"))
        await db.execute(insert(period_places).values(
            period_id=new_id(), group_id=group.id, case_id=case.id, state="left"))
        await db.execute(insert(tet_states).values(
            case_id=case.id, tet_id=new_id(), state="over", changed_at=db.now))
        await db.execute(insert(invitations).values(
            id=new_id(), kind="job-search-talk", referral_id=known, organisation="lempaala", role="workshop-instructor",
            case_manager="mikko-mallila", starts_at=db.now, ends_at=db.now, place="remote", invited_at=db.now,
            stage="answered"))
    async with site.services["referral"].database.begin() as db:
        await db.execute(insert(three_parties).values(
            id=new_id(), referral_id=referral.id, coach="sanni-esimerkki", proposed=[], asked_at=db.now,
            changed_at=db.now, stage=Stage.DECLINED))
        await db.execute(insert(proposals).values(
            id=new_id(), referral_id=referral.id, proposed_at=db.now, workplace_kind="municipality",
            starts_on=helsinki_day(db.now), ends_on=helsinki_day(db.now), sent_by="sanni-esimerkki"))
    assert await places_held(site, "coaching", case, "cases") >= BESIDE_CASES
    assert await places_held(site, "referral", referral, "referrals") >= BESIDE_REFERRALS


@pytest.mark.parametrize(("service", "role", "about", "kind"), [
    ("coaching", "employment-and-integration-manager", "case", "respond-to-referral"),
    ("referral", "service-supervisor", "referral", "settle-return")])
async def test_what_is_late_elsewhere_is_handed_over_by_nobody_here(site, service, role, about, kind):
    """One's own organisation's is found, so that nobody's id alone is what hides another's [SEC-1]."""
    side, here = ("municipal", "lempaala") if service == "coaching" else ("area", "tampere-region")
    headers, found = await site.as_person(service, role, here), {}
    for organisation in (here, "vesilahti"):
        id_ = new_id()
        async with site.services[service].database.begin() as db:
            late = {"obligation_id": id_, "side": side, "kind": kind, "about_type": about, "about_id": new_id(),
                    "owner_organisation": organisation, "owner_role": "coach", "escalate_organisation": here,
                    "escalate_role": role, "opened_at": db.now - timedelta(days=9),
                    "due_at": db.now - timedelta(days=2)}
            await db.execute(text(f"insert into obligations ({', '.join(late)}) "  # noqa: S608
                                  f"values ({', '.join(f':{name}' for name in late)})"), late)
        found[organisation] = [
            (await site.ask(service, method, f"/late/{id_}", headers, {"owner": "sanni-esimerkki"})).status_code
            for method in ("GET", "POST")]
    assert found == {here: [200, 422], "vesilahti": [404, 404]}


async def places_held(site, service: str, thing: Thing, path: str) -> set[str]:
    officer = await site.as_person(service, "data-protection-officer", thing.organisation)
    answer = await site.ask(service, "GET", f"/{path}/{thing.id}/data.json", officer)
    assert answer.status_code == 200, answer.text
    return {each["where"] for each in answer.json()["held"]}


# --- the audit log, which shows each officer their own organisation's rows


async def rows_of(site, organisation: str, **asked: str) -> list[dict[str, str]]:
    officer = await site.as_person("coaching", "data-protection-officer", organisation)
    answer = await site.http.get("/coaching/audit.csv", params=asked, headers=officer | {"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("﻿")), delimiter=";"))


async def test_an_officer_searches_what_concerns_their_own_organisation(site):
    records = {organisation: {thing.id for things in (site.things["coaching", "case_id"],
                                                      site.things["coaching", "referral_id"])
                              for thing in things if thing.organisation == organisation}
               for organisation in ("lempaala", "vesilahti")}
    seen = {organisation: {row["about_id"] for row in await rows_of(site, organisation)} for organisation in records}
    assert seen["lempaala"] & records["lempaala"]
    assert seen["vesilahti"] & records["vesilahti"]
    assert not seen["lempaala"] & records["vesilahti"]
    assert not seen["vesilahti"] & records["lempaala"]

    (case,) = [thing for thing in site.things["coaching", "case_id"] if thing.organisation == "vesilahti"
               and thing.service == "outreach"]
    worker = await site.as_person("coaching", "outreach-worker", "vesilahti")
    assert (await site.ask("coaching", "GET", f"/cases/{case.id}", worker)).status_code == 200
    row, *_ = await rows_of(site, "vesilahti", about=case.id, act="read:case")
    assert (row["person"], row["organisation"]) == ("outreach-worker-vesilahti", "vesilahti")
    assert await rows_of(site, "vesilahti", about=row["number"], person="outreach-worker-vesilahti", since="2.3.2026")
    assert await rows_of(site, "vesilahti", about=case.id, until="1.3.2026") == []
    assert await rows_of(site, "lempaala", about=case.id) == []
    newest, *_ = await rows_of(site, "vesilahti", about=case.id)
    assert newest["act"] == "read:search"


async def test_an_officer_checks_that_the_log_is_whole_against_the_hashes_of_the_other_side(site):
    officer = await site.as_person("coaching", "data-protection-officer", "lempaala")

    async def checked(heads: str = "") -> str:
        files = {"heads": ("heads.jsonl", heads.encode())} if heads else None
        answer = await site.http.post("/coaching/audit/check", headers=officer, files=files,
                                      data={"form_key": str(uuid4())})
        return answer.text if answer.status_code != 303 else (
            await site.http.get("/coaching/audit", headers=officer)).text

    assert "Loki on eheä:" in await checked()
    assert "Tarkistettu viimeksi" in (await site.http.get("/coaching/audit", headers=officer)).text
    async with site.services["coaching"].database.begin() as db:
        seq, head = await audit.last(db.connection)
    assert "Verrattu 1 tiivisteeseen" in await checked(audit_heads.lines("coaching", [(seq, head)]))
    assert "Tiedostossa ei ole tämän lokin tiivisteitä" in await checked("nothing of the kind")
    assert f"Loki ei ole eheä rivillä {seq}" in await checked(audit_heads.lines("coaching", [(seq, "0" * 64)]))
