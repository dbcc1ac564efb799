"""What an event's model is made of: its fields down to the last, with all that their annotations say.

Refusals, schemas, the list of codes and the tests that look for free text and data classes read this, so that
nothing is said twice.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts.fields import CodeList, DataClass, FreeText

M = TypeVar("M")


@dataclass(frozen=True)
class Kind:
    """A type without its wrappings: `base` is a class, a `Literal`, a list, an object or a union."""

    base: Any
    marks: tuple[Any, ...] = ()
    nullable: bool = False

    def mark(self, of: type[M]) -> M | None:
        """The outermost mark of this class, or None."""
        return next((mark for mark in reversed(self.marks) if isinstance(mark, of)), None)

    def limit(self, name: str) -> Any:
        """A limit such as `ge`, `max_length`, `pattern`; None where there is none."""
        return next((found for mark in self.marks if (found := getattr(mark, name, None)) is not None), None)

    @property
    def item(self) -> Any:
        """Of a list: the type of its items; None of anything else."""
        return get_args(self.base)[0] if get_origin(self.base) in (tuple, list) else None

    @property
    def names_and_values(self) -> tuple[Any, ...]:
        """Of an object with free names: the types of its names and values; empty of anything else."""
        return get_args(self.base) if get_origin(self.base) is dict else ()

    @property
    def closed(self) -> tuple[Any, ...]:
        """Of a closed list: its values; empty of anything else."""
        return get_args(self.base) if get_origin(self.base) is Literal else ()

    @property
    def model(self) -> type[BaseModel] | None:
        """Of an object with fields: its model."""
        return self.base if isinstance(self.base, type) and issubclass(self.base, BaseModel) else None


@cache
def kind_of(annotation: Any) -> Kind:
    """What an annotation comes to when ids, marks and `| None` are taken off."""
    if hasattr(annotation, "__supertype__"):
        return kind_of(annotation.__supertype__)
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        found = kind_of(inner)
        flat = [part for mark in marks for part in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return Kind(found.base, (*found.marks, *flat), found.nullable)
    if get_origin(annotation) in (Union, types.UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not type(None)]
        nullable = len(choices) < len(get_args(annotation))
        if len(choices) == 1:
            found = kind_of(choices[0])
            return Kind(found.base, found.marks, nullable)
        return Kind(annotation, (), nullable)
    return Kind(annotation)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, Kind]:
    """The fields of a model in their order."""
    hints = get_type_hints(model, include_extras=True)
    return {name: kind_of(hints[name]) for name in model.model_fields}


@dataclass(frozen=True)
class Leaf:
    """A field that holds a value: where it is (`consent/purpose`, `organisations/*`, `measures/{name}`) and what."""

    path: str
    kind: Kind

    def data_class(self, of_topic: DataClass) -> DataClass:
        """Whose data it holds: its own class, else its topic's."""
        return self.kind.mark(DataClass) or of_topic

    @property
    def free_text(self) -> bool:
        """A text of any kind: neither patterned nor a closed list."""
        kind = self.kind
        return kind.mark(FreeText) is not None or (kind.base is str and kind.limit("pattern") is None)


def leaves(model: type[BaseModel]) -> Iterator[Leaf]:
    """Every value that an event of the model may hold."""
    for name, kind in fields_of(model).items():
        yield from _leaves(name, kind)


def _leaves(path: str, kind: Kind) -> Iterator[Leaf]:
    if kind.model is not None:
        for leaf in leaves(kind.model):
            yield Leaf(f"{path}/{leaf.path}", leaf.kind)
    elif kind.item is not None:
        yield from _leaves(f"{path}/*", kind_of(kind.item))
    elif kind.names_and_values:
        names, values = kind.names_and_values
        yield from _leaves(f"{path}/{{name}}", kind_of(names))
        yield from _leaves(f"{path}/{{value}}", kind_of(values))
    else:
        yield Leaf(path, kind)


@dataclass(frozen=True)
class CodeFound:
    """A code in an event, where, and of which list of the plan. `pointer` ends at a name of the schema."""

    pointer: str
    list: str
    code: str


def codes_in(data: BaseModel, pointer: str = "/data") -> Iterator[CodeFound]:
    """The codes of open lists that an event holds."""
    for name, kind in fields_of(type(data)).items():
        yield from _codes(getattr(data, name), kind, f"{pointer}/{name}")


def _codes(value: Any, kind: Kind, pointer: str) -> Iterator[CodeFound]:
    if value is None:
        return
    if isinstance(value, BaseModel):
        yield from codes_in(value, pointer)
    elif kind.item is not None:
        for number, item in enumerate(value):
            yield from _codes(item, kind_of(kind.item), f"{pointer}/{number}")
    elif kind.names_and_values:
        names, values = map(kind_of, kind.names_and_values)
        for name, item in value.items():
            yield from _codes(name, names, pointer)
            yield from _codes(item, values, pointer)
    elif (listed := kind.mark(CodeList)) is not None:
        yield CodeFound(pointer, listed.name, value)


def locate(model: type[BaseModel], steps: tuple[int | str, ...]) -> tuple[str, str, Kind]:
    """JSON pointer, name and kind of what a validation error's steps lead to; all three end at the last name
    that the schema knows, so they never show what a sender wrote."""
    pointer, last, kind = "/data", "data", Kind(model)
    for step in steps:
        if kind.model is not None and step in kind.model.model_fields:
            last = str(step)
            pointer, kind = f"{pointer}/{step}", fields_of(kind.model)[last]
        elif kind.item is not None and isinstance(step, int):
            pointer, kind = f"{pointer}/{step}", kind_of(kind.item)
        else:
            break
    return pointer, last, kind
