"""`yhdyspinta plan check|diff`: is a plan's file right, and what differs between two years?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from contracts import plan as plans
from contracts.plan.told import Difference, differences, values
from yhdyspinta.commands import output

FOLDER = Path(plans.__file__).parent
plan = typer.Typer(help="The action plan as data: is a file right, what differs between two years?")
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@plan.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The plan, <year>.toml.", show_default=False)],
    json: Json = False,
) -> None:
    """Says of a plan's file what is wrong with it: file, line, field and what to do, or that nothing is.

    Exit code 0: nothing is wrong; 1: something is; 2: the file can't be read.
    """
    fault, found = "", None
    try:
        found = _read(file)
    except plans.PlanError as wrong:
        fault = str(wrong)
    if json:
        assumed = sum(value.assumed for value in values(found)) if found else 0
        output.as_json({"file": str(file), "right": found is not None, "sentence": fault or None,
                        "year": found.year if found else None, "values": len(values(found)) if found else 0,
                        "assumed": assumed})
    elif found:
        told = values(found)
        output.say(f"{file} is right: the plan of {found.year}, in force from {found.valid_from} to "
                   f"{found.valid_until}; {len(told)} values, {sum(v.assumed for v in told)} of them assumed.")
    if fault:
        if not json:
            output.say(fault)
        raise typer.Exit(1)


@plan.command("diff")
def diff(
    was: Annotated[str, typer.Argument(help="A year that is here, such as 2025, or a file.", show_default=False)],
    now: Annotated[str, typer.Argument(help="The other year, or file.", show_default=False)],
    json: Json = False,
) -> None:
    """Tells what differs between two plans, value by value.

    Exit code 0: it is told, whether or not anything differs; 1: a file is wrong; 2: there is no such plan.
    """
    try:
        before, after = _plan(was), _plan(now)
    except plans.PlanError as wrong:
        output.give_up(str(wrong))
    found = differences(before, after)
    if json:
        output.as_json([_row(each) for each in found])
        return
    for each in found:
        output.say(each.sentence)
    output.say(f"{len(found)} values differ." if found else "No value differs.")


def _row(each: Difference) -> dict[str, Any]:
    return {"path": each.path, "was": each.was.text if each.was else None, "now": each.now.text if each.now else None,
            "section": each.now.section if each.now else None, "assumed": each.now.assumed if each.now else None,
            "sentence": each.sentence}


def _plan(name: str) -> plans.Plan:
    """The plan of a year that is here, or of a file."""
    if name.isdigit():
        for each in plans.ALL:
            if each.year == int(name):
                return each
        output.give_up(f"There is no plan of {name}: there are {', '.join(str(p.year) for p in plans.ALL)}.", 2)
    return _read(Path(name))


def _read(file: Path) -> plans.Plan:
    """The plan of a file, which may be a copy of another beside it, or of one that is here."""
    try:
        beside = {path.name: path.read_text(encoding="utf-8")
                  for folder in (FOLDER, file.parent) for path in folder.glob("[0-9]*.toml")}
        return plans.read(file.name, file.read_text(encoding="utf-8"), beside)
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        output.give_up(f"{file} can't be read ({why}).", 2)
