"""A request that comes while the database goes away is answered 503, and the next finds the database again."""

from tests.component.referral_side import area
from tests.waiting import until

CUT = "select pg_terminate_backend(pid) from pg_stat_activity " \
      "where datname = current_database() and usename = 'referral' and query not like 'LISTEN%'"


async def test_a_lost_connection_is_no_fault_of_the_request(world):
    async with world.running("referral") as running:
        client = await area(running)
        made = await client.refer()
        server = await world.connect("referral", "postgres")
        try:

            async def away():
                await server.execute(CUT)
                answer = await client.get(f"/referrals/{made['referral_id']}")
                return answer if answer.status_code != 200 else None

            answer = await until(away, what="an answer without a database")
        finally:
            await server.close()

        assert answer.status_code == 503
        assert answer.json()["code"] == "service-unavailable"
        assert "Try again" in answer.json()["detail"]
        assert (await client.shown(made["referral_id"]))["referral_id"] == made["referral_id"]
