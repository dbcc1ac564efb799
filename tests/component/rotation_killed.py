"""`keys rotate`, killed at each step in turn: a program of `test_keys_rotate`.

`python -m tests.component.rotation_killed SETTINGS` forks a rotation that ends by SIGKILL at its first touch of the
disk, one that ends at its second, and so on until one comes to its end. After each it reads every key, lets the
rotation go on to its end, and looks for the old key encryption key.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from chassis.clock import system_clock
from chassis.database import Database
from chassis.key_sweeper import open_place, rotate
from chassis.keys import key_store
from chassis.settings import Settings
from tests.component.key_side import Side, referral_id
from tests.component.key_storm import settings_from

TOUCHES = ("fsync", "link", "unlink", "rename")


def forked(settings: Settings, step: int) -> bool:
    """Whether a rotation came to its end before the step at which it would be killed."""
    child = os.fork()
    if not child:
        left = [step]
        for name in TOUCHES:
            setattr(os, name, dying(getattr(os, name), left))
        code = 1
        try:
            asyncio.run(rotated(settings))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == 0


def dying(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def touch(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)

    return touch


async def rotated(settings: Settings) -> None:
    database = Database(settings, system_clock)
    await rotate(database, key_store(settings))
    await database.close()


async def made(settings: Settings) -> tuple[str, str]:
    """A new key: its id and referral."""
    side = Side(Database(settings, system_clock), key_store(settings))
    await open_place(side.database, side.store)
    referral = referral_id()
    key_id, _ = await side.make(referral)
    await side.database.close()
    return key_id, referral


async def readable(settings: Settings, keys: dict[str, str]) -> None:
    """Every key opens."""
    side = Side(Database(settings, system_clock), key_store(settings))
    await open_place(side.database, side.store)
    for key_id in keys:
        secret = await side.use(key_id)  # type: ignore[arg-type] # an id
        assert json.loads(secret.reveal())["d"]
    await side.database.close()


def main(settings: Settings) -> dict[str, Any]:
    keys = dict(asyncio.run(made(settings)) for _ in range(3))
    kek, kept, ended, steps = settings.secrets / "key-encryption.key", list[str](), False, 0
    assert settings.keys is not None
    while not ended:
        steps += 1
        old = kek.read_bytes()
        ended = forked(settings, steps)
        if steps in (3, 8):  # one is made while a rotation is broken off
            keys.update([asyncio.run(made(settings))])
        asyncio.run(readable(settings, keys))
        asyncio.run(rotated(settings))
        kept += [f.name for at in (settings.secrets, settings.keys) for f in at.iterdir() if old in f.read_bytes()]
    asyncio.run(readable(settings, keys))
    kept += [f.name for f in settings.secrets.iterdir() if f.name.endswith(".next")]
    return {"kills": steps - 1, "kept": kept}


if __name__ == "__main__":
    print(json.dumps(main(settings_from(sys.argv[1]))))
