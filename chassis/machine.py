"""A course as a state machine: its states, the signs that move one on, where it ends, and what is owed in each state.

A machine is data. What happened is folded through it to the state, a command asks it whether an act has a move from
here, and the diagrams of `docs/courses.md` are drawn from it: what is drawn is what runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class MachineFault(ValueError):
    """A machine that can't be right: found where it is made, never in a course."""


@dataclass(frozen=True)
class Move(Generic[S]):
    """By this sign a course goes from each of these states to that one."""

    sign: str
    come_from: tuple[S, ...]
    to: S


def move(sign: str, *come_from: S, to: S) -> Move[S]:
    return Move(sign, come_from, to)


@dataclass(frozen=True)
class Machine(Generic[S]):
    """The courses of one kind.

    `closed` are the states in which nothing need be owed; every other state owes one of its kinds of obligation in
    the plan (`owes`). Raises `MachineFault` where a sign leads to two states, a state can't be reached or not left
    for a closed one, or an open state owes nothing.
    """

    name: str
    start: S
    moves: tuple[Move[S], ...]
    closed: frozenset[S]
    owes: Mapping[S, tuple[str, ...]] = field(hash=False)

    def __post_init__(self) -> None:
        each = [(state, one.sign) for one in self.moves for state in one.come_from]
        if len(each) != len(set(each)):
            raise MachineFault(f"{self.name}: a sign leads from one state to two.")
        if unreached := self.states - self._reachable({self.start}):
            raise MachineFault(f"{self.name}: nothing leads to {', '.join(sorted(unreached))}.")
        for state in self.states - self.closed:
            if not self._reachable({state}) & self.closed:
                raise MachineFault(f"{self.name}: no way out of {state}.")
            if not self.owes.get(state):
                raise MachineFault(f"{self.name}: nobody owes anything in {state}.")

    @cached_property
    def states(self) -> frozenset[S]:
        return frozenset({self.start, *(state for one in self.moves for state in (*one.come_from, one.to))})

    def after(self, state: S, sign: str) -> S | None:
        """The state to which a sign leads from here; None where it has no move."""
        return next((one.to for one in self.moves if one.sign == sign and state in one.come_from), None)

    def can(self, state: S, sign: str) -> bool:
        """Whether a sign has a move from here."""
        return self.after(state, sign) is not None

    def fold(self, signs: Iterable[str]) -> S:
        """The state after these signs, in order; one without a move changes nothing."""
        state = self.start
        for sign in signs:
            state = self.after(state, sign) or state
        return state

    def arrows(self) -> Iterator[tuple[S, str, S]]:
        """Each move by itself, as it is drawn."""
        for one in self.moves:
            for state in one.come_from:
                yield state, one.sign, one.to

    def _reachable(self, found: set[S]) -> set[S]:
        while more := {to for state, _, to in self.arrows() if state in found} - found:
            found |= more
        return found


def drawn(machine: Machine[S]) -> str:
    """The machine as a state diagram in Mermaid, the signs between two states on one arrow."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{_words(state)}" as {_name(state)}' for state in sorted(machine.states)]
    lines.append(f"    [*] --> {_name(machine.start)}")
    between: dict[tuple[S, S], list[str]] = {}
    for state, sign, to in machine.arrows():
        between.setdefault((state, to), []).append(_words(sign))
    lines += [f"    {_name(state)} --> {_name(to)}: {', '.join(signs)}" for (state, to), signs in between.items()]
    left = {state for state, _, to in machine.arrows() if to != state}
    lines += [f"    {_name(state)} --> [*]" for state in sorted(machine.closed - left)]
    return "\n".join(lines)


def _words(code: str) -> str:
    return code.replace("-", " ")


def _name(code: str) -> str:
    return code.replace("-", "_")
