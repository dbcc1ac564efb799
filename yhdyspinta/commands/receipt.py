"""`yhdyspinta receipt verify FILE`: who erased what and when, and is it true? Needs public keys and nothing else."""

from pathlib import Path
from typing import Annotated

import typer

from services.referral.receipt import MAX_BYTES, Verdict, verify
from yhdyspinta import provision
from yhdyspinta.commands import output

receipt = typer.Typer(help="Receipts of erased contact details.")


@receipt.callback()
def _group() -> None:
    """Receipts of erased contact details."""


@receipt.command("verify")
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="The receipt, as it was downloaded (JSON).")],
    trust: Annotated[
        Path | None, typer.Option(help="Folder of public keys, <organisation>/<system>/<kid>.jwk.", envvar="TRUST_DIR")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Checks the area's signature over the receipt and each provider's over its acknowledgement.

    Exit code 0: every one holds; 1: one does not; 2: the file is no receipt, or there is no folder of public keys.
    """
    keys = trust or provision.folder() / "trust"
    if not keys.is_dir():
        output.give_up(f"There is no folder of public keys at {keys}. Name it with --trust.", 2)
    try:
        with file.open("rb") as opened:
            verdict = verify(opened.read(MAX_BYTES + 1), keys)
    except OSError as fault:
        output.give_up(f"{file} can't be read ({fault.strerror}).", 2)
    except (ValueError, KeyError, TypeError):
        output.give_up(f"{file} is no receipt. Download it from the referral's page, or from its API.", 2)
    if json:
        output.as_json({
            "number": verdict.number, "genuine": verdict.genuine, "complete": verdict.complete,
            "faults": verdict.faults, "lines": verdict.lines,
        })
    else:
        _say(verdict)
    if not verdict.genuine:
        raise typer.Exit(1)


def _say(verdict: Verdict) -> None:
    if verdict.genuine:
        output.say(f"Receipt of referral {verdict.number}: genuine, every signature in it holds.")
    else:
        output.say(f"Receipt of referral {verdict.number}: NOT to be trusted.")
    for line in (*verdict.faults, *verdict.lines):
        output.say(f"  {line}")
    if verdict.genuine:
        output.say("Every copy it speaks of is erased." if verdict.complete else "It is not complete yet.")
