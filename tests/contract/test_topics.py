"""The topic registry is sound in itself, and says what the design says."""

import re
from datetime import timedelta

import pytest

from contracts.envelope import Data
from contracts.fields import DataClass
from contracts.topics import (
    SERVICES,
    SYSTEMS,
    TOPICS,
    accepted_sources,
    dead_letter_topic,
    outside_writer,
    readable_by,
    rejections_topic,
    replay_topic,
    source_of,
    topic_for,
    writable_by,
)

SEVERAL_WRITERS = re.compile(r"\w+\.(obligations|rejections)\.v1|shared\.audit-heads\.v1")
WORST = [DataClass.OPEN, DataClass.STAFF, DataClass.COMPANY, DataClass.PSEUDONYMOUS, DataClass.PERSONAL]
YEAR_UNTIL_FINAL = timedelta(days=366 + 90)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_a_topic_is_named_as_the_others_and_everyone_in_it_is_known(topic):
    assert re.fullmatch(r"(area|municipal|shared)\.[a-z-]+\.v1", topic.name)
    assert topic.writers
    assert topic.readers
    assert {*topic.writers, *topic.readers} <= {*SERVICES, *SYSTEMS}


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_who_wrote_is_proved_by_one_writer(topic):
    if SEVERAL_WRITERS.fullmatch(topic.name):
        assert set(topic.writers) <= set(SERVICES)
    else:
        assert len(topic.writers) == 1


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda s: s.name)
def test_another_system_writes_one_topic_with_one_reader_and_reads_why_it_was_refused(system):
    assert [t.name for t in writable_by(system.name)] == [system.writes]
    (reader,) = TOPICS[system.writes].readers
    assert reader in SERVICES
    refusals = TOPICS[rejections_topic(system.writes)]
    assert system.name in refusals.readers
    assert reader in refusals.writers
    assert refusals.side == TOPICS[system.writes].side
    assert system.name == system.source[1:].replace("/", "-")
    assert outside_writer(system.writes) == system.name


def test_neither_side_reads_the_others_topics_but_referrals_and_their_contact_details():
    crossing = {(t.name, r) for t in TOPICS.values() for r in t.readers if r in ("referral", "coaching")
                and t.side == {"referral": "municipal", "coaching": "area"}[r]}
    assert crossing == {("area.referrals.v1", "coaching"), ("area.contact-details.v1", "coaching")}


@pytest.mark.parametrize("service", SERVICES)
def test_dead_letters_are_read_by_their_service_alone_and_classed_as_the_worst_it_reads(service):
    topic = TOPICS[dead_letter_topic(service)]
    assert topic.readers == topic.writers == (service,)
    worst = max((t.data_class for t in readable_by(service) if t is not topic), key=WORST.index)
    assert topic.data_class == worst
    assert topic.config()["max.message.bytes"] == "2097152"
    assert topic.partitions == 1  # a letter's number is its offset


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_handled_again_goes_to_its_service_alone_and_is_kept_as_long_as_its_dead_letter(service):
    topic, letters = TOPICS[replay_topic(service)], TOPICS[dead_letter_topic(service)]
    assert topic.readers == topic.writers == (service,)
    assert (topic.data_class, topic.segment, topic.side) == (letters.data_class, letters.segment, letters.side)
    assert topic.retention >= letters.retention
    assert topic.config()["max.message.bytes"] == letters.config()["max.message.bytes"]


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_retention_has_its_reason_and_no_sender_can_move_it(topic):
    assert topic.keep.reason_en
    assert topic.keep.reason_fi
    assert topic.config()["message.timestamp.type"] == "LogAppendTime"
    assert topic.config()["segment.ms"] == "3600000" if topic.data_class is DataClass.PERSONAL else not topic.segment


@pytest.mark.parametrize("topic", [t for t in readable_by("reporting") if not t.dead_letters], ids=lambda t: t.name)
def test_figures_of_a_year_that_is_not_final_can_be_rebuilt(topic):
    assert topic.retention is None or topic.retention > YEAR_UNTIL_FINAL


def every_event(model=Data):
    for below in model.__subclasses__():
        yield from every_event(below)
        if not below.__subclasses__():
            yield below


@pytest.mark.parametrize("model", sorted(set(every_event()), key=lambda m: m.__name__), ids=lambda m: m.__name__)
def test_every_event_has_a_topic(model):
    if model.__module__.startswith("contracts.events."):
        assert [t for t in TOPICS.values() if model in t.models]


def test_common_topics_carry_the_sources_they_accept():
    assert accepted_sources(TOPICS["municipal.casework.v1"]) == {
        "/municipal/coaching", "/lempaala/party", "/vesilahti/party"}
    assert accepted_sources(TOPICS["shared.feedback.v1"]) == {"/municipal/feedback"}
    for topic in TOPICS.values():
        for intake in topic.republishes:
            assert topic.writers == TOPICS[intake].readers


def test_what_an_intake_topic_takes_is_on_a_topic_that_republishes_it():
    for system in SYSTEMS.values():
        common = [t for t in TOPICS.values() if system.writes in t.republishes]
        if common:
            assert set(TOPICS[system.writes].models) <= {m for t in common for m in t.models}


def test_a_topic_for_an_event_is_found_or_asked_for():
    from contracts.events.leads import LeadOpened
    from contracts.events.notices import NoticeSent

    assert topic_for(LeadOpened, "leads") == "shared.leads.v1"
    with pytest.raises(LookupError, match="several"):
        topic_for(NoticeSent, "notify")
    with pytest.raises(LookupError, match="no topic"):
        topic_for(LeadOpened, "referral")
    with pytest.raises(KeyError):
        source_of("stranger")
