"""Dashboard, alerts and their runbook: they name metrics that are there, and each alert says what to do."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from chassis import audit_heads, key_sweeper, service, telemetry
from yhdyspinta.documents import ROOT

OBSERVE = ROOT / "deploy" / "observe"
RUNBOOK = (ROOT / "docs" / "operating.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load((OBSERVE / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((OBSERVE / "dashboard.json").read_text())
EXPRESSIONS = [rule["expr"] for rule in RULES] + [t["expr"] for p in DASHBOARD["panels"] for t in p["targets"]]
_METRIC = re.compile(r"\byhdyspinta_\w+")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!=|=)\s*\"|by \(([^)]*)\)")
MODULES = (audit_heads, key_sweeper, service, telemetry)
"""Those that declare metrics."""


def declared() -> dict[str, set[str]]:
    """Every sample's name that /metrics may show, with its labels."""
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        for name in REGISTRY._collector_to_names[collector]:
            labels = set(getattr(collector, "_labelnames", ()))
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_metric_and_label_is_there(expression: str) -> None:
    there = declared()
    metrics = set(_METRIC.findall(expression))
    assert metrics <= there.keys() or expression.startswith("up{")
    labels = {name for one, several in _LABEL.findall(expression) for name in (one, *several.split(", ")) if name}
    known = set().union(*(there[m] for m in metrics)) if metrics else {"job"}
    assert labels <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_has_its_runbook_line(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"
    section = re.search(rf"^### {rule['alert']}\n\n(.+)", RUNBOOK, re.MULTILINE)
    assert section
    assert len(section[1]) > 40


def test_the_runbook_is_of_these_alerts_alone() -> None:
    told = re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)
    assert told == [rule["alert"] for rule in RULES]
