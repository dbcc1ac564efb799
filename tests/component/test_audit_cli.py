"""`yhdyspinta audit` and `yhdyspinta keys`: what an operator sees of log and key store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from chassis import audit, audit_heads
from chassis.database import Database
from chassis.policy import system_of
from contracts.envelope import Event, type_of
from contracts.events.audit_heads import AuditHeadPublished
from contracts.fields import new_id
from tests.component.key_side import coaching_side, referral_id
from tests.stack import World
from yhdyspinta import audit_cli, keys_cli

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(audit_cli.provision, "settings_of", world.settings)
    app = typer.Typer()
    app.add_typer(audit_cli.app, name="audit")
    app.add_typer(keys_cli.app, name="keys")
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


async def written(world: World, service: str, count: int) -> tuple[int, str]:
    """Rows in a service's log; gives its head."""
    database = Database(world.settings(service), world.clock)
    for _ in range(count):
        async with database.begin() as db:
            await audit.read(db, "referral", new_id(), system_of("/shared/test"), "reveal")
    async with database.begin() as db:
        head = await audit.last(db.connection)
    await database.close()
    assert head
    return head


async def test_the_log_is_verified_with_the_heads_that_the_other_side_prints(
    world: World, run: Run, tmp_path: Path,
) -> None:
    seq, head = await written(world, "coaching", 3)
    told = AuditHeadPublished.model_validate({"service": "coaching", "seq": seq, "head": head, "at": world.clock()})
    referral = Database(world.settings("referral"), world.clock)
    async with referral.begin() as db:
        event = Event(new_id(), "/municipal/coaching", type_of(AuditHeadPublished), "coaching", told.at, told)
        await audit_heads.keep_head(db, event)
    await referral.close()

    printed = await run("audit", "heads", "referral", "--of", "coaching")
    assert [orjson.loads(line) for line in printed.stdout.splitlines()] == [
        {"service": "coaching", "seq": seq, "head": head}]
    kept = tmp_path / "heads"
    kept.write_text(printed.stdout)
    alone = await run("audit", "verify", "coaching")
    assert (alone.exit_code, "nobody's heads" in alone.output) == (0, True)
    compared = await run("audit", "verify", "coaching", "--heads", str(kept))
    assert (compared.exit_code, head in compared.output, str(kept) in compared.output) == (0, True, True)

    admin = await world.connect("coaching", "postgres")
    await admin.execute("delete from audit_log where seq = $1", seq)
    await admin.close()
    cut = await run("audit", "verify", "coaching", "--heads", str(kept))
    assert (cut.exit_code, f"the hash of row {seq}" in cut.output) == (1, True)
    assert (await run("audit", "verify", "coaching")).exit_code == 0


@pytest.mark.parametrize(("words", "sentence"), [
    (("audit", "verify", "nobody"), "There is no service nobody"),
    (("audit", "heads", "leads", "--of", "referral"), "leads keeps the heads of nobody"),
    (("audit", "heads", "coaching", "--of", "feedback"), "coaching keeps the heads of leads, notify, referral"),
    (("audit", "verify", "referral", "--heads", "/nowhere"), "/nowhere holds no heads"),
    (("keys", "rotate", "leads"), "leads has no key store"),
])
async def test_what_can_not_be_done_is_said(run: Run, words: tuple[str, ...], sentence: str) -> None:
    found = await run(*words)
    assert (found.exit_code, sentence in found.output) == (2, True), found.output


async def test_only_what_is_older_than_the_plans_retention_is_forgotten(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = world.clock()
    await written(world, "notify", 1)
    world.clock.move(timedelta(days=62))
    await written(world, "notify", 1)
    monkeypatch.setattr(audit_cli, "system_clock", lambda: began + timedelta(days=5 * 365))
    assert "Forgotten: nothing." in (await run("audit", "forget", "notify")).output
    monkeypatch.setattr(audit_cli, "system_clock", lambda: began + timedelta(days=5 * 365 + 40))
    assert f"Forgotten: {began:%Y-%m}." in (await run("audit", "forget", "notify")).output
    found = await run("audit", "verify", "notify")
    assert (found.exit_code, "from row 3 to row 4" in found.output) == (0, True), found.output


async def test_the_keys_are_rotated_by_a_command(world: World, run: Run) -> None:
    async with coaching_side(world) as side:
        key_id, _ = await side.make(referral_id())
        before = side.store.files.kek_file.read_bytes()
        found = await run("keys", "rotate", "coaching")
        assert (found.exit_code, "keys of coaching were rewritten" in found.output) == (0, True), found.output
        assert side.store.files.kek_file.read_bytes() != before
        await side.use(key_id)
