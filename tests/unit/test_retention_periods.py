"""How long topics and tables are kept, beside what the plan says [7]."""

from datetime import date, timedelta
from importlib import import_module

import pytest

from chassis import calendar
from chassis.retention import Kept
from contracts import plan
from contracts.fields import DataClass
from contracts.registry import Cleanup, Topic
from contracts.topics import SERVICES, TOPICS

RETENTION = plan.ALL[-1].retention
LATEST_ALONE = {"shared.directory.v1": DataClass.STAFF, "shared.figures.v1": DataClass.OPEN}
"""Topics without a period: who is in the directory now, and the published figures."""
DECLARED = [(service, kept) for service in SERVICES
            for kept in import_module(f"services.{service}.retention").KEPT]


def rule_of(topic: Topic) -> str:
    """The plan's part that holds for a topic."""
    if topic.name == "shared.audit-heads.v1":
        return "audit"
    if "free text" in topic.remark:
        return "may_hold_personal"
    if topic.data_class is DataClass.PERSONAL:
        return "personal"
    if topic.dead_letters:
        return "dead_letter"
    return "company_confidential" if topic.remark == "confidential" else topic.data_class.value


def longest(rule: str) -> timedelta:
    """What the plan's period comes to at most: months differ in length."""
    keep = getattr(RETENTION, rule).keep
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(0, 1500, 7))
    return max(calendar.after(day, keep) - day for day in days)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_a_topic_is_kept_no_longer_than_the_plan_keeps_its_class(topic: Topic) -> None:
    if topic.retention is None:
        assert LATEST_ALONE[topic.name] is topic.data_class
        assert topic.cleanup is Cleanup.COMPACT
    else:
        assert topic.retention <= longest(rule_of(topic))
    assert topic.keep.reason_en
    assert topic.keep.reason_fi


@pytest.mark.parametrize("service", SERVICES)
def test_ids_of_handled_events_outlive_every_topic_that_may_bring_them_again(service: str) -> None:
    inbox = next(kept for who, kept in DECLARED if who == service and kept.table == "inbox")
    keep = getattr(RETENTION, inbox.period).keep
    read = [t.retention for t in TOPICS.values() if service in t.readers and t.retention]
    shortest = min(calendar.after(day, keep) - day for day in (date(2026, 1, 1), date(2027, 3, 1), date(2028, 3, 1)))
    assert shortest + timedelta(days=1) >= max(read)


@pytest.mark.parametrize(("service", "kept"), DECLARED, ids=lambda part: getattr(part, "table", part))
def test_each_table_has_a_class_a_period_a_reason_and_what_deletes_it(service: str, kept: Kept) -> None:
    assert kept.reason
    assert kept.lasts or getattr(RETENTION, kept.period)


def test_a_table_without_what_deletes_it_is_refused() -> None:
    with pytest.raises(ValueError, match="what deletes it"):
        Kept("letters", DataClass.PERSONAL, "because", "personal")
    with pytest.raises(ValueError, match="a period of the plan"):
        Kept("letters", DataClass.PERSONAL, "because")
