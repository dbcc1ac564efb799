"""Dead letters handed to their service again, on a real broker: to it alone, once, as they were or corrected."""

import json

import orjson
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from chassis.decisions import Refused
from chassis.letters import Letters
from chassis.masking import masked
from chassis.policy import Principal
from contracts.fields import new_id
from services.reporting import fold
from services.reporting.app import PSEUDONYM_SECRET
from services.reporting.rebuild import rebuild
from tests.component.outsider import Outsider
from tests.waiting import until
from yhdyspinta import provision
from yhdyspinta.cli import app

OPERATOR = Principal("person", "niko-esimerkki", "Niko Esimerkki", "lempaalan-kehitys", frozenset({"operator"}))
VISITS, REPLAYS = "shared.visits.v1", "shared.leads-replay.v1"


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("leads", "reporting") as made:
        yield made


@pytest.fixture(scope="module")
def crm(world, running):
    return Outsider(world, "lempaalan-kehitys-crm", "leads")


@pytest.fixture
def letters(running):
    return Letters(running.services["leads"].database)


def visit(crm, **data):
    own = {"visit_id": new_id(), "organisation": "lempaalan-kehitys", "business_id": "1234567-1"}
    return crm.event("CompanyVisitPlanned", "business_id", own | data)


async def refused(crm, letters, mode="structured", **data):
    """An event that the service has refused, and its letter."""
    event = visit(crm, **data)
    await crm.send(event, mode)
    await crm.rejected(event["id"])
    return event, next(each for each in (await letters.page()).letters if each.event_id == event["id"])


def with_municipality(letter, code):
    content = json.loads(masked(letter.record.topic, letter.record.value, letter.record.headers).text)
    (content.get("data") or content)["municipality"] = code
    return json.dumps(content)


async def outcome(letters, number, wanted):
    async def came():
        letter = await letters.one(number)
        return letter if letter.replay and letter.replay.outcome == wanted else None

    return await until(came, 20, what=f"letter {number} {wanted}")


async def audited(running, number):
    async with running.services["leads"].database.begin() as db:
        found = await db.execute(text("select person, act from audit_log where about_type = 'dead-letter' and "
                                      "about_id = :number order by seq"), {"number": str(number)})
        return [tuple(row) for row in found]


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_a_corrected_letter_is_handled_by_its_service_alone(world, running, crm, letters, mode):
    event, letter = await refused(crm, letters, mode, municipality="lempala")
    assert (letter.reason, letter.replay) == ("unknown-code", None)
    intake = len(await world.records(crm.topic))

    await letters.replay(letter.number, OPERATOR, with_municipality(letter, "lempaala"))

    published = await crm.taken(VISITS, event["id"])
    assert published["data"] == {**event["data"], "municipality": "lempaala"}
    assert (await outcome(letters, letter.number, "handled")).replay.corrected
    assert len(await world.records(crm.topic)) == intake
    (replay,) = [r for r in await world.records(REPLAYS) if event["id"].encode() in (r.value or b"") + b"".join(
        v or b"" for _, v in r.headers)]
    assert replay.key == event["subject"].encode()
    assert await audited(running, letter.number) == [("niko-esimerkki", "change:replay-corrected")]


async def test_what_is_handed_over_twice_is_handled_once(crm, letters):
    event, letter = await refused(crm, letters, municipality="lempala")
    for _ in range(2):
        await letters.replay(letter.number, OPERATOR, with_municipality(letter, "lempaala"))
    await outcome(letters, letter.number, "handled")
    assert len(await crm.published(VISITS, event["id"])) == 1


async def test_what_is_refused_again_is_a_new_letter_that_names_the_old_one(crm, letters):
    event, letter = await refused(crm, letters, municipality="lempala")
    await letters.replay(letter.number, OPERATOR)
    again = (await outcome(letters, letter.number, "refused")).replay.again
    new = await letters.one(again)
    assert (new.replay_of, new.reason, new.event_id) == (letter.number, "unknown-code", event["id"])
    assert new.record.offset == letter.record.offset
    assert len(await crm.rejections(event["id"])) == 1  # its sender is told once

    await letters.replay(again, OPERATOR, with_municipality(new, "vesilahti"))
    await outcome(letters, again, "handled")
    assert (await crm.taken(VISITS, event["id"]))["data"]["municipality"] == "vesilahti"


async def test_what_the_intake_check_would_refuse_is_not_handed_over(world, running, crm, letters):
    _, letter = await refused(crm, letters, on="yesterday")
    before = len(await world.records(REPLAYS))
    for given in (None, with_municipality(letter, "LEMPÄÄLÄ")):
        with pytest.raises(Refused) as no:
            await letters.replay(letter.number, OPERATOR, given)
        assert no.value.refusal.code == "still-unfit"
        assert no.value.refusal.in_finnish()
    assert len(await world.records(REPLAYS)) == before
    assert await audited(running, letter.number) == []
    with pytest.raises(Refused) as no:
        await letters.one(10_000_000)
    assert no.value.refusal.status == 404


async def test_letters_are_paged_newest_first_and_found_by_reason_and_topic(crm, letters):
    for on in ("never", "ever"):
        await refused(crm, letters, on=on)
    seen, before = [], None
    while True:
        found = await letters.page(before=before, size=2)
        seen += [each.number for each in found.letters]
        if (before := found.older) is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == found.total
    assert {each.reason for each in (await letters.page(reason="invalid")).letters} == {"invalid"}
    assert (await letters.page(topic="shared.from-business-tampere-crm.v1")).letters == []


async def test_a_projection_folds_what_is_handed_to_it_again(world, running):
    """Reporting's figures: what its fold could not take, corrected, is in its tables once, in rebuilt
    ones too."""
    store = Letters(running.services["reporting"].database)
    event = visit(Outsider(world, "lempaalan-kehitys-crm", "leads")) | {"id": new_id()}
    event["data"] = {n: v for n, v in event["data"].items() if v is not None} | {"on": "unknown"}
    await world.send("leads", VISITS, event["subject"].encode(), orjson.dumps(event),
                     [("content-type", b"application/cloudevents+json")])

    async def there():
        return next((each for each in (await store.page()).letters if each.event_id == event["id"]), None)

    letter = await until(there, 20, what="reporting's dead letter")
    content = json.loads(masked(letter.record.topic, letter.record.value, letter.record.headers).text)
    content["data"]["on"] = "2026-03-12"
    await store.replay(letter.number, OPERATOR, json.dumps(content))
    await outcome(store, letter.number, "handled")
    async with running.services["reporting"].database.begin() as db:
        live = (await db.execute(text("select live from generation"))).scalar_one()
        found = await db.execute(text(f"select count(*) from {live}.visit_plans where visit_id = cast(:visit as uuid)"),
                                 {"visit": event["data"]["visit_id"]})
        assert found.scalar_one() == 1
    settings = world.settings("reporting")
    rebuilt = await rebuild(settings, world.clock, fold.pseudonym(settings.secret(PSEUDONYM_SECRET)), swap=False)
    assert rebuilt.rows > 0
    assert rebuilt.differences == {}


async def test_the_command_lists_shows_and_hands_over_without_a_name(world, crm, letters, monkeypatch, tmp_path):
    event, letter = await refused(crm, letters, municipality="lempala", company_name="Aino Esimerkki Oy")
    monkeypatch.setattr(provision, "settings_of", world.settings)

    async def command(*arguments):
        import asyncio

        return await asyncio.to_thread(CliRunner().invoke, app, ["dead-letters", *arguments])

    listed = json.loads((await command("list", "--service", "leads", "--json")).output)
    assert event["id"] in {each["event_id"] for each in listed}
    shown = await command("show", f"leads/{letter.number}", "--json")
    assert "Aino" not in shown.output
    assert "lempala" not in shown.output
    file = tmp_path / "corrected.json"
    file.write_text(with_municipality(letter, "lempaala"))
    done = await command("replay", f"leads/{letter.number}", "--corrected", str(file), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"service": "leads", "number": letter.number, "corrected": True}
    assert (await crm.taken(VISITS, event["id"]))["data"]["company_name"] == "Aino Esimerkki Oy"
    again = await command("replay", f"leads/{letter.number}", "--json")  # as it was: it is refused again, by leads
    assert json.loads(again.stdout) == {"service": "leads", "number": letter.number, "corrected": False}
    gone = await command("replay", "leads/99999", "--json")
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert "There is no such dead letter" in gone.stderr
    assert (await command("show", "nobody/1")).exit_code == 2
    assert (await command("show", "leads")).exit_code == 2
