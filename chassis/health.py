"""Liveness, readiness and metrics of a service, outside its policy: they tell codes and numbers alone."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def routes(service: Callable[[], Any]) -> list[Route]:
    """`/health/live`, `/health/ready` (503 with the codes of what is not ready) and `/metrics`."""

    async def live(_: Request) -> Response:
        return JSONResponse({"service": service().name, "live": True})

    async def ready(_: Request) -> Response:
        reasons = service().unready()
        return JSONResponse({"service": service().name, "ready": not reasons, "waiting_for": reasons},
                            status_code=503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
