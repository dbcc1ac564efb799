"""What a client is told of what is held names every table that holds something of a client [GDPR 15]."""

from importlib import import_module
from pathlib import Path

import pytest

from contracts.fields import DataClass

SERVICES = Path(__file__).parents[2] / "services"
NOT_BY_CLIENT = {
    "outbox": "on its way to a topic, which is named", "parked": "an event that waits for its case, for days",
    "idempotency": "", "client_situations": "a month's counts",
}


@pytest.mark.parametrize("service", ["referral", "coaching"])
def test_every_table_that_holds_something_of_a_client_is_named(service):
    said = (SERVICES / service / "subject.py").read_text()
    tables = {kept.table for kept in import_module(f"services.{service}.retention").KEPT
              if kept.data_class in (DataClass.PERSONAL, DataClass.PSEUDONYMOUS)}
    assert len(tables) > 8
    assert {table for table in tables - set(NOT_BY_CLIENT) if table not in said} == set()
