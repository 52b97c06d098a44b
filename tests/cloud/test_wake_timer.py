import asyncio

from presslight.cloud.wake_timer import WakeTimer

HOUR = 3_600 * 10**9


async def test_earliest_time_wins_and_the_answer_sets_the_next() -> None:
    rung = asyncio.Event()

    def ring() -> int | None:
        rung.set()
        return HOUR

    timer = WakeTimer(lambda: 0, ring)
    timer.wake_at(2 * HOUR)
    timer.wake_at(3 * HOUR)
    assert timer.at == 2 * HOUR
    timer.wake_at(-1)  # is due already
    await rung.wait()
    assert timer.at == HOUR
    timer.cancel()
    assert timer.at is None


async def test_timer_rests_where_nothing_is_due() -> None:
    rung = asyncio.Event()

    def ring() -> int | None:
        rung.set()
        return None

    timer = WakeTimer(lambda: 0, ring)
    timer.wake_at(0)
    await rung.wait()
    assert timer.at is None
