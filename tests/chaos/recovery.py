"""Promises of recovery: nothing spins, little is lost with a worker, and one that wakes up writes nothing."""

import asyncio
import signal
import time
from collections import Counter

from chaos import nemesis
from chaos.people import Json, Person
from chaos.promise import CALM, SCALED, TIMES, Measured, Promise, Scale
from chaos.reading import verdict
from chaos.scene import Scene
from fake_openai import END, text

ENDING_SECONDS = 60 / TIMES
RATE = 50
# As the product saves by default: every 0.5 s.
LAG_SECONDS = 1.0


async def end_all(scene: Scene, scale: Scale) -> Measured:
    """After each single fault, every answer that was running is final in time."""
    measured = Measured()
    faults = nemesis.random_order(scene.random)[: None if scale.slack == 1 else 5]
    each = scale.count(1000, least=30) // len(faults)
    settled: dict[str, float] = {}
    ends: Counter[str] = Counter()
    seconds = 2.0
    for fault in faults:
        people = scene.people(each)
        keys = await asyncio.gather(*(person.ask(f"count-n{round(seconds * RATE)}-r{RATE}") for person in people))
        await asyncio.sleep(scene.random.uniform(0, seconds / 2))
        await nemesis.strike(scene, fault)
        await scene.ready()
        started = time.monotonic()
        answers = await asyncio.gather(*(person.ended(key) for person, key in zip(people, keys, strict=True)))
        # What an answer takes by itself, and what is allowed to silence, is no fault.
        settled[nemesis.name_of(fault)] = max(0.0, time.monotonic() - started - seconds)
        ends.update(answer["status"] for answer in answers)
    measured.note(f"{ends.total()} answers, 0 stuck, ended {dict(ends)}, after {len(settled)} faults")
    slowest = max(settled, key=lambda name: settled[name])
    measured.note(f"slowest after {slowest}")
    measured.within("final", list(settled.values()), goal=ENDING_SECONDS, scale=scale)
    return await verdict(scene, measured, most_requests=60)


async def lose_little(scene: Scene, scale: Scale) -> Measured:
    """Compare, at the moment of kill -9 of all workers, what tabs show with what is stored."""
    measured = Measured()
    lags: list[float] = []
    waits: list[float] = []
    for _ in range(scale.count(10)):
        people = scene.people(20)
        tabs = [scene.tab(person) for person in people]
        await asyncio.gather(*(tab.__aenter__() for tab in tabs))
        keys = await asyncio.gather(*(person.ask(f"count-n300-r{RATE}") for person in people))
        await asyncio.gather(*(tab.follow(key) for tab, key in zip(tabs, keys, strict=True)))
        await asyncio.sleep(scene.random.uniform(1.5, 3))
        for name in ("worker", "worker-2"):
            scene.stack.kill(name, signal.SIGKILL)
        await asyncio.sleep(0.3)
        shown = [tab.content(key) for tab, key in zip(tabs, keys, strict=True)]
        stored = [(await person.message(key))["content"] for person, key in zip(people, keys, strict=True)]
        lags += [
            max(0, len(here.split()) - len(there.split())) / RATE for here, there in zip(shown, stored, strict=True)
        ]
        await asyncio.gather(*(scene.stack.restart(name) for name in ("worker", "worker-2")))
        started = time.monotonic()
        await asyncio.gather(*(person.ended(key) for person, key in zip(people, keys, strict=True)))
        waits.append(time.monotonic() - started - 300 / RATE)
        await asyncio.gather(
            *(tab.until(lambda: tab.has_ended(key), what="the end") for tab, key in zip(tabs, keys, strict=True))  # noqa: B023
        )
        for tab, key in zip(tabs, keys, strict=True):
            tab.note_end(key)
        await asyncio.gather(*(tab.__aexit__(None, None, None) for tab in tabs))
    measured.within("stored lags shown by", lags, goal=LAG_SECONDS, scale=scale)
    measured.within("recovered (unscaled)", waits, goal=60, scale=scale)
    return await verdict(scene, measured, most_requests=3)


async def write_alone(scene: Scene, scale: Scale) -> Measured:
    """Suspend a worker until another has taken its answers over, and let it wake and go on."""
    measured = Measured()
    wanted, taken, rounds = scale.count(200, least=4), 0, 0
    while taken < wanted and rounds < wanted:
        rounds += 1
        people = scene.people(12)
        models = [f"twice-n200-r{rounds}x{number}" for number in range(len(people))]
        for model in models:
            for letter in "abcdef":
                scene.provider.script(model, numbered(letter), times=1)
        async with scene.tab(people[0]) as tab:
            keys = await asyncio.gather(*(person.ask(model) for person, model in zip(people, models, strict=True)))
            await tab.follow(keys[0])
            await asyncio.sleep(scene.random.uniform(0.5, 1.5))
            await nemesis.strike(scene, nemesis.suspend_worker)
            answers = await asyncio.gather(*(ended(person, key) for person, key in zip(people, keys, strict=True)))
            await tab.until(lambda: tab.has_ended(keys[0]), what="the end")  # noqa: B023
            tab.note_end(keys[0])
        taken += sum(answer["rev"] > 0 for answer in answers)
        wrong = [answer["content"][:40] for answer in answers if answer["status"] != "complete"]
        measured.expect(not wrong, f"answers of round {rounds} are not complete: {wrong}")
    measured.note(f"{taken} takeovers in {rounds} suspensions")
    measured.expect(taken >= wanted, f"only {taken} takeovers")
    return await verdict(scene, measured, most_requests=6)


def numbered(letter: str) -> list[bytes | dict[str, float]]:
    """Four seconds of text that tells one attempt from another."""
    words = [text(f"{letter}{n} ") for n in range(1, 201)]
    return [part for word in words for part in (word, {"delay": 0.02})] + [END]


async def ended(person: Person, key: str) -> Json:
    """The answer, once final, and still the same after the suspended worker has had its time."""
    await person.ended(key)
    await asyncio.sleep(1)
    return await person.message(key)


PROMISES = (
    Promise(
        number=6,
        title="Nothing spins for ever",
        goal=f"0 stuck of 1,000; final ≤ 60 s (here ÷ {TIMES:g}: {ENDING_SECONDS:g} s) after any single fault",
        run=end_all,
        setting=SCALED,
        is_stored=True,
    ),
    Promise(
        number=7,
        title="kill -9 loses little",
        goal="stored text lags shown text by ≤ 1 s of output (product's times)",
        run=lose_little,
        setting=CALM,
    ),
    Promise(
        number=12,
        title="One writer",
        goal="200 takeovers by SIGSTOP/SIGCONT: 0 stale bytes",
        run=write_alone,
        setting=SCALED,
        is_stored=True,
    ),
)
