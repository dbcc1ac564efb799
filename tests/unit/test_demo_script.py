"""The script of the demo's year: the plan's figures, the plan's rules, made-up people alone, the same each time."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest

from chassis.calendar import HELSINKI, helsinki_day, is_business_day
from contracts import ingest, plan
from contracts.events.casework import CaseClosed, CaseOpened, MeetingHeld
from contracts.topics import SYSTEMS, TOPICS
from services.referral.suitability import Client, Suits, suit
from yhdyspinta.demo import acts, script, systems
from yhdyspinta.demo.people import BY_ID
from yhdyspinta.demo.script import clients, companies

YEAR = 2025


@pytest.fixture(scope="module")
def written():
    return script.write(YEAR, date(YEAR + 1, 11, 23))


class Told:
    """What the acts tell of coaching: who each case is of, when it began, how it ended."""

    def __init__(self, written):
        self.person, self.began, self.ended = {}, {}, {}
        self.service, self.key_of = {}, {}
        for act in written:
            if isinstance(act, acts.Refer):
                self.service[act.referral], self.person[act.referral] = act.to, act.referral
            elif isinstance(act, acts.OpenCase | acts.ReceiveVisitor):
                self.service[act.case] = getattr(act, "of", "ohjaamo")
            elif isinstance(act, acts.CameBefore):
                self.person[act.case] = self.person[self.key(act.earlier)]
            elif isinstance(act, acts.Publish) and isinstance(act.data, CaseOpened):
                self.key_of[act.data.case_id] = act.of or act.data.case_id
                self.service[self.key(act.data.case_id)] = act.data.service
                self.person[self.key(act.data.case_id)] = act.data.client
            elif isinstance(act, acts.Publish) and isinstance(act.data, MeetingHeld):
                self.begin(act.data.case_id, act.data.on)
            elif isinstance(act, acts.Publish) and isinstance(act.data, CaseClosed) and act.data.outcome:
                self.ended[self.key(act.data.case_id)] = act.data.on, act.data.outcome
            elif isinstance(act, acts.Meet | acts.Start):
                self.begin(act.case, act.on)
            elif isinstance(act, acts.End):
                self.ended[self.key(act.case)] = act.on, act.outcome

    def key(self, case):
        return self.key_of.get(case, case)

    def begin(self, case, on):
        self.began[self.key(case)] = min(on, self.began.get(self.key(case), on))

    def of_coaching(self, facts):
        return {case: what for case, what in facts.items() if self.service[case] == "coaching"}


def test_the_first_year_of_coaching_has_the_figures_that_the_plan_tells_of_2024(written):
    told, known = Told(written), plan.on(date(YEAR, 12, 31)).known_figures["2024"]
    began, ended = told.of_coaching(told.began), told.of_coaching(told.ended)
    this_year = {case for case, on in began.items() if on.year == YEAR}
    going_on = {case for case, on in began.items()
                if on.year < YEAR and (case not in ended or ended[case][0].year >= YEAR)}
    seen_before = Counter(told.person[case] for case, on in began.items() if on.year < YEAR)
    people = {told.person[case] for case in this_year | going_on}
    new = {told.person[case] for case in this_year if not seen_before[told.person[case]]}
    outcomes = [outcome for on, outcome in ended.values() if on.year == YEAR]
    good = sum(outcome in clients.GOOD for outcome in outcomes)
    assert (len(people), len(new), len(people - new)) == (known.clients, known.new_clients, 104)
    assert (good, len(outcomes)) == (119, 200)
    assert round(1000 * good / len(outcomes)) == known.outcome_permille


def test_four_of_five_clients_live_in_lempaala(written):
    homes = Counter(act.municipality for act in written if isinstance(act, acts.Refer) and act.to == "coaching")
    homes += Counter(act.data.municipality for act in written
                     if isinstance(act, acts.Publish) and isinstance(act.data, CaseOpened) and not act.of)
    assert 3 < homes["lempaala"] / homes["vesilahti"] < 5


def test_every_referral_is_one_that_the_plan_allows(written):
    for act in written:
        if isinstance(act, acts.Refer):
            on = helsinki_day(act.at)
            found = suit(Client(act.municipality, act.birth_year, act.need), act.to, plan.on(on), on)
            assert isinstance(found, Suits), (act, found)


def test_clients_are_made_up_and_their_numbers_belong_to_nobody(written):
    for act in written:
        if isinstance(act, acts.Refer):
            assert act.name.rsplit(" ", 1)[1] in clients.LAST_NAMES
            assert re.fullmatch(r"\+358415550\d{3}", act.phone)
    assert all(company.name.endswith("(keksitty)") for company in companies.companies())


def test_whatever_other_systems_publish_is_taken_by_its_reader(written):
    """In both modes; the codes are the plan's."""
    modes = set()
    for act in written:
        if not isinstance(act, acts.Publish):
            continue
        data = act.data if act.of is None else act.data.model_copy(update={"referral_number": "2025-0001"})
        value, headers, key = systems.spelled(act.system, systems.made_up("event", act.key), act.at, data)
        topic = TOPICS[SYSTEMS[act.system].writes]
        event = ingest.read(topic, key, value, tuple(headers.items()), act.at + timedelta(minutes=1))
        assert event is not None
        assert event.data == data
        ingest.check_codes(event, plan.on(helsinki_day(event.time)))
        modes.add(headers["content-type"])
    assert modes == {b"application/cloudevents+json", b"application/json"}


def test_people_act_on_business_days_in_office_hours(written):
    for act in written:
        if isinstance(act, acts.Command):
            assert is_business_day(helsinki_day(act.at)), act
            assert 7 <= act.at.astimezone(HELSINKI).hour <= 18, act
            assert act.by in BY_ID


def test_every_act_has_a_key_of_its_own_and_its_place_in_time(written):
    assert len({act.key for act in written}) == len(written)
    assert [act.at for act in written] == sorted(act.at for act in written)
    assert helsinki_day(written[0].at) >= script.first_day(YEAR)


def test_what_is_told_to_have_happened_lies_before_the_telling(written):
    for act in written:
        on = getattr(getattr(act, "data", act), "on", None)
        ahead = type(getattr(act, "data", act)).__name__ in ("CompanyVisitPlanned", "CompanyVisitMoved", "EventPlanned")
        assert on is None or ahead or on <= helsinki_day(act.at), act


def test_the_script_is_the_same_each_time(written):
    script.courses.cache_clear()
    assert script.write(YEAR, date(YEAR + 1, 11, 23)) == written


def test_whoever_goes_on_a_day_later_plays_the_same_acts_before(written):
    """All but those of the very last days, which are there for whoever looks then."""
    days = [date(YEAR + 1, 11, 23), date(YEAR + 1, 11, 24)]
    first, second = ([act for act in script.write(YEAR, day) if not act.key.startswith("lately")] for day in days)
    assert second[:len(first)] == first


def test_something_waits_for_people_on_whatever_day_the_year_ends():
    for until in (date(YEAR + 1, 1, 2), date(YEAR + 1, 7, 5), date(YEAR + 1, 12, 26)):
        last = [act for act in script.write(YEAR, until) if act.key.startswith("lately")]
        assert sum(isinstance(act, acts.Refer) for act in last) == 9
        assert max(helsinki_day(act.at) for act in last) > until - timedelta(days=6)


def test_another_year_has_the_same_figures_and_begins_on_its_own_first_day():
    told = Told(script.write(YEAR + 1, date(YEAR + 2, 3, 31)))
    ended = [on for on, _ in told.of_coaching(told.ended).values() if on.year == YEAR + 1]
    assert len(ended) == 200


@pytest.mark.parametrize("year", [2024, 2027, 2028])
def test_the_script_can_be_written_for_years_to_come(year):
    assert script.write(year, date(year + 1, 6, 30))


def test_some_come_to_the_service_corridor_each_day_and_nearly_all_are_the_areas(written):
    inquiries = [act for act in written if isinstance(act, acts.DirectInquiry)]
    days = Counter(helsinki_day(act.at) for act in inquiries)
    assert 2 < len(inquiries) / len(days) < 5
    rules = plan.on(date(YEAR, 6, 1)).triage
    assert all(act.rule in rules.form(act.channel) for act in inquiries)
    theirs = sum(rules.addresses[rules.rules[act.rule].directed_to].organisation == "lempaala" for act in inquiries)
    assert 0 < theirs / len(inquiries) < 0.2
