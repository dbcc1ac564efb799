"""Which faults pass by themselves: they are tried again; all others are dead letters, or end the service."""

import asyncpg
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chassis.database import transient

HUNG_UP = [
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    asyncpg.InternalClientError("not connected"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    ConnectionRefusedError(),
    TimeoutError(),
]


@pytest.mark.parametrize("fault", HUNG_UP, ids=lambda f: f"{type(f).__name__} {f}")
def test_a_server_that_goes_away_comes_back(fault):
    assert transient(fault)


def test_a_pool_whose_connections_all_wait_gives_one_again():
    assert transient(PoolTimeoutError("QueuePool limit of size 8 overflow 8 reached"))


@pytest.mark.parametrize("fault", [
    asyncpg.InternalClientError("no decoder for OID 4711"), asyncpg.InterfaceError("the server expects 1 argument"),
    asyncpg.UniqueViolationError("duplicate key"), ValueError("closed"),
], ids=repr)
def test_a_fault_of_ours_stays(fault):
    assert not transient(fault)
