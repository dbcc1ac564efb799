"""A short storm: services, Kafka and Postgres are killed at random instants while referrals come in; nothing is lost,
nothing comes twice. `python -m tests.system.storm` is the long one."""

import pytest

from tests.system import storm, storm_checks


@pytest.mark.timeout(240)
async def test_whatever_is_killed_nothing_is_lost_and_nothing_comes_twice(own_stack):
    async with own_stack.world() as world, storm.gathering(world, seed=7) as made:
        await storm.rage(made, 40, clients=20, pause=1.5, rounds=1, seconds=60, kills=11)
        await storm_checks.rest(made, 120)

        found = await storm_checks.look(made)

        assert found.wrong == []
        assert found.figures["ReferralConsented"] == len(made.sent) > 0
        assert sum(n for name, n in made.seen.items() if name.startswith("killed")) > 0
