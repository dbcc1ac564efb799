"""Sign-in with OpenID Connect against the demo's issuer, sessions, and what a form or a program may do with them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from chassis import directory, sessions
from chassis.decisions import Refused
from chassis.sign_in import _signed_in_at
from contracts.events.directory import StaffListed
from tests.web_site import form_key, query, running, sign_in

COACH, MANAGER, COACH_TOO = "sanni-esimerkki", "leena-kokeilu", "juha-mallila"


@pytest.fixture(scope="module")
async def site(world):
    async with running(world) as site:
        yield site


async def rows(site, statement, **values):
    async with site.database.begin() as db:
        return (await db.execute(text(statement), values)).all()


async def test_a_page_without_session_leads_through_the_issuer_and_back(site):
    async with site.browser() as browser:
        answer = await sign_in(browser, COACH, "/coaching/cases?year=2026")
        assert answer.status_code == 200
        assert answer.url.path == "/coaching/cases"
        assert answer.url.query == b"year=2026"
        assert "Sanni Esimerkki, yksilövalmentaja" in answer.text
        assert "Lempäälän kunta" in answer.text


async def test_the_cookie_is_the_services_own_and_its_token_is_not_in_the_database(site):
    async with site.browser() as browser:
        wanted = await browser.get("/coaching/")
        assert wanted.headers["location"] == "/coaching/sign-in?to=%2F"
        await sign_in(browser, COACH)
        token = browser.cookies["yp_coaching"]
        begun = await browser.get("/coaching/sign-in")
        assert {"HttpOnly", "Path=/coaching", "SameSite=lax"} <= set(begun.headers["set-cookie"].split("; "))
        kept = await rows(site, "select encode(hash, 'hex') as hash from sessions")
        assert token not in str(kept)


async def test_each_sign_in_makes_a_new_session_and_ends_the_one_before(site):
    async with site.signed_in(COACH) as browser:
        first = browser.cookies["yp_coaching"]
        await sign_in(browser, COACH_TOO, "/coaching/sign-in")
        assert browser.cookies["yp_coaching"] != first
        async with site.database.begin() as db:
            assert await sessions.find(db, first) is None


async def test_a_sign_out_ends_the_session_for_whoever_kept_its_token(site):
    async with site.signed_in(COACH) as browser:
        token = browser.cookies["yp_coaching"]
        answer = await browser.post("/coaching/sign-out")
        assert answer.headers["location"] == "/coaching/signed-out"
        browser.cookies.set("yp_coaching", token, path="/coaching")
        assert (await browser.get("/coaching/")).status_code == 303


async def test_a_session_ends_after_half_an_hour_without_a_request(site, world):
    async with site.signed_in(COACH) as browser:
        world.clock.move(timedelta(minutes=20))
        assert (await browser.get("/coaching/")).status_code == 200
        world.clock.move(timedelta(minutes=20))
        assert (await browser.get("/coaching/")).status_code == 200
        world.clock.move(timedelta(minutes=31))
        assert (await browser.get("/coaching/")).status_code == 303


async def test_a_session_ends_after_eight_hours_of_work(site, world):
    async with site.signed_in(COACH) as browser:
        for _ in range(23):
            world.clock.move(timedelta(minutes=20))
            assert (await browser.get("/coaching/")).status_code == 200
        world.clock.move(timedelta(minutes=21))
        assert (await browser.get("/coaching/")).status_code == 303


async def test_sessions_of_whom_the_directory_dropped_end_at_once(site):
    async with site.signed_in(COACH_TOO) as browser:
        async with site.database.begin() as db:
            await directory.dropped(db, "lempaala:coach:coaching")
            await directory.dropped(db, COACH)
        assert (await browser.get("/coaching/")).status_code == 200
        async with site.database.begin() as db:
            await directory.dropped(db, COACH_TOO)
        assert (await browser.get("/coaching/")).status_code == 303


@pytest.mark.parametrize(("organisation", "roles", "status"), [
    ("lempaala", ("coach",), 200), ("lempaala", ("coach", "operator"), 200),
    ("lempaala", ("operator",), 303), ("vesilahti", ("coach",), 303),
])
async def test_whose_roles_the_directory_has_changed_signs_in_anew(site, organisation, roles, status):
    person = StaffListed(staff_id=COACH_TOO, name="Juha Mallila", organisation=organisation, roles=roles, language="fi")
    async with site.signed_in(COACH_TOO) as browser:
        async with site.database.begin() as db:
            await directory.listed(db, SimpleNamespace(data=person))
        assert (await browser.get("/coaching/")).status_code == status


async def test_an_answer_of_the_issuer_is_of_use_once_and_to_its_own_browser_alone(site):
    async with site.browser() as browser, site.browser() as thief:
        answer = await browser.get("/coaching/sign-in")
        answer = await browser.post(answer.headers["location"], data={"person": COACH})
        back = answer.headers["location"]
        assert query(answer).keys() == {"code", "state"}
        assert (await thief.get(back)).status_code == 400
        thief.cookies.set("yp_coaching_signing", "x" * 43, path="/coaching")
        assert (await thief.get(back)).status_code == 400
        assert (await browser.get(back)).status_code == 303
        again = await browser.get(back)
        assert again.status_code == 400
        assert "Kirjautuminen ei onnistunut" in again.text


async def test_a_code_without_its_verifier_is_refused_by_the_issuer(site):
    async with site.browser() as browser:
        answer = await browser.get("/coaching/sign-in")
        back = (await browser.post(answer.headers["location"], data={"person": COACH})).headers["location"]
        code = back.split("code=")[1].split("&")[0]
        stolen = await browser.post("/issuer/token", data={
            "grant_type": "authorization_code", "code": code, "client_id": "yhdyspinta-coaching",
            "redirect_uri": f"{site.address}/coaching/signed-in", "code_verifier": "x" * 64})
        assert stolen.status_code == 400


async def test_who_has_no_work_in_a_service_is_not_let_in(site):
    async with site.browser() as browser:
        answer = await sign_in(browser, "mikko-mallila")
        assert answer.status_code == 403
        assert "yp_coaching" not in browser.cookies


@pytest.mark.parametrize("to", ["//elsewhere.invalid/", "/\\elsewhere.invalid", "https://elsewhere.invalid/", "cases"])
async def test_a_sign_in_leads_nowhere_else(site, to):
    async with site.browser() as browser:
        answer = await sign_in(browser, COACH, f"/coaching/sign-in?to={to}")
        assert str(answer.url) == f"{site.address}/coaching/"


async def test_a_language_is_kept_for_the_account(site):
    async with site.signed_in(MANAGER) as browser:
        answer = await browser.post("/coaching/language", data={"language": "en", "to": "/"})
        assert answer.headers["location"] == "/coaching/"
        assert 'lang="en"' in (await browser.get("/coaching/")).text
    async with site.signed_in(MANAGER) as browser:
        assert 'lang="en"' in (await browser.get("/coaching/")).text


async def test_what_was_typed_outlives_the_session(site):
    async with site.signed_in(COACH) as browser:
        key = form_key(await browser.get("/coaching/attempts"))
        browser.cookies.clear()
        answer = await browser.post("/coaching/attempts", data={"form_key": key, "note": "Soitin <äidille>"})
        assert answer.status_code == 401
        assert 'name="note" value="Soitin &lt;äidille&gt;"' in answer.text
        assert f'name="form_key" value="{key}"' in answer.text


async def test_a_fresh_sign_in_is_asked_for_and_leads_back(site, world):
    async with site.signed_in(COACH) as browser:
        world.clock.move(timedelta(minutes=10))
        answer = await browser.get("/coaching/fresh")
        assert answer.headers["location"] == "/coaching/sign-in?again=1&to=%2Ffresh"
        answer = await browser.get(answer.headers["location"])
        assert query(answer)["prompt"] == "login"
        assert query(answer)["max_age"] == "0"
        assert (await sign_in(browser, COACH, "/coaching/fresh")).status_code == 200


@pytest.mark.parametrize("given", [None, True, "1772438400", float("nan"), -8 * 3600 - 120, 120])
def test_a_sign_in_without_a_time_of_the_last_hours_is_none(given):
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    told = given if not isinstance(given, int) or given is True else now.timestamp() + given
    with pytest.raises(Refused):
        _signed_in_at({"auth_time": told}, now, "leads")


def test_a_single_sign_on_of_this_morning_is_no_fresh_sign_in():
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert _signed_in_at({"auth_time": int(now.timestamp()) - 3600}, now, "leads") == now - timedelta(hours=1)
    assert _signed_in_at({"auth_time": int(now.timestamp()) + 30}, now, "leads") == now


async def test_a_session_counts_from_when_the_person_signed_in(site, world):
    async with site.browser() as browser:
        answer = await browser.get("/coaching/sign-in")
        assert query(answer)["max_age"] == str(8 * 3600)
        answer = await browser.post(answer.headers["location"], data={"person": COACH_TOO})
        chosen_at = world.clock().replace(microsecond=0)
        world.clock.move(timedelta(seconds=40))
        assert (await browser.get(answer.headers["location"])).status_code == 303
    (row,) = await rows(site, "select started_at from sessions where person = :person order by seen_at desc limit 1",
                        person=COACH_TOO)
    assert row.started_at == chosen_at


async def test_the_issuer_without_passwords_is_the_demos_alone(site, world):
    from chassis.settings import SettingsError
    from yhdyspinta.demo import issuer

    with pytest.raises(SettingsError):
        issuer.application(f"{site.address}/issuer", world.clock, demo=False)
    async with site.browser() as browser:
        asked = (await browser.get("/coaching/sign-in")).headers["location"]
        elsewhere = asked.replace("signed-in", "signed-in.elsewhere.invalid")
        assert (await browser.get(elsewhere)).status_code == 400
