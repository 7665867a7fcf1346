"""Promises of reading: whatever happens to the socket, the tab shows what is stored."""

import asyncio
import signal
import time
from collections.abc import Sequence

from chaos import nemesis
from chaos.people import Person, Tab
from chaos.promise import LOSSY, TIMES, Measured, Promise, Scale
from chaos.scene import Scene, crowd

DAY = 24


async def verdict(scene: Scene, measured: Measured, *, most_requests: int = 3) -> Measured:
    """What the checker finds."""
    failures = await scene.judged(most_requests=most_requests)
    measured.note(f"{len(failures)} failures")
    measured.faults += [str(failure) for failure in failures[:1]]
    return measured


async def cut_and_come_back(scene: Scene, scale: Scale) -> Measured:
    """Cut each answer's socket five times at random moments; the fold is judged at every frame."""
    people = scene.people(scale.count(1000, least=10))

    async def one(person: Person) -> int:
        async with scene.tab(person) as tab:
            key = await person.ask(f"count-n{scene.random.randint(100, 140)}-r20")
            await tab.follow(key)
            for cut in range(1, 6):
                await asyncio.sleep(scene.random.uniform(0, 0.5))
                tab.cut()
                await tab.until(lambda: len(tab.opens) > cut, what="the socket again")  # noqa: B023
            await tab.until(lambda: tab.has_ended(key), what="the end of the answer")
            tab.note_end(key)
            return len(tab.opens) - 1

    cuts = sum(await crowd(people, one, at_once=50))
    measured = Measured(f"{len(people)} answers, {cuts} reconnections")
    return await verdict(scene, measured)


async def come_back_late(scene: Scene, scale: Scale) -> Measured:
    """Leave in the middle; come back at once, after three minutes, and after three days and a Valkey that forgot."""
    people = scene.people(scale.count(60, least=4))

    async def leave(person: Person) -> tuple[Tab, str]:
        tab = scene.tab(person)
        async with tab:
            key = await person.ask(f"count-n{scene.random.randint(60, 90)}-r40")
            await tab.follow(key)
            await tab.until(lambda: len(tab.content(key)) > 20, what="the begin of the answer")
        return tab, key

    left = await asyncio.gather(*(leave(person) for person in people))
    await shown_again(left)
    await asyncio.sleep(180 if scale.is_long else 180 / 30 if scale.share == 1 else 1)
    await shown_again(left)
    await scene.settle()
    for name in ("web", "web-2"):
        for _ in range(3 * DAY):
            scene.stack.kill(name, signal.SIGUSR2)
            await asyncio.sleep(0.002)
    await nemesis.strike(scene, nemesis.flush_valkey)
    await shown_again(left)
    for tab, key in left:
        tab.note_end(key)
    # Their clocks go right again.
    await asyncio.gather(*(scene.stack.restart(name) for name in ("web", "web-2")))
    return await verdict(scene, Measured(f"{len(left)} answers, each left and opened again three times"))


async def shown_again(left: Sequence[tuple[Tab, str]]) -> None:
    """Open the tabs again and let them catch up."""

    async def one(tab: Tab, key: str) -> None:
        opens = len(tab.opens)
        async with tab:
            await tab.until(lambda: len(tab.opens) > opens, what="the socket")
            await tab.follow(key)

    await asyncio.gather(*(one(tab, key) for tab, key in left))


async def catch_up(scene: Scene, scale: Scale) -> Measured:
    """Many open the same long answer at the same moment."""
    [owner] = scene.people(1)
    key = await owner.ask("count-n18500-r0")
    answer = await owner.ended(key)
    clients = scale.count(300, least=20)

    async def one(_: int) -> float:
        started = time.monotonic()
        async with Tab(owner) as tab:
            await tab.follow(key)
            await tab.until(lambda: tab.has_ended(key), what="the whole answer")
            seconds = time.monotonic() - started
            tab.note_end(key)
            return seconds

    took = await asyncio.gather(*(one(n) for n in range(clients)))
    measured = Measured(f"{clients} clients, {answer['content_length'] / 1000:.0f} kB")
    measured.within("whole", took, goal=1, part=0.95, scale=scale)
    return await verdict(scene, measured)


async def close_all_tabs(scene: Scene, scale: Scale) -> Measured:
    """Close every tab after the first words."""

    async def one(person: Person) -> str:
        async with scene.tab(person) as tab:
            key = await person.ask(f"count-n{scene.random.randint(60, 90)}-r40")
            await tab.follow(key)
            await tab.until(lambda: tab.content(key), what="the first words")
        return str((await person.ended(key))["status"])

    ends = await crowd(scene.people(scale.count(200, least=6)), one, at_once=50)
    measured = Measured(f"{ends.count('complete')} of {len(ends)} complete")
    measured.expect(set(ends) == {"complete"}, f"answers ended as {sorted(set(ends))}")
    return await verdict(scene, measured, most_requests=1)


async def bear_losses(scene: Scene, scale: Scale) -> Measured:
    """Read by a channel layer that drops a fifth, doubles a fifth and delays a fifth of all frames."""
    healed: list[float] = []
    late: list[float] = []

    async def one(person: Person) -> None:
        async with scene.tab(person) as tab:
            key = await person.ask(f"count-n{scene.random.randint(80, 120)}-r30")
            await tab.follow(key)
            await tab.until(lambda: tab.has_ended(key), what="the end of the answer")
            tab.note_end(key)
            healed.extend(tab.healed)
            turns = {event["answer"]: event["id"] for event in scene.history.events if event["kind"] == "sent"}
            ends = {record.body["messages"][-1]["content"]: record for record in scene.provider.requests}
            record = ends[f"turn {turns[key]}"]
            late.append(max(0.0, tab.final_at[key] - record.started - (record.closed or 0)))

    people = scene.people(scale.count(300, least=10))
    await crowd(people, one, at_once=40)
    measured = Measured(f"{len(people)} answers, {len(healed)} deltas that came early")
    measured.within("healed", healed, goal=2, scale=scale)
    measured.within("end shown", late, goal=10, scale=scale)
    return await verdict(scene, measured)


PROMISES = (
    Promise(
        number=3,
        title="Every character once and in order",
        goal="1,000 answers, 5 cuts each: always a prefix, in the end what is stored",
        run=cut_and_come_back,
        is_stored=True,
    ),
    Promise(
        number=4,
        title="No resume window",
        goal=f"back after 0 s, 3 min (÷ 30), 3 days (clock): the same; lease times ÷ {TIMES:g} do not matter here",
        run=come_back_late,
    ),
    Promise(
        number=5,
        title="Catching up",
        goal="300 clients at once, an answer of 100 kB: 95 % ≤ 1 s",
        run=catch_up,
    ),
    Promise(
        number=9,
        title="Closing all tabs stops nothing",
        goal="all complete, one provider request each",
        run=close_all_tabs,
    ),
    Promise(
        number=10,
        title="A channel layer may lose, double and delay",
        goal="20 % each: 0 wrong texts, healed ≤ 2 s, a lost last event ≤ 10 s",
        run=bear_losses,
        setting=LOSSY,
    ),
)
