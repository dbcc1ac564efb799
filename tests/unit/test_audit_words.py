"""The data protection officer reads of every act in words: none is shown as a code."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from chassis.officer.words import ACTS

ROOT = Path(__file__).parents[2]
WRITTEN_ELSEWHERE = {
    "referral": {"three-party-agreed", "three-party-moved", "details-given-again", "details-corrected", "receipt"},
    "coaching": {"withdrawal", "cancellation", "report-client-situation"},
}
"""Acts that the code chooses by what happened, not written in the call."""


WHERE = {
    ("audit", "read"): (4, "read"), ("audit", "changed"): (4, "change"), ("cases", "act"): (3, "change"),
    ("", "act"): (3, "change"), ("", "_noted"): (3, "change"),
}
"""Which argument of a call names the act."""


def acts_of(folder: Path) -> Iterator[str]:
    """`read:` and `change:` with the codes that calls of the audit log, of an act in a case and of a key name."""
    for path in folder.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            of = getattr(getattr(call.func, "value", None), "id", "")
            at, kind = WHERE.get((of, name), (None, ""))
            if name == "use":
                at, kind = 3, "read"
            if at is not None and len(call.args) > at and isinstance(call.args[at], ast.Constant):
                yield f"{kind}:{call.args[at].value}"


@pytest.mark.parametrize("service", ["referral", "coaching"])
def test_every_act_has_words(service):
    written = set(acts_of(ROOT / "services" / service)) | set(acts_of(ROOT / "chassis"))
    known = {**ACTS, **import_module(f"services.{service}.records").ACTS}
    assert len(written) > 20
    assert written <= set(known)
    assert WRITTEN_ELSEWHERE[service] <= {act.split(":")[1] for act in known}
