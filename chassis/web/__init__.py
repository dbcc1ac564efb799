"""Pages and API of a service: what a page's author needs, and where it is.

**The application.** In `app.py`, once:

    from chassis import web
    ROOMS = (
        web.Room("/", N_("Waiting for me"), web.signed_in),
        web.Room("/cases", N_("Cases"), web.allow("coach", "workshop-instructor")),
        web.Room("/", N_("Figures"), web.signed_in, service="reporting"),
    )

    def build(settings: Settings, clock: Clock = system_clock) -> Service:
        database = Database(settings, clock)
        app = web.application(settings, clock, database, side="municipal", rooms=ROOMS, folder=Path(__file__).parent,
                              routes=[cases.pages.routes, cases.api.routes], title="Coaching")
        return web.with_health(Service(settings.service, settings, clock, database, app,
                                       timers=[*web.timers(database), …]))

The first migration runs `chassis.web.DDL` (sign-in, tokens, idempotency), one `op.execute` for all of it. All
paths are below `/<service>`: a route says `/cases`, a template `{{ base }}/cases`, code `page.path("/cases")`.

**Routes** stand in `pages.py` and `api.py`; without a policy the service does not start.

    routes = Routes("cases")

    @routes.page("GET", "/cases/{case_id}", policy=allow("coach", own="case"))
    async def show(case_id: CaseId, page: Page, db: Db) -> Response:
        case = await store.case(db, case_id, page.who)          # the rule of `own` is in this query
        return page.render("case.html", case=case)

    @routes.api("POST", "/api/cases/{case_id}/start", policy=allow("coach", own="case"), scope="cases", status=204)
    async def start(case_id: CaseId, command: Start, who: Who, db: Db) -> None:
        await handlers.start_coaching(db, case_id, command.on, who)

`db: Db` is the request's transaction: it commits before the answer leaves and is undone by an exception or an
answer of 400 or more (what was read and shown all the same stays in the audit log). Raise
`Refused(refusal)`; the edge makes it a problem (RFC 9457) or a page. `policy`: `allow(*roles, own=…)`, `signed_in`,
`public` (sees no session, no cookie). Pages take cookies and no tokens, the API tokens (`scope`) and no cookies.
A POST of the API needs `Idempotency-Key`, gives 201 with `Location` (`response: Response` as a parameter,
`response.headers["Location"] = …`) or 204; a repeat is answered with the same status and Location.
`raise Refused(chassis.policy.SignInAgain())` asks a person for a fresh sign-in; `page.session.started_at` says
how old this one is. Files up to 2 MiB: `files=True`.

**Page**: `page.who` (id, name, organisation, roles, `has("coach")`), `page.language`, `page.now`, `page.today`,
`page.gettext("…")`, `page.ngettext("%(num)s case", "%(num)s cases", n)`, `page.render(template, status=200, **values)`,
`page.redirect("/cases", said=page.gettext("The attempt is recorded."))`, `page.is_fragment` (htmx asks for a part),
`await page.form(Model)`.

**Forms.** A pydantic model names the fields (blank is left out: optional ones have a default):

    class Attempt(BaseModel):
        on: date
        how: Literal["call", "text-message"]
        note: str | None = Field(None, max_length=500)

    @routes.page("POST", "/cases/{case_id}/attempts", policy=COACHES)
    async def record(case_id: CaseId, page: Page, db: Db) -> Response:
        form = await page.form(Attempt, {"on": page.gettext("Write the day of the attempt.")}, multiline=["note"])
        if not form.ok:
            return page.render("attempt.html", 422, form=form, …)
        await handlers.record_attempt(db, case_id, form.read, page.who)
        return page.redirect(f"/cases/{case_id}", said=page.gettext("The attempt is recorded."))

The page that shows it first passes `form=blank(on=page.today)`. A rule of ours is said at a field (or, with the name
"", above them all): `except Refused as no: form.refuse("on", page.sentence(no.refusal))`, then the page with 422, which
undoes what the handler had begun. Each POST carries the form's key, which `ui.form` puts in: sent twice, done once.
A POST that changes nothing (a search, a reveal) is `repeatable=True`. When the session has run out, what was typed is
kept. `ui.form(…, target="#contact")` has htmx put the answer into a part of the page.

**Templates** lie in `templates/` of the service or of a capability (a name is unique in the service); what the
public reads lies in `templates/public/`.

    {% extends "chassis/page.html" %}
    {% block title %}{{ _("Case %(number)s", number=case.number) }}{% endblock %}
    {% block content %}
    {{ ui.heading(_("Case %(number)s", number=case.number), tag=ui.tag(_("Contact under way"), "warning")) }}
    {% call ui.form("/cases/" ~ case.id ~ "/attempts", form) %}
      {{ ui.field("on", _("Day"), type="date") }}
      {{ ui.choice("how", _("How"), [("call", _("Call")), ("text-message", _("Text message"))]) }}
      {{ ui.area("note", _("Note"), rows=3) }}
      {{ ui.button(_("Record the attempt")) }}
    {% endcall %}
    {% endblock %}

The home of each service, `Odottaa minua`, is `chassis.web.waiting`; forms of the public are guarded by
`chassis.web.public_form`.

Every macro of `templates/ui.html` is there as `ui.…` without an import; its head lists them. A part that htmx
fetches is a template that extends nothing. A page has no style of its own, no inline script, no inline style.

**Filters**: `date` 24.11.2026, `day` ti 24.11., `time` 13.00, `at` klo 13.00, `moment` pe 20.11.2026 klo 10.12,
`due` (day, with the time if it has one), `month` marraskuu 2026 (of 2026-11), `left(today)` "2 arkipäivää", `number`,
`percent` (of a share: 0.595), `euros` (of cents), `phone`, `machine` (for `<time datetime>`). None is shown as an en
dash.

**Messages** are English in code and templates, and translated in `catalogues/fi/messages.po` of the service (of
what is in `templates/public/`, `catalogues/sv/` too). In templates `_("…")`, `_("… %(name)s", name=…)`,
`{% trans count=n %}…{% pluralize %}…{% endtrans %}`; in code `page.gettext`, `page.ngettext`, and `N_("…")` for a label
in a table that a template translates: `STATUS = {"open": N_("Contact under way")}`, `{{ _(STATUS[case.status]) }}`.
A percent sign in a message is `%%`. Names of organisations, roles, services and codes come from the plan:
`plan.on(day).services[code].text(page.language)`.
`python -m chassis.web.catalogue services/<name>` takes new messages out of the code; a unit test fails on one that
is not translated. What the chassis has translated needs no second translation.

**Page tests** have a real browser: `tests/pages/harness.py`.
"""

from chassis.idempotency import DDL as IDEMPOTENCY_DDL
from chassis.policy import allow, public, signed_in
from chassis.sessions import DATED as SESSIONS_DATED
from chassis.sign_in import DDL as SIGN_IN_DDL
from chassis.tokens import DDL as TOKENS_DDL
from chassis.web.application import application, timers, with_health
from chassis.web.forms import Form, blank
from chassis.web.navigation import Room
from chassis.web.routes import Asked as Page
from chassis.web.routes import Db, Routes, Who, check_policies, table
from chassis.web.texts import N_

DDL = ";\n".join([SIGN_IN_DDL, TOKENS_DDL, IDEMPOTENCY_DDL])
"""All tables that pages and API need, for the service's first migration."""
DATED = SESSIONS_DATED
"""What the second migration adds to them."""

__all__ = [
    "DATED",
    "DDL",
    "N_",
    "Db",
    "Form",
    "Page",
    "Room",
    "Routes",
    "Who",
    "allow",
    "application",
    "blank",
    "check_policies",
    "public",
    "signed_in",
    "table",
    "timers",
    "with_health",
]
