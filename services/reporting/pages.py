"""Pages: Tilastot (figures)."""

from typing import Any

from starlette.responses import Response

from chassis.web import Page, Routes, signed_in

routes = Routes("figures")


@routes.page("GET", "/", policy=signed_in)
async def show(page: Page) -> Response:
    values: dict[str, Any] = {}
    return page.render("figures.html", **values)
