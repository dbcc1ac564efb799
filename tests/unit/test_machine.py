"""A course as a machine: what can't be right is refused where it is made, what is drawn is what runs."""

from enum import StrEnum

import pytest

from chassis.machine import Machine, MachineFault, drawn, move


class At(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    LOST = "lost-on-the-way"
    OVER = "over"


AGREE = move("agreed", At.ASKED, to=At.AGREED)
END = move("held", At.AGREED, to=At.OVER)
OWES = {At.ASKED: ("answer",), At.AGREED: ("attend",)}


def machine(*moves, owes=OWES):
    return Machine("meeting", At.ASKED, moves, frozenset({At.OVER}), owes)


def test_signs_are_folded_to_the_state_and_one_without_a_move_changes_nothing():
    meeting = machine(AGREE, END)
    assert meeting.fold(["held", "agreed"]) is At.AGREED
    assert meeting.fold(["agreed", "held", "agreed"]) is At.OVER
    assert meeting.can(At.ASKED, "agreed")
    assert not meeting.can(At.ASKED, "held")


@pytest.mark.parametrize(("moves", "owes", "why"), [
    ((AGREE, move("agreed", At.ASKED, to=At.OVER), END), OWES, "a sign leads from one state to two"),
    ((AGREE, END, move("found", At.LOST, to=At.OVER)), OWES, "nothing leads to lost-on-the-way"),
    ((AGREE, END, move("lost", At.ASKED, to=At.LOST)), OWES | {At.LOST: ("look",)}, "no way out of lost-on-the-way"),
    ((AGREE, END), {At.ASKED: ("answer",)}, "nobody owes anything in agreed"),
])
def test_a_machine_that_can_not_be_right_is_refused(moves, owes, why):
    with pytest.raises(MachineFault, match=why):
        machine(*moves, owes=owes)


def test_each_arrow_is_drawn():
    picture = drawn(machine(AGREE, END))
    for line in ("[*] --> asked", "asked --> agreed: agreed", "agreed --> over: held", "over --> [*]"):
        assert f"    {line}" in picture.splitlines()
