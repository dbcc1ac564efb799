"""The security log: apart from everything else, codes and ids alone, alarms that a person sees."""

import json
import logging

import pytest
from prometheus_client import REGISTRY

from chassis import security, telemetry


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """What is logged, and what is in the security log's own file."""
    root, own = logging.getLogger(), logging.getLogger("yhdyspinta.security")
    handlers, level = list(root.handlers), root.level
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setenv("SECURITY_LOG", str(tmp_path / "security.log"))
        telemetry.set_up("leads", stream=stream)
        yield lambda name: [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        telemetry._log_security_to(None)
        root.handlers[:] = handlers
        root.setLevel(level)
        own.propagate = True


def test_it_is_a_file_of_its_own_with_codes_and_ids(lines, tmp_path):
    security.note("signed-in", "leads", who="johanna-harjoitus")
    security.refused("not-allowed", "leads", who="johanna-harjoitus", about="GET /operate")
    security.alarm("unproven-key", "leads", who="/municipal/coaching")
    logging.getLogger("chassis").warning("something else")
    told = lines("security.log")
    assert [line["event"] for line in told] == ["signed-in", "not-allowed", "unproven-key"]
    assert told[1] | {"at": 0} == {"at": 0, "level": "warning", "logger": "yhdyspinta.security",
                                   "message": told[1]["message"], "event": "not-allowed", "service": "leads",
                                   "who": "johanna-harjoitus", "about": "GET /operate"}
    assert [line.get("alarm") for line in told] == [None, None, "yes"]
    assert [line["message"] for line in lines("log") if line["logger"] == "chassis"] == ["something else"]
    assert not [line for line in lines("log") if line["logger"] == "yhdyspinta.security"]
    assert (tmp_path / "security.log").stat().st_mode & 0o777 == 0o600


def test_an_alarm_is_counted_and_remembered_for_its_own_service():
    def count():
        return REGISTRY.get_sample_value(
            "yhdyspinta_security_alarms_total", {"service": "feedback", "event": "key-lost"}) or 0

    before = count()
    security.alarm("key-lost", "feedback", about="0192f0c4-0000-7000-8000-000000000001")
    assert count() == before + 1
    assert security.alarms("feedback")[0].code == "key-lost"
    assert all(each.service == "feedback" for each in security.alarms("feedback"))


def test_a_burst_calls_once_and_again_after_a_quiet_time():
    def called():
        return sum(each.code == "letters-burst" for each in security.alarms("notify"))

    burst = security.Burst("letters-burst", "notify", most=5, seconds=60)
    began = called()
    for second in range(4):
        burst.happened(now=second)
    assert called() == began
    burst.happened(now=4)
    burst.happened(20, now=5)
    assert called() == began + 1
    for second in range(100, 120):
        burst.happened(now=second)
    assert called() == began + 2


def test_few_over_a_long_time_are_no_burst():
    burst = security.Burst("letters-burst", "referral", most=5, seconds=60)
    for minute in range(20):
        burst.happened(now=minute * 30.0)
    assert security.alarms("referral") == [a for a in security.alarms("referral") if a.code != "letters-burst"]
