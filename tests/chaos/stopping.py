"""The promise of the stop button: the provider's socket closes, wherever the answer is."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from chaos.people import Person
from chaos.promise import Measured, Promise, Scale
from chaos.reading import verdict
from chaos.scene import Scene, crowd
from fake_openai import Record

type Case = Callable[[Scene, Person], Awaitable[float]]


async def stop_everywhere(scene: Scene, scale: Scale) -> Measured:
    """Stop answers in every state, half of them from a tab that did not ask."""
    cases = (while_streaming, before_the_first_token, while_queued, while_waiting_to_retry)
    scene.provider.script("silent", [{"hang": True}])
    scene.provider.script("busy", [b"{}"], status=503, headers={"retry-after": "20"})
    jobs = [(case, person) for case in cases for person in scene.people(scale.count(75, least=3))]
    took = await crowd(jobs, lambda job: job[0](scene, job[1]), at_once=20)
    ends = Counter(row[6] for row in await scene.database.rows(LATEST))
    measured = Measured(f"{len(jobs)} stops in {len(cases)} states, ended {dict(ends)}")
    measured.within("closed", took, goal=1, part=0.95, scale=scale)
    measured.within("closed", took, goal=2, scale=scale)
    return await verdict(scene, measured, most_requests=3)


LATEST = """SELECT id, chat_id, parent_id, role, model, rev, status FROM chattable_message
    WHERE role = 'assistant' AND model IN ('silent', 'busy', 'count-n2000-r50', 'count-n2001-r50')"""


def record_of(scene: Scene, content: str) -> Record | None:
    """The last request that the provider got for this turn."""
    found = [record for record in scene.provider.requests if record.body["messages"][-1]["content"] == content]
    return found[-1] if found else None


async def until(condition: Callable[[], object], *, what: str) -> None:
    """Return when it holds."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within 60 s")
        await asyncio.sleep(0.01)


async def stop(scene: Scene, person: Person, key: str, *, content: str = "") -> float:
    """Stop the answer; the seconds until the provider saw its client leave and the answer is final."""
    started = time.monotonic()
    await person.call("POST", f"/api/messages/{key}/stop/")
    if content:
        record = record_of(scene, content)
        await until(lambda: record is None or record.closed_by, what="the provider's socket")
    closed = time.monotonic() - started
    await person.ended(key)
    # The answer's own end is seen a little late, by asking.
    return closed if content else time.monotonic() - started


async def while_streaming(scene: Scene, person: Person) -> float:
    """Text is coming; another tab of the same owner stops it."""
    chat = await person.chat()
    content = f"stream {chat}"
    key = await person.send(chat, model="count-n2000-r50", content=content)
    async with scene.tab(person) as tab:
        await tab.follow(key)
        await tab.until(lambda: len(tab.content(key)) > 20, what="the first words")
        took = await stop(scene, person, key, content=content)
        await tab.until(lambda: tab.has_ended(key), what="the end")
        tab.note_end(key)
    return took


async def before_the_first_token(scene: Scene, person: Person) -> float:
    """The provider has been asked and says nothing."""
    chat = await person.chat()
    content = f"silence {chat}"
    key = await person.send(chat, model="silent", content=content)
    await until(lambda: record_of(scene, content), what="the request")
    return await stop(scene, person, key, content=content)


async def while_queued(scene: Scene, person: Person) -> float:
    """The answer before it is still running; the provider is never asked."""
    chat = await person.chat()
    first = await person.send(chat, model="count-n2001-r50", content=f"first {chat}")
    key = await person.send(chat, model="silent", content=f"queued {chat}")
    took = await stop(scene, person, key)
    await stop(scene, person, first)
    if record_of(scene, f"queued {chat}"):
        scene.history.note("misread", id=key, fault="a queued answer was stopped and yet asked for")
    return took


async def while_waiting_to_retry(scene: Scene, person: Person) -> float:
    """The provider has refused, and is to be asked again later."""
    chat = await person.chat()
    content = f"retry {chat}"
    key = await person.send(chat, model="busy", content=content)
    await until(lambda: (record := record_of(scene, content)) and record.closed_by, what="the refusal")
    return await stop(scene, person, key)


PROMISES = (
    Promise(
        number=8,
        title="Stop closes the provider's socket",
        goal="streaming, before the first token, queued, waiting to retry, from any tab: 95 % ≤ 1 s, all ≤ 2 s",
        run=stop_everywhere,
    ),
)
