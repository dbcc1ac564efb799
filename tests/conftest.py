"""What tests are handed: a stack for each worker, a world for each module."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from tests.stack import Stack, World
from tests.stack import stack as make_stack

settings.register_profile("here", deadline=None)  # a busy machine is no fault
settings.register_profile("before-landing", settings.get_profile("here"), derandomize=True)
"""The same examples each time: what fails is the change."""
settings.load_profile("before-landing" if "CI" in os.environ else "here")


@pytest.fixture(scope="session", autouse=True)
def traces() -> None:
    """Spans have ids, as in a service's process."""
    trace.set_tracer_provider(TracerProvider())


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The worker's Kafka and Postgres."""
    with make_stack() as made:
        yield made


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[World]:
    """The module's topics and databases."""
    async with stack.world() as made:
        yield made


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A stack of the module's own: for faults that other modules must not feel."""
    with make_stack() as made:
        yield made
