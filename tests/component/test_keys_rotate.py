"""`yhdyspinta keys rotate`: whatever kills it, every key opens, and it goes on where it was."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.component.key_side import coaching_side, referral_id
from tests.stack import World
from yhdyspinta import keys_cli
from yhdyspinta.cli import app


async def test_a_rotation_that_is_killed_at_any_step_loses_no_key(world: World) -> None:
    told = json.dumps({n: str(v) if isinstance(v, Path) else v for n, v in asdict(world.settings("coaching")).items()})
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.component.rotation_killed", told, stdout=asyncio.subprocess.PIPE)
    output, _ = await program.communicate()
    assert program.returncode == 0
    done = json.loads(output)
    assert done["kills"] > 12
    assert done["kept"] == []


async def test_the_command_says_how_many_were_rewritten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_cli.provision, "settings_of", world.settings)
    async with coaching_side(world) as side:
        key_id, _ = await side.make(referral_id())
        done = await asyncio.to_thread(CliRunner().invoke, app, ["keys", "rotate", "coaching"])
        assert done.exit_code == 0, done.output
        assert "keys of coaching were rewritten, and the old key encryption key is erased." in done.output
        told = await asyncio.to_thread(CliRunner().invoke, app, ["keys", "rotate", "coaching", "--json"])
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout) == {"service": "coaching", "rewritten": int(done.output.split()[0])}
        await side.use(key_id)
    assert (await asyncio.to_thread(CliRunner().invoke, app, ["keys", "rotate", "leads"])).exit_code == 2
