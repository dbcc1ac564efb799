"""The dashboard for Grafana: rate, errors, duration, lag, outbox, dead letters, obligations, of each service."""

import json
from typing import Any

FOLDER = "deploy/observe"
_OF = 'service=~"$service"'
PANELS = (
    ("Ready", "Services that are ready; 0 is not.", "none", [(f"yhdyspinta_ready{{{_OF}}}", "{{service}}")]),
    ("Requests", "A second, by service.", "reqps",
     [(f"sum by (service) (rate(yhdyspinta_request_seconds_count{{{_OF}}}[5m]))", "{{service}}")]),
    ("Failed requests", "A second: answers of 500 and more.", "reqps",
     [(f'sum by (service) (rate(yhdyspinta_request_seconds_count{{{_OF},status=~"5.."}}[5m]))', "{{service}}")]),
    ("Duration of requests", "95 of 100 take no longer.", "s",
     [(f"histogram_quantile(0.95, sum by (service, le) (rate(yhdyspinta_request_seconds_bucket{{{_OF}}}[5m])))",
       "{{service}}")]),
    ("Events handled", "A second, by service.", "cps",
     [(f"sum by (service) (rate(yhdyspinta_events_handled_total{{{_OF}}}[5m]))", "{{service}}")]),
    ("Time from record to commit", "95 of 100 take no longer.", "s",
     [(f"histogram_quantile(0.95, sum by (service, le) (rate(yhdyspinta_event_seconds_bucket{{{_OF}}}[5m])))",
       "{{service}}")]),
    ("Lag", "Records that are there and not handled.", "short",
     [(f"max by (service, topic) (yhdyspinta_consumer_lag{{{_OF}}})", "{{service}} {{topic}}")]),
    ("Age of the outbox", "Of the oldest row that is not published.", "s",
     [(f"max by (service) (yhdyspinta_outbox_age_seconds{{{_OF}}})", "{{service}}")]),
    ("Rows in the outbox", "Not yet published.", "short",
     [(f"max by (service) (yhdyspinta_outbox_rows{{{_OF}}})", "{{service}}")]),
    ("Dead letters", "Within an hour, by reason.", "short",
     [(f"sum by (service, topic, reason) (increase(yhdyspinta_dead_letters_total{{{_OF}}}[1h]))",
       "{{service}} {{topic}} {{reason}}")]),
    ("Events parked", "Waiting for what they are about.", "short",
     [(f"max by (service) (yhdyspinta_parked{{{_OF}}})", "{{service}}")]),
    ("Open obligations", "By kind; late ones are past their deadline.", "short",
     [(f"max by (service, kind, state) (yhdyspinta_obligations{{{_OF}}})", "{{service}} {{kind}} {{state}}")]),
    ("Retries", "Transient faults within five minutes.", "short",
     [(f"sum by (service, topic) (increase(yhdyspinta_retries_total{{{_OF}}}[5m]))", "{{service}} {{topic}}")]),
    ("Keys erased", "Within a day, by cause.", "short",
     [(f"sum by (service, cause) (increase(yhdyspinta_keys_erased_total{{{_OF}}}[1d]))", "{{service}} {{cause}}")]),
)
"""Title, what it shows, unit, and expressions with their legends."""


def files() -> dict[str, str]:
    return {f"{FOLDER}/dashboard.json": json.dumps(dashboard(), indent=1) + "\n"}


def dashboard() -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "title": "Yhdyspinta", "uid": "yhdyspinta", "schemaVersion": 39, "refresh": "30s",
        "timezone": "Europe/Helsinki",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [
            {"name": "source", "type": "datasource", "query": "prometheus"},
            {"name": "service", "type": "query", "datasource": source, "refresh": 2, "includeAll": True, "multi": True,
             "query": {"query": "label_values(yhdyspinta_ready, service)", "refId": "services"},
             "current": {"text": "All", "value": "$__all"}},
        ]},
        "panels": [{
            "id": number, "type": "timeseries", "title": title, "description": description, "datasource": source,
            "gridPos": {"h": 8, "w": 12, "x": 12 * ((number - 1) % 2), "y": 8 * ((number - 1) // 2)},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "targets": [{"refId": chr(65 + n), "expr": expression, "legendFormat": legend, "datasource": source}
                        for n, (expression, legend) in enumerate(targets)],
        } for number, (title, description, unit, targets) in enumerate(PANELS, 1)],
    }
