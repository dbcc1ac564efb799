"""A plan's file with something changed in it, for tests that see what follows from the file alone."""

from pathlib import Path

import pytest

from contracts import plan
from contracts.plan import Plan

TEXT = Path(plan.__file__).with_name("2026.toml").read_text(encoding="utf-8")


def changed(*changes: tuple[str, str]) -> Plan:
    """The plan of 2026 as its file would be with each first text replaced by the second, throughout."""
    text = TEXT
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return plan.read("2026.toml", text)


def in_force(monkeypatch: pytest.MonkeyPatch, now: Plan) -> None:
    """Every service of this process judges by this plan from now on."""
    monkeypatch.setattr(plan, "on", lambda day: now)


OLDER_IN_POINTTI = ("{ minimum = 17, maximum = 28", "{ minimum = 17, maximum = 31")
COACHING_ENDED = (
    'services = ["coaching"]\nvalid_from = { value = 2025-01-01, assumed = true }\n'
    "valid_until = { value = 2026-12-31",
    'services = ["coaching"]\nvalid_from = { value = 2025-01-01, assumed = true }\n'
    "valid_until = { value = 2026-02-28",
)
"""The service agreement on coaching ends two days before a world's clock begins."""
