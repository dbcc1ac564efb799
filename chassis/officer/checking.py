"""Tarkista eheys: the whole chain is gone through beside the requests, one check at a time in a process.

Promise: a check reads and never blocks who writes; its result is a row of the log itself, so that every replica and
every later reader knows when it was verified last, by whom, and whether it held.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chassis import audit
from chassis.database import Database
from chassis.policy import Principal
from chassis.telemetry import name_of

log = logging.getLogger(__name__)
AT_ONCE = 1.5
"""Seconds that the one who asks waits for a short log's result."""
HOLDS, BROKEN = "holds", "broken"


@dataclass
class Checking:
    """The check of this process: under way, or how the last one ended."""

    rows: int = 0
    compared: int = 0
    result: audit.Verified | audit.Broken | None = None
    failed: bool = False
    task: "asyncio.Task[None] | None" = None

    @property
    def under_way(self) -> bool:
        return self.task is not None and not self.task.done()

    async def begin(self, database: Database, by: Principal, heads: Sequence[tuple[int, str]]) -> None:
        """Starts a check, unless one is under way; comes back when it is done, or soon."""
        if not self.under_way:
            self.rows, self.compared, self.result, self.failed = 0, len(heads), None, False
            self.task = asyncio.create_task(self._check(database, by, heads), name="audit check")
        if self.task:
            await asyncio.wait({self.task}, timeout=AT_ONCE)

    async def _check(self, database: Database, by: Principal, heads: Sequence[tuple[int, str]]) -> None:
        try:
            async with database.begin() as db:
                found = await audit.verify(db.connection, heads, self._seen)
            async with database.begin() as db:
                result = BROKEN if isinstance(found, audit.Broken) else HOLDS
                await audit.read(db, "audit", "log", by, "verify", result)
            self.result = found
        except Exception as fault:
            self.failed = True
            log.error("the audit log could not be verified: %s", name_of(fault))

    def _seen(self, rows: int) -> None:
        self.rows = rows
