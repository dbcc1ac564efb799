"""Käyttöloki: who saw or changed which client's data, and why; as a list, as a table to download, and checked."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from io import StringIO
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from chassis import audit, audit_heads
from chassis.officer import log
from chassis.officer.checking import Checking
from chassis.officer.words import Words
from chassis.policy import allow
from chassis.web.forms import Form, blank, read
from chassis.web.navigation import Room
from chassis.web.routes import Asked as Page
from chassis.web.routes import Db, Routes
from chassis.web.texts import N_

routes = Routes()
OFFICERS = allow("data-protection-officer", own="organisation")
ROOMS = (Room("/audit", N_("Audit log"), OFFICERS),)
PAGE_ROWS, DOWNLOADED_ROWS = 50, 10_000
LATELY = timedelta(days=92)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
Asked = Annotated[str, Query(max_length=100)]


class Days(BaseModel):
    """The period that is searched; the other fields are codes and ids."""

    since: date | None = None
    until: date | None = None


@routes.page("GET", "/audit", policy=OFFICERS)
async def show(page: Page, db: Db, about: Asked = "", person: Asked = "", act: Asked = "", since: Asked = "",
               until: Asked = "", after: Annotated[str, Query(pattern=r"^(\d{4}-\d{2}_\d{1,18})?$")] = "") -> Response:
    """Rows of one's own organisation, newest first; reading them is a row itself."""
    asked = {"about": about, "person": person, "act": act, "since": since, "until": until}
    return await _log(page, db, asked if any(asked.values()) else lately(page), after, blank())


@routes.page("GET", "/audit.csv", policy=OFFICERS)
async def download(page: Page, db: Db, about: Asked = "", person: Asked = "", act: Asked = "", since: Asked = "",
                   until: Asked = "") -> Response:
    """The same rows as a spreadsheet opens them, at most `DOWNLOADED_ROWS`."""
    _, wanted = _wanted(page, {"about": about, "person": person, "act": act, "since": since, "until": until})
    found = await _found(page, db, wanted, "", DOWNLOADED_ROWS)
    out = StringIO()
    write = csv.writer(out, delimiter=";" if page.language == "fi" else ",", lineterminator="\r\n").writerow
    write(["at", "person", "organisation", "act", "about_type", "number", "about_id", "reason"])
    for row in found:
        cells = [row.at.isoformat(timespec="seconds"), row.person, row.organisation, row.act, row.about_type,
                 row.number or "", row.about_id, row.reason or ""]
        write([f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell for cell in cells])
    name = f"{page.gettext('audit-log')}-{page.today.isoformat()}.csv"
    return Response("﻿" + out.getvalue(), media_type="text/csv; charset=utf-8",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@routes.page("POST", "/audit/check", policy=OFFICERS, files=True)
async def check(page: Page, db: Db) -> Response:
    """Tarkista eheys: against the heads that the other side gave, if there is a file of theirs."""
    sent = (await page.request.form()).get("heads")
    heads: Sequence[tuple[int, str]] = ()
    if isinstance(sent, UploadFile) and sent.size:
        try:
            heads = audit_heads.read_lines(await sent.read(), db.service)
        except ValueError:
            heads = ()
        if not heads:
            form: Form[Any] = blank()
            form.refuse("heads", page.gettext("The file holds no hashes of this log. Ask the other side for its file."))
            return await _log(page, db, lately(page), "", form)
    await _state(page).begin(page.web.database, page.who, heads)
    return page.redirect("/audit#check")


@routes.page("GET", "/audit/check", policy=OFFICERS)
async def checked(page: Page, db: Db) -> Response:
    """The part that tells how far a check is, until it is done."""
    return page.render("officer-check.html", words=await _words(page, db, ()), **await _checking(page, db))


@routes.page("GET", "/audit/heads", policy=OFFICERS)
async def heads(page: Page, db: Db) -> Response:
    """What is kept here of the other side's logs, for its officer to check with."""
    lines = "".join([audit_heads.lines(of, await audit_heads.kept(db.connection, of))
                     for of in sorted(audit_heads.kept_by(db.service))])
    name = f"{page.gettext('hashes')}-{page.today.isoformat()}.jsonl"
    return Response(lines, media_type="application/jsonl",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


def lately(page: Page) -> dict[str, str]:
    """What is searched where nothing is asked: the last months; of a long log nobody wants the whole at once."""
    day = page.today - LATELY
    return {"about": "", "person": "", "act": "", "since": f"{day.day}.{day.month}.{day.year}", "until": ""}


async def _log(page: Page, db: Db, asked: dict[str, str], after: str, check_form: Form[Any]) -> Response:
    form, wanted = _wanted(page, asked)
    found = await _found(page, db, wanted, after, PAGE_ROWS + 1) if form.ok else []
    here = found[:PAGE_ROWS]
    return page.render(
        "officer-log.html", 422 if form.errors or check_form.errors else 200, words=await _words(page, db, here),
        rows=here, form=form, asked=asked, more=here[-1].place if len(found) > PAGE_ROWS else None, first=not after,
        searched=asked != lately(page), check_form=check_form, **await _checking(page, db))


def _wanted(page: Page, asked: dict[str, str]) -> tuple[Form[Days], log.Search]:
    form = read(FormData([(name, asked[name]) for name in ("since", "until")]), Days, page.texts)
    days = form.model or Days()
    return form, log.Search(about=asked["about"].strip() or None, person=asked["person"].strip() or None,
                            act=asked["act"].strip() or None, since=days.since, until=days.until)


async def _found(page: Page, db: Db, wanted: log.Search, after: str, limit: int) -> list[log.Looked]:
    found = await log.search(
        db, page.web.records, page.who.organisation or "", wanted, after=after, limit=limit)
    known = wanted.about if wanted.about and audit.is_id(wanted.about) else "log"
    await audit.read(db, "audit", known, page.who, "search")
    return found


async def _words(page: Page, db: Db, rows: Sequence[log.Looked]) -> Words:
    return Words(page, await log.names(db, page.web.records, {row.person for row in rows}))


async def _checking(page: Page, db: Db) -> dict[str, Any]:
    last = await log.last_check(db)
    names = await log.names(db, page.web.records, {last.person}) if last else {}
    return {"checking": _state(page), "last": last, "last_by": names.get(last.person, last.person) if last else "",
            "keeps": audit_heads.kept_by(db.service)}


def _state(page: Page) -> Checking:
    """The check of this process, made when it is first asked for."""
    state = page.request.app.state
    if not hasattr(state, "checking"):
        state.checking = Checking()
    found: Checking = state.checking
    return found
