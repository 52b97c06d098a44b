import asyncio
from collections import Counter

from presslight.cloud.uvicorn_protocols.start_queue import CHECKS_PER_ITERATION, StartQueue


async def test_little_is_begun_in_a_turn_and_all_of_it_in_order() -> None:
    start_queue, begun, turn = StartQueue(2), list[tuple[int, int]](), 0

    def begin(number: int) -> bool:
        begun.append((turn, number))
        return True

    for number in range(7):
        if start_queue.request(lambda number=number: begin(number)):  # type: ignore[misc] # mypy cannot type a lambda's default
            begin(number)
    while len(begun) < 7:
        turn += 1
        await asyncio.sleep(0)
    assert [number for _, number in begun] == list(range(7))
    assert all(sum(at == turn for at, _ in begun) <= 2 for turn in range(9))


async def test_who_is_gone_takes_nobodys_turn() -> None:
    start_queue, begun = StartQueue(1), asyncio.Event()

    def begin() -> bool:
        begun.set()
        return True

    assert start_queue.request(begin)
    for _ in range(50):
        start_queue.request(lambda: False)
    start_queue.request(begin)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert begun.is_set()


async def test_of_those_who_are_gone_so_many_are_passed_over_in_each_turn() -> None:
    start_queue, asked, turn = StartQueue(1), Counter[int](), 0

    def gone() -> bool:
        asked[turn] += 1
        return False

    assert start_queue.request(gone)
    for _ in range(2 * CHECKS_PER_ITERATION + 1):
        start_queue.request(gone)
    while asked.total() < 2 * CHECKS_PER_ITERATION + 1:
        turn += 1
        await asyncio.sleep(0)
    assert sorted(asked.values()) == [1, CHECKS_PER_ITERATION, CHECKS_PER_ITERATION]


async def test_turn_comes_anew_when_nobody_waits() -> None:
    start_queue = StartQueue(1)
    for _ in range(3):
        assert start_queue.request(lambda: True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
