"""Projects take turns: what one of them sends in any number keeps no other from being served."""

import asyncio
import threading
from functools import partial

import pytest

from opencbr import deadline
from opencbr.api.pools import QUEUE, Busy, Pool

THREADS = 4


async def flooded(pool: Pool, held: threading.Event) -> "list[asyncio.Task[bool]]":
    """Have one project send more than there is room for, all of it held; return what was let in."""
    tasks = [asyncio.create_task(pool.run(held.wait, "many")) for _ in range(2 * THREADS * (1 + QUEUE))]
    await asyncio.sleep(0)
    let_in = []
    for task in tasks:
        if task.done():
            with pytest.raises(Busy):
                task.result()
        else:
            let_in.append(task)
    return let_in


def run(scenario) -> None:
    pool, held = Pool("test", THREADS), threading.Event()

    async def whole() -> None:
        try:
            await asyncio.wait_for(scenario(pool, held), 60)
        finally:
            held.set()
            pool.close()

    asyncio.run(whole())


def test_a_project_whose_requests_all_hang_leaves_a_thread_and_places_to_the_others():
    async def scenario(pool: Pool, held: threading.Event) -> None:
        let_in = await flooded(pool, held)
        assert len(let_in) == THREADS * (1 + QUEUE) * 3 // 4
        assert await asyncio.gather(*(pool.run(partial(int, n), "few") for n in range(9))) == list(range(9))
        held.set()
        assert await asyncio.gather(*let_in) == [True] * len(let_in)
        # All room is there again.
        again = await flooded(pool, held)
        assert len(again) == len(let_in)
        await asyncio.gather(*again)

    run(scenario)


def test_projects_take_turns():
    async def scenario(pool: Pool, held: threading.Event) -> None:
        order: list[str] = []
        holders = [asyncio.create_task(pool.run(held.wait, f"holder {n}")) for n in range(THREADS)]
        await asyncio.sleep(0)
        lock = threading.Lock()

        def note(sender: str) -> None:
            with lock:
                order.append(sender)

        senders = ["many"] * 40 + ["few"] * 2
        work = [asyncio.create_task(pool.run(partial(note, sender), sender)) for sender in senders]
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*holders, *work)
        # As many threads as there are may overtake one another.
        assert max(at for at, sender in enumerate(order) if sender == "few") < 4 + THREADS

    run(scenario)


def test_who_does_not_get_a_thread_in_time_gives_the_place_back():
    async def scenario(pool: Pool, held: threading.Event) -> None:
        holders = [asyncio.create_task(pool.run(held.wait, f"holder {n}")) for n in range(THREADS)]
        await asyncio.sleep(0)
        with deadline.within(0.05):
            waiting = [asyncio.create_task(pool.run(int, "late")) for _ in range(4)]
        for task in waiting:
            with pytest.raises(Busy):
                await task
        held.set()
        await asyncio.gather(*holders)
        assert await pool.run(int, "late") == 0
        # Nothing is kept of whom nothing is done for.
        assert (pool._waiting, pool._held, pool._running) == ({}, {}, {})

    run(scenario)


def test_what_the_work_raises_is_raised():
    def failing() -> None:
        raise ValueError("of its own")

    async def scenario(pool: Pool, _held: threading.Event) -> None:
        with pytest.raises(ValueError, match="of its own"):
            await pool.run(failing, "one")

    run(scenario)
