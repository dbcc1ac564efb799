"""Tokens of other systems: made, listed and revoked from the command line."""

import asyncio
import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from chassis import tokens
from chassis.database import Database
from yhdyspinta import tokens_cli


@pytest.fixture
async def database(world):
    database = Database(world.settings("coaching"), world.clock)
    yield database
    await database.close()


@pytest.fixture
def run(world, monkeypatch):
    monkeypatch.setattr(tokens_cli.provision, "settings_of", world.settings)
    monkeypatch.setattr(tokens_cli, "system_clock", world.clock)
    return lambda *words: asyncio.to_thread(CliRunner().invoke, tokens_cli.app, list(words))


async def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(run, database):
    made = await run("make", "coaching", "--name", "party", "--organisation", "lempaala", "--scope", "cases",
                     "--scope", "cases:read", "--days", "30")
    assert made.exit_code == 0, made.output
    text = made.stdout.splitlines()[0]
    async with database.begin() as db:
        who = await tokens.holder(db, text)
    assert (who.organisation, who.scopes) == ("lempaala", {"cases", "cases:read"})
    listed = await run("list", "coaching")
    assert who.id in listed.output
    assert text.split("_", 2)[2] not in listed.output
    (told,) = [each for each in json.loads((await run("list", "coaching", "--json")).output) if each["id"] == who.id]
    assert told["revoked_at"] is None
    assert (await run("revoke", "coaching", who.id)).exit_code == 0
    async with database.begin() as db:
        assert await tokens.holder(db, text) is None
    assert (await run("revoke", "coaching", who.id)).exit_code == 1


@pytest.mark.parametrize("words", [
    ("nowhere", "--name", "x", "--organisation", "lempaala", "--scope", "cases"),
    ("coaching", "--name", "x", "--organisation", "nobody", "--scope", "cases"),
    ("coaching", "--name", "x", "--organisation", "lempaala", "--scope", "Not A Code"),
])
async def test_what_cannot_be_is_said_in_a_sentence(run, words):
    refused = await run("make", *words)
    assert refused.exit_code == 2
    assert "yp_" not in refused.output


async def test_a_token_lives_a_year_at_most_and_its_secret_is_not_stored(database):
    async with database.begin() as db:
        with pytest.raises(ValueError, match="within a year"):
            await tokens.make(db, "party", "lempaala", ["cases"], db.now + timedelta(days=367))
        made, text = await tokens.make(db, "party", "lempaala", ["cases"], db.now + timedelta(days=366))
        assert (await tokens.holder(db, text)).id == made.id
        assert await tokens.holder(db, text[:-1] + ("a" if text[-1] != "a" else "b")) is None
        assert await tokens.holder(db, "yp_x_y") is None
        [row] = (await db.execute(tokens.table.select().where(tokens.table.c.id == made.id))).all()
        assert text.split("_", 2)[2].encode() not in row.hash
