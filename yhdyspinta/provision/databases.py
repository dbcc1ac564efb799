"""A database a service, closed to everybody else, with two roles: `<service>_owner` (DDL) and `<service>` (DML).

Each call may be repeated. Roles are the server's, so databases of several worlds share them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from contracts.topics import SERVICES

OWNER = "_owner"


def owner_of(service: str) -> str:
    """The role that owns a service's tables; `yhdyspinta migrate` alone uses it."""
    return service + OWNER


def name_of(value: str) -> str:
    """A name as SQL quotes it."""
    return '"' + value.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


async def make_roles(admin: Mapping[str, Any], passwords: Mapping[str, str]) -> None:
    """Makes roles that may sign in and nothing more, or sets their passwords anew."""
    connection = await asyncpg.connect(**admin)
    try:
        there = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
        for role, password in passwords.items():
            verb = "alter" if role in there else "create"
            await connection.execute(
                f"{verb} role {name_of(role)} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls "
                f"password {_text(password)}")
        for shared in ("postgres", "template1"):
            await connection.execute(f"revoke all on database {shared} from public")
    finally:
        await connection.close()


async def make_databases(admin: Mapping[str, Any], services: Iterable[str] = tuple(SERVICES), suffix: str = "",
                         template: str | None = None) -> None:
    """Makes `<service><suffix>` for each service, empty or copied from `<service><template>`, and closes it."""
    connection = await asyncpg.connect(**admin)
    try:
        there = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for service in services:
            database = service + suffix
            if database not in there:
                copied = f"template {name_of(service + template)}" if template else "template template0"
                await connection.execute(
                    f"create database {name_of(database)} owner {name_of(owner_of(service))} {copied}")
            # a copy has none of its template's rights: they are said again
            await connection.execute(f"revoke all on database {name_of(database)} from public")
            await connection.execute(f"grant connect on database {name_of(database)} to {name_of(service)}")
    finally:
        await connection.close()
    if template is None:
        for service in services:
            await _open_schema({**admin, "database": service + suffix}, service)


async def _open_schema(admin: Mapping[str, Any], service: str) -> None:
    """Lets the service's role use what its owner will make; nobody else may so much as look."""
    owner, role = name_of(owner_of(service)), name_of(service)
    connection = await asyncpg.connect(**admin)
    try:
        await connection.execute(f"""
            revoke all on schema public from public;
            grant usage on schema public to {role};
            alter default privileges for role {owner} in schema public
                grant select, insert, update, delete on tables to {role};
            alter default privileges for role {owner} in schema public grant usage, select on sequences to {role};
            alter default privileges for role {owner} in schema public grant execute on functions to {role};
            alter default privileges for role {owner} revoke execute on functions from public;
        """)  # noqa: S608 - names of ours, quoted
    finally:
        await connection.close()


async def rename(admin: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Gives databases that nobody is connected to another name."""
    connection = await asyncpg.connect(**admin)
    try:
        for old, new in names.items():
            await connection.execute(f"alter database {name_of(old)} rename to {name_of(new)}")
    finally:
        await connection.close()


async def close(owner: Mapping[str, Any], service: str) -> None:
    """Closes a database that somebody else made, as its owner: open to the service alone, as `make_databases` does."""
    connection = await asyncpg.connect(**owner)
    try:
        database = name_of(await connection.fetchval("select current_database()"))
        await connection.execute(f"revoke all on database {database} from public")
        await connection.execute(f"grant connect on database {database} to {name_of(service)}")
    finally:
        await connection.close()
    await _open_schema(owner, service)


async def drop_databases(admin: Mapping[str, Any], suffix: str, services: Iterable[str] = tuple(SERVICES)) -> None:
    """Deletes the databases of a world; connections that are still open are cut."""
    connection = await asyncpg.connect(**admin)
    try:
        for service in services:
            await connection.execute(f"drop database if exists {name_of(service + suffix)} with (force)")
    finally:
        await connection.close()
