"""A service's database: SQLAlchemy Core on asyncpg, one transaction a command or event, Alembic migrations.

Promise: what happens in one `Database.begin()` block commits whole or not at all, its audit rows written
last. No value of a statement reaches a log or an error (`hide_parameters`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import CursorResult, Executable, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from chassis import audit
from chassis.calendar import helsinki_day
from chassis.clock import Clock
from chassis.settings import Settings, SettingsError
from contracts import plan as plans
from contracts.envelope import Event
from contracts.plan import Plan

if TYPE_CHECKING:
    from chassis.dead_letter import Record
    from chassis.keys import KeyStore

log = logging.getLogger(__name__)

STATEMENT_TIMEOUT_MS = 5_000
TRANSIENT = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58")
"""SQLSTATE classes of faults that pass: connection, read-only server, password, database, rollback, resources, lock
or closed database, operator, system."""
SET_UP = ("42501", "42P01")
"""SQLSTATE of a missing right or table: an operator mends it, and nothing is wrong with what is handled."""
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass
class Session:
    """One connection in one transaction, at one instant.

    `cause` is the event being handled, if one is: what is published meanwhile carries its ids on. `record` is
    the Kafka record it came in.
    """

    connection: AsyncConnection
    database: "Database"
    now: datetime
    cause: Event[Any] | None = None
    record: "Record | None" = None
    audit_rows: list["audit.Row"] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.database.settings.service

    @property
    def settings(self) -> Settings:
        return self.database.settings

    @property
    def plan(self) -> Plan:
        """The action plan in force today."""
        return plans.on(self.today)

    @property
    def today(self) -> date:
        """The day of this instant in Helsinki."""
        return helsinki_day(self.now)

    @property
    def keys(self) -> "KeyStore":
        """The service's key store (referral and coaching alone)."""
        if self.database.keys is None:
            raise LookupError(f"{self.service} has no key store")
        return self.database.keys

    async def lock(self, name: str) -> None:
        """Waits until nobody else in this database has the name; it is this transaction's until it ends."""
        await self.execute(_LOCK, {"name": name})

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return await self.connection.execute(statement, parameters)

    @contextmanager
    def handling(self, cause: Event[Any], record: "Record") -> Iterator[None]:
        """Within the block another event is handled, in the same transaction."""
        before = self.cause, self.record
        self.cause, self.record = cause, record
        try:
            yield
        finally:
            self.cause, self.record = before


class Database:
    """Pool of a service's connections under its own role (DML)."""

    def __init__(self, settings: Settings, clock: Clock, *, pool: int = 8) -> None:
        self.settings, self.clock = settings, clock
        self.keys: KeyStore | None = None
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://", async_creator=self.connect, hide_parameters=True,
            pool_size=pool, max_overflow=pool, pool_timeout=10, pool_pre_ping=False,
        )
        event.listen(self.engine.sync_engine, "handle_error", _without_values)

    async def connect(self, *, timeout_ms: int = STATEMENT_TIMEOUT_MS, **more: Any) -> asyncpg.Connection:
        """A bare asyncpg connection; `timeout_ms` 0 for those that wait for locks."""
        return await asyncpg.connect(
            **self.settings.database(), timeout=10, **more,
            server_settings={"application_name": self.settings.service, "statement_timeout": str(timeout_ms)},
        )

    @asynccontextmanager
    async def begin(
        self, cause: Event[Any] | None = None, record: "Record | None" = None
    ) -> AsyncIterator[Session]:
        """One transaction: commits at the end of the block, rolls back when it raises."""
        async with self.engine.begin() as connection:
            db = Session(connection, self, self.clock(), cause, record)
            yield db
            if db.audit_rows:
                await audit.write(db)

    async def wait_for_schema(self, folder: Path) -> None:
        """Returns once the server answers and the schema is at the code's own version; says what it waits for."""
        wanted, pause, said = head_of(folder), 0.2, ""
        while True:
            missing = await self.schema_missing(wanted)
            if missing is None:
                return
            if missing != said:
                log.warning("%s waits: %s", self.settings.service, missing)
                said = missing
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 3)

    async def schema_missing(self, wanted: str | None) -> str | None:
        """What keeps the schema from being at a version, as the rest of a sentence; None when nothing does."""
        if wanted is None:
            return None
        found: str | None = None
        try:
            connection = await self.connect()
            try:
                found = await connection.fetchval("select version_num from alembic_version")
            except asyncpg.UndefinedTableError:
                pass
            finally:
                await connection.close(timeout=5)
        except asyncpg.InvalidPasswordError:
            return "the database refuses the password in the secret file database-password"
        except Exception as fault:  # it may go away at each step
            if not (isinstance(fault, asyncpg.PostgresError) or transient(fault)):
                raise
            return f"the database at {self.settings.address} does not answer ({type(fault).__name__})"
        if found == wanted:
            return None
        return f"the schema is at {found or 'nothing'}, {wanted} is needed: run `yhdyspinta migrate`"

    async def close(self) -> None:
        await self.engine.dispose()


def _without_values(context: ExceptionContext) -> None:
    """Postgres quotes values in its messages and details: of a fault's text, class and SQLSTATE stay."""
    fault = context.sqlalchemy_exception
    cause = getattr(getattr(fault, "orig", None), "__cause__", None)
    if isinstance(fault, DBAPIError) and fault.orig and isinstance(cause, asyncpg.PostgresError):
        cause.detail = None
        for each in (fault, fault.orig, cause):
            each.args = (f"{type(cause).__name__} {cause.sqlstate}",)


async def driver(connection: AsyncConnection) -> asyncpg.Connection:
    """The bare asyncpg connection under a SQLAlchemy one, for `unnest` batches."""
    raw = await connection.get_raw_connection()
    bare: Any = raw.driver_connection
    return cast(asyncpg.Connection, bare)


def transient(fault: BaseException) -> bool:
    """Whether a fault passes by itself, so that trying again is right."""
    if isinstance(fault, DBAPIError):
        if fault.connection_invalidated:
            return True
        fault = getattr(fault.orig, "__cause__", None) or fault.orig or fault
    state = getattr(fault, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(TRANSIENT)
    if isinstance(fault, asyncpg.InterfaceError):
        return "connection" in type(fault).__name__.lower() or "closed" in str(fault)
    if isinstance(fault, asyncpg.InternalClientError):  # the server's last word was read, its hanging up not yet
        return str(fault).startswith(("cannot switch to state", "not connected"))
    return isinstance(fault, OSError | TimeoutError | PoolTimeoutError)


def waits(fault: BaseException) -> bool:
    """Whether a fault passes, by itself or when an operator has set right a secret, right or table: nothing is wrong
    with what is handled."""
    if transient(fault):
        return True
    if isinstance(fault, DBAPIError):
        fault = getattr(fault.orig, "__cause__", None) or fault.orig or fault
    state = getattr(fault, "sqlstate", None)
    return isinstance(fault, SettingsError) or (isinstance(state, str) and state.startswith(SET_UP))


_MIGRATING: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Alembic keeps the migration in hand in globals: one at a time in a process."""


def migrations_of(service: str) -> Path:
    """Folder of a service's Alembic history."""
    return Path(__file__).parent.parent / "services" / service / "migrations"


def head_of(folder: Path) -> str | None:
    """The newest version in a folder of migrations; None where there is none yet."""
    from alembic.script import ScriptDirectory

    if not (folder / "versions").is_dir():
        return None
    return ScriptDirectory(str(folder)).get_current_head()


async def migrate(settings: Settings, version: str = "head") -> None:
    """Brings the service's schema to the code's version, or to an earlier one, as its owner; one migrator at a time."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = migrations_of(settings.service)
    if head_of(folder) is None:
        return
    script = ScriptDirectory(str(folder))

    def upgrade(connection: Any) -> None:
        def steps(revision: Any, _: Any) -> Sequence[Any]:
            return script._upgrade_revs(version, revision)

        with EnvironmentContext(Config(), script, fn=steps) as environment:
            environment.configure(connection=connection)
            with environment.begin_transaction():
                environment.run_migrations()

    engine = create_async_engine(
        "postgresql+asyncpg://", hide_parameters=True, poolclass=NullPool,
        async_creator=lambda: asyncpg.connect(**settings.database(owner=True), timeout=10),
    )
    event.listen(engine.sync_engine, "do_execute", _several_statements)
    one_at_a_time = _MIGRATING.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        async with one_at_a_time, engine.begin() as connection:
            await connection.exec_driver_sql("select pg_advisory_xact_lock(hashtext('yhdyspinta migrate'))")
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()


def _several_statements(cursor: Any, statement: str, parameters: Any, _: Any) -> bool:
    """A migration's text may hold several statements, which can't be prepared: they go by the simple protocol."""
    if parameters or ";" not in statement:
        return False
    await_only(cursor._connection.execute(statement))
    return True
