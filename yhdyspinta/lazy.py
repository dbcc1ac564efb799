"""Commands that are imported when they are called.

The list of commands needs their names and what each is for: that is read from the source of its module, where it is
said once (a function's docstring, a group's `help`), without running it.
"""

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

ROOT = Path(__file__).parent.parent


class Contents(TyperGroup):
    """A group whose commands stand in `contents`: panel, name, `module:attribute`."""

    contents: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(name, help=purpose(place), rich_help_panel=panel)
            for panel, places in self.contents.items() for name, place in places.items()
        }
        self._places = {name: place for places in self.contents.values() for name, place in places.items()}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, imported."""
        name, shown, rest = super().resolve_command(ctx, args)
        return name, load(shown.name, self._places[shown.name]) if shown and shown.name else shown, rest


def load(name: str, place: str) -> Any:
    """The command at a place, ready to be called by this name."""
    module, attribute = place.split(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name, group.no_args_is_help = name, True
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


@cache
def purpose(place: str) -> str:
    """What the command at a place is for, from its module's source."""
    module, attribute = place.split(":")
    file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return (ast.get_docstring(node) or "").split("\n\n")[0]
        if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id == attribute and isinstance(node.value, ast.Call)):
            return next(str(ast.literal_eval(k.value)) for k in node.value.keywords if k.arg == "help")
    raise LookupError(f"{place} is no command")
