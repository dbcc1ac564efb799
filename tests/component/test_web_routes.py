"""What each route of a service does before, around and after its handler: policy, once only, problems, limits."""

import asyncio
import json

import pytest
from sqlalchemy import text

from chassis import idempotency, tokens
from tests.web_site import form_key, running

COACH, PLANNER = "sanni-esimerkki", "heli-esimerkki"
BODY = {"name": "talking", "on": "2026-03-02"}


@pytest.fixture(scope="module")
async def site(world):
    async with running(world) as site:
        yield site


def key(value):
    return {"Idempotency-Key": f"key-{value:08}"}


async def parts():
    for _ in range(80):
        yield b"x" * 1024


async def test_a_role_opens_its_pages_and_no_others(site):
    async with site.signed_in(PLANNER) as browser:
        answer = await browser.get("/coaching/cases")
        assert answer.status_code == 403
        assert "Ei kuulu oikeuksiisi" in answer.text
        assert "Saapuneet" not in (await browser.get("/coaching/")).text
    async with site.signed_in(COACH) as browser:
        assert "Saapuneet" in (await browser.get("/coaching/")).text


async def test_a_form_from_elsewhere_is_refused(site):
    async with site.signed_in(COACH) as browser:
        data = {"form_key": form_key(await browser.get("/coaching/attempts")), "on": "2026-03-02", "how": "call"}
        for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
            assert (await browser.post("/coaching/attempts", data=data, headers=headers)).status_code == 403
        del browser.headers["sec-fetch-site"]
        assert (await browser.post("/coaching/attempts", data=data)).status_code == 403
        elsewhere = {"origin": "http://elsewhere.invalid"}
        assert (await browser.post("/coaching/attempts", data=data, headers=elsewhere)).status_code == 403
        own = {"origin": site.address}
        assert (await browser.post("/coaching/attempts", data=data, headers=own)).status_code == 303


async def test_pages_take_no_token_and_the_api_no_cookie(site):
    async with site.signed_in(COACH) as browser:
        answer = await browser.post("/coaching/api/things", json=BODY, headers=key(1))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    async with site.system("things") as program:
        assert (await program.get("/coaching/cases")).status_code == 303


async def test_a_token_opens_what_its_scope_says(site):
    async with site.system("other") as program:
        answer = await program.post("/coaching/api/things", json=BODY, headers=key(1))
        assert answer.status_code == 403
        assert answer.json()["code"] == "not-allowed"
    async with site.system("things") as program:
        answer = await program.post("/coaching/api/things", json=BODY, headers=key(1))
        assert answer.status_code == 201


async def test_a_revoked_or_ended_token_opens_nothing(site, world):
    async with site.system("things") as program:
        assert (await program.get("/coaching/api/things/1")).status_code == 200
        identity = program.headers["authorization"].split("_")[1]
        async with site.database.begin() as db:
            assert await tokens.revoke(db, identity)
            assert not await tokens.revoke(db, identity)
        assert (await program.get("/coaching/api/things/1")).status_code == 401


async def test_a_command_sent_twice_happens_once(site):
    async with site.system("things") as program:
        first = await program.post("/coaching/api/things", json=BODY, headers=key(2))
        count = len(site.happened.commands)
        again = await program.post("/coaching/api/things", json=BODY, headers=key(2))
        assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
        assert again.json() == {"id": first.json()["id"]}
        assert again.headers["idempotency-replayed"] == "true"
        assert len(site.happened.commands) == count


async def test_the_same_key_with_another_body_is_refused(site):
    async with site.system("things") as program:
        await program.post("/coaching/api/things", json=BODY, headers=key(3))
        other = await program.post("/coaching/api/things", json={**BODY, "name": "else"}, headers=key(3))
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_command_without_a_key_is_told_to_bring_one(site):
    async with site.system("things") as program:
        answer = await program.post("/coaching/api/things", json=BODY)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-needed")


async def test_the_same_command_at_the_same_time_happens_once(site):
    async with site.system("things") as program:
        count = len(site.happened.commands)
        answers = await asyncio.gather(*[
            program.post("/coaching/api/things", json=BODY, headers=key(4)) for _ in range(8)])
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len(site.happened.commands) == count + 1


async def test_a_refused_command_may_be_sent_again_with_its_key(site):
    async with site.system("things") as program:
        broken = {**BODY, "name": "broken"}
        for _ in range(2):
            assert (await program.post("/coaching/api/things", json=broken, headers=key(5))).status_code == 404
    async with site.database.begin() as db:
        kept_as = idempotency.hash_of(db.settings, b"key-00000005").hex()
        kept = await db.execute(text("select 1 from idempotency where key = :key"), {"key": kept_as})
        assert kept.all() == []


async def test_a_key_is_forgotten_after_a_day(site, world):
    from datetime import timedelta

    async with site.database.begin() as db:
        one = idempotency.Request("p", "POST /x", "key-6", b"body")
        await idempotency.finish(db, one, idempotency.Answer(204, None))
        assert await idempotency.begin(db, one) == idempotency.Answer(204, None)
    world.clock.move(timedelta(hours=25))
    async with site.database.begin() as db:
        assert await idempotency.begin(db, one) is None
    await idempotency.forget(site.database)
    async with site.database.begin() as db:
        assert (await db.execute(text("select count(*) from idempotency"))).scalar_one() == 0


async def test_a_double_press_does_one_thing(site):
    async with site.signed_in(COACH) as browser:
        data = {"form_key": form_key(await browser.get("/coaching/attempts")), "on": "2.3.2026", "how": "call"}
        count = len(site.happened.attempts)
        answers = await asyncio.gather(*[browser.post("/coaching/attempts", data=data) for _ in range(4)])
        assert {(a.status_code, a.headers["location"]) for a in answers} == {(303, "/coaching/cases")}
        assert len(site.happened.attempts) == count + 1
        shown = await browser.get("/coaching/cases")
        assert "Yritys on kirjattu." in shown.text
        assert "Yritys on kirjattu." not in (await browser.get("/coaching/cases")).text
        changed = await browser.post("/coaching/attempts", data={**data, "how": "text-message"})
        assert changed.status_code == 409
        assert "on jo lähetetty" in changed.text


async def test_a_wrong_form_keeps_what_was_typed_and_says_what_to_do(site):
    async with site.signed_in(COACH) as browser:
        data = {"form_key": form_key(await browser.get("/coaching/attempts")), "on": "31.2.2026", "how": "call",
                "times": "kaksi", "note": "Soitin\r\nkahdesti \u202e", "days": ["mon"]}
        count = len(site.happened.attempts)
        answer = await browser.post("/coaching/attempts", data=data)
        assert answer.status_code == 422
        assert "Korjaa 3 kohtaa ja lähetä uudelleen" in answer.text
        assert 'href="#field-times">Kuinka monta kertaa? Kirjoita luku yhdestä yhdeksään.</a>' in answer.text
        assert "Kirjoita päivä, esimerkiksi 24.11.2026." in answer.text
        assert 'value="31.2.2026"' in answer.text
        assert 'value="kaksi"' in answer.text
        assert "Soitin\nkahdesti" in answer.text
        assert 'value="call" checked' in answer.text
        assert "\u202e" not in answer.text
        assert len(site.happened.attempts) == count


async def test_a_problem_names_fields_and_prints_no_value(site):
    async with site.system("things") as program:
        body = {"name": "CANARY 4711", "on": "canary", "canary@here": 1}
        answer = await program.post("/coaching/api/things", json=body, headers={**key(7), "accept-language": "en"})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == "invalid"
        assert {(e["pointer"], e["code"]) for e in problem["errors"]} == {
            ("/name", "string_pattern_mismatch"), ("/on", "date_from_datetime_parsing"), ("", "extra_forbidden")}
        assert "canary" not in answer.text.lower()
        assert problem["detail"] == "Correct the fields that are named and send again."
        finnish = await program.post("/coaching/api/things", json=body, headers=key(7))
        assert finnish.json()["detail"] == "Korjaa nimetyt kohdat ja lähetä uudelleen."


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/cases/not-a-number", 404), ("/cases/4", 404)])
async def test_what_is_not_there_is_not_found(site, path, status):
    async with site.signed_in(COACH) as browser:
        answer = await browser.get(f"/coaching{path}")
        assert answer.status_code == status
        assert "Viite tukea varten" in answer.text
    async with site.system("things") as program:
        assert (await program.get(f"/coaching/api{path}")).json()["code"] == "not-found"


async def test_what_nobody_expected_is_logged_without_its_text(site, caplog):
    async with site.signed_in(COACH) as browser:
        answer = await browser.get("/coaching/broken")
    assert answer.status_code == 500
    assert "canary-4711" not in answer.text + caplog.text
    reference = answer.text.split("Viite tukea varten: ")[1][:8]
    assert reference in caplog.text
    assert "ValueError at web_site.py" in caplog.text


async def test_bodies_depth_and_rates_have_limits(site):
    async with site.system("things") as program:
        large = await program.post("/coaching/api/things", content=b"x" * 65_537, headers=key(8))
        assert large.status_code == 413
        assert large.json()["code"] == "too-large"
        endless = await program.post("/coaching/api/things", content=parts(), headers=key(8))
        assert endless.json()["code"] == "too-large"
        deep = json.dumps({**BODY, "inner": json.loads("[" * 10 + "]" * 10)})
        headers = {**key(9), "content-type": "application/json"}
        answer = await program.post("/coaching/api/things", content=deep, headers=headers)
        assert answer.json()["code"] == "too-deep"
    async with site.signed_in(COACH) as browser:
        statuses = []
        while 429 not in statuses and len(statuses) < 600:  # each second that this takes allows one more
            statuses += [a.status_code for a in await asyncio.gather(*(browser.post("/coaching/language")
                                                                       for _ in range(20)))]
        assert statuses.count(303) >= 58
        assert 429 in statuses


async def test_every_answer_shuts_the_browsers_doors(site):
    async with site.signed_in(COACH) as browser:
        for answer in (await browser.get("/coaching/"), await browser.get("/coaching/none"),
                       await browser.get("/issuer/authorize")):
            assert answer.headers["content-security-policy"] == (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
                "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
        page = await browser.get("/coaching/")
        style = page.text.split('rel="stylesheet" href="')[2].split('"')[0]
        kept = await browser.get(style)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "set-cookie" not in (await browser.get("/coaching/open")).headers


async def test_another_host_name_is_not_answered(site):
    async with site.browser() as browser:
        for path in ("/coaching/open", "/issuer/authorize"):
            answer = await browser.get(path, headers={"host": "elsewhere.invalid"})
            assert answer.status_code == 421


async def test_a_public_page_sees_no_session(site):
    async with site.signed_in(COACH) as browser:
        answer = await browser.get("/coaching/open")
        assert "Sanni" not in answer.text
        swedish = await browser.get("/coaching/accessibility?lang=sv")
        assert "Tillgänglighetsutlåtande" in swedish.text


async def test_what_was_read_stays_in_the_audit_log_when_the_answer_is_an_error(site):
    async with site.signed_in(COACH) as browser:
        assert (await browser.post("/coaching/reveal")).status_code == 409
    async with site.database.begin() as db:
        found = await db.execute(text("select person, act from audit_log where about_id = '2026-0412'"))
        assert found.all() == [(COACH, "read:show-contact")]


async def test_a_part_of_a_page_goes_quiet_when_the_session_is_over(site):
    async with site.browser() as browser:
        part = {"hx-request": "true"}
        own = {**part, "hx-current-url": f"{site.address}/coaching/"}
        other = {**part, "hx-current-url": f"{site.address}/leads/"}
        answer = await browser.get("/coaching/", headers=own)
        assert (answer.status_code, answer.headers["hx-trigger"]) == (204, "session-over")
        assert "hx-trigger" not in (await browser.get("/coaching/", headers=other)).headers


async def test_the_api_describes_itself(site):
    async with site.browser() as browser:
        described = (await browser.get("/coaching/api/openapi.json")).json()
    made = described["paths"]["/api/things"]["post"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in made["parameters"]
    assert made["security"] == [{"bearer": ["things"]}]
    assert made["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert set(described["paths"]) == {"/api/things", "/api/things/{number}"}
