"""What a person types is read as Finns write it, and given back as it was when it does not fit."""

from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from chassis.decisions import Refused
from chassis.web.forms import blank, digest, read
from chassis.web.public_form import Guard
from chassis.web.texts import texts
from contracts.fields import Day

FI = texts("fi")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("Europe/Helsinki"))


class Wanted(BaseModel):
    on: Day
    at: time | None = None
    how: Literal["call", "visit"] = "call"
    days: list[str] = Field(default_factory=list)
    told: bool = False
    note: str | None = None


def form(*pairs, **more):
    return read(FormData(pairs), Wanted, FI, **more)


@pytest.mark.parametrize("typed", ["24.11.2026", " 24.11.2026 ", "24. 11. 2026", "24,11,2026", "2026-11-24"])
def test_days_are_read_as_people_write_them(typed):
    assert form(("on", typed)).read.on == date(2026, 11, 24)


@pytest.mark.parametrize(("typed", "at"), [("13.00", time(13)), ("9:05", time(9, 5)), ("8", time(8))])
def test_times_are_read_as_people_write_them(typed, at):
    assert form(("on", "24.11.2026"), ("at", typed)).read.at == at


def test_a_field_left_blank_is_left_out():
    sent = form(("on", "24.11.2026"), ("at", ""), ("note", "  "), ("days", ""))
    assert sent.ok
    assert (sent.read.at, sent.read.note, sent.read.days, sent.read.told) == (None, None, [], False)


def test_choices_and_ticks_are_read():
    sent = form(("on", "24.11.2026"), ("days", "mon"), ("days", "tue"), ("told", "yes"))
    assert (sent.read.days, sent.read.told) == (["mon", "tue"], True)
    assert sent.has("days", "tue")


def test_what_does_not_fit_is_given_back_with_a_sentence():
    sent = form(("on", "31.2.2026"), ("at", "yhdeltä"), ("how", "mail"), sentences={"how": "Soititko vai kävitkö?"})
    assert not sent.ok
    assert sent.errors == {
        "on": "Kirjoita päivä, esimerkiksi 24.11.2026.", "at": "Kirjoita kellonaika, esimerkiksi 13.00.",
        "how": "Soititko vai kävitkö?"}
    assert sent.value("on") == "31.2.2026"
    assert form().errors == {"on": "Täytä tämä kohta."}


def test_unseen_characters_are_refused_and_taken_out_of_what_is_shown():
    sent = form(("on", "24.11.2026"), ("note", "a\u202eb\nc"))
    assert sent.errors == {"note": "Jätä ohjaus- ja suuntamerkit pois."}
    assert sent.value("note") == "ab c"
    assert form(("on", "24.11.2026"), ("note", "a\r\nb"), multiline=["note"]).read.note == "a\nb"
    assert form(("on", "24.11.2026"), ("note", "A\u0308")).read.note == "Ä"


def test_a_new_form_shows_what_it_is_given():
    new = blank(on=date(2026, 11, 4), at=time(9, 5), told=True, days=["mon"], note=None)
    assert (new.value("on"), new.value("at"), new.value("note")) == ("4.11.2026", "9.05", "")
    assert new.has("days", "mon")
    assert new.has("told", "yes")


def test_two_sendings_are_the_same_when_all_but_the_key_is():
    one, other = [FormData([("a", "1"), ("b", "2"), ("form_key", k)]) for k in ("x", "y")]
    assert digest(one) == digest(other)
    assert digest(FormData([("a", "12"), ("b", "")])) != digest(FormData([("a", "1"), ("b", "2")]))


class TestAForm:
    """A form of the public."""

    @pytest.fixture
    def guard(self):
        return Guard(SimpleNamespace(secret=lambda name: "password"))

    def sent(self, guard, **more):
        stamp = guard.fields(NOON).split('value="')[1].split('"')[0]
        return FormData({"opened": stamp, **more})

    def request(self, host="192.0.2.1"):
        return SimpleNamespace(client=SimpleNamespace(host=host))

    def test_is_taken_from_a_person_five_times_an_hour(self, guard):
        for _ in range(5):
            guard.check(self.request(), self.sent(guard), NOON + timedelta(seconds=30))
        with pytest.raises(Refused) as refused:
            guard.check(self.request(), self.sent(guard), NOON + timedelta(seconds=30))
        assert refused.value.refusal.status == 429
        guard.check(self.request("192.0.2.2"), self.sent(guard), NOON + timedelta(seconds=30))
        guard.check(self.request(), self.sent(guard), NOON + timedelta(hours=1))

    @pytest.mark.parametrize(("after", "more"), [
        (timedelta(seconds=1), {}), (timedelta(hours=3), {}), (timedelta(minutes=1), {"homepage": "spam"}),
        (timedelta(minutes=1), {"opened": "1795514400.0" + "0" * 31}), (timedelta(minutes=1), {"opened": "x"}),
    ])
    def test_is_not_taken_from_a_program(self, guard, after, more):
        with pytest.raises(Refused):
            guard.check(self.request(), self.sent(guard, **more), NOON + after)
