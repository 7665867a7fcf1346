"""Promises of sending: nothing confirmed is lost, and one send has one effect."""

import asyncio
import uuid

from chaos import nemesis
from chaos.people import Person
from chaos.promise import SCALED, Measured, Promise, Scale
from chaos.scene import Scene, crowd

TURNS_A_CHAT = 8
# Attempts of workers times requests of one attempt.
MOST_REQUESTS = 60


async def lose_nothing(scene: Scene, scale: Scale) -> Measured:
    """Send all the time while the nemesis rages; everything confirmed has to be there in the end."""
    measured, people = Measured(), scene.people(24)
    chats = [people[n % len(people)] for n in range(scale.count(10_000, least=96) // TURNS_A_CHAT)]
    sending = asyncio.ensure_future(crowd(chats, lambda person: converse(scene, person), at_once=len(people)))
    least = scale.count(200, least=6)
    struck = 0

    def is_over() -> bool:
        nonlocal struck
        struck += 1
        return sending.done() and struck > least

    watching = [scene.tab(person) for person in people[:6]]
    await asyncio.gather(*(tab.__aenter__() for tab in watching))
    try:
        faults = await nemesis.rage(scene, until=is_over, pause=2)
        answers = [answer for chat in await sending for answer in chat]
        await scene.ready()
        settled = await scene.settle()
        shown = await end_of_tabs(watching)
    finally:
        sending.cancel()
        await asyncio.gather(*(tab.__aexit__(None, None, None) for tab in watching))
    failures = await scene.judged(most_requests=MOST_REQUESTS)
    measured.note(f"{len(answers)} confirmed, {faults} faults, {shown} answers watched, settled after {settled:.1f} s")
    measured.note(f"{len(failures)} failures")
    measured.faults += [str(failure) for failure in failures[:1]]
    return measured


async def end_of_tabs(tabs: list) -> int:  # type: ignore[type-arg]
    """Tell the history what the tabs show of what they have seen; returns of how many answers."""
    shown = 0
    for tab in tabs:
        keys = [key for key, message in tab.fold.messages.items() if message["role"] == "assistant"]
        await tab.follow(*keys)
        tab.note_end(*keys)
        shown += len(keys)
    return shown


async def converse(scene: Scene, person: Person) -> list[str]:
    """Some turns in one chat, each sent without waiting for the answer before; returns the answers' ids."""
    chat = await person.chat()
    answers = []
    for _ in range(TURNS_A_CHAT):
        model = f"count-n{scene.random.randint(10, 60)}-r{scene.random.choice((50, 200, 0))}"
        answers.append(await person.send(chat, model=model))
        await asyncio.sleep(scene.random.uniform(0, 0.3))
    return answers


async def send_once(scene: Scene, scale: Scale) -> Measured:
    """Repeat and race a third of all sends by the id that the client has chosen."""
    measured = Measured()
    people = scene.people(40)
    chats = [people[n % len(people)] for n in range(scale.count(10_000, least=80) // 10)]
    repeated = sum(await crowd(chats, lambda person: send_and_repeat(scene, person), at_once=len(people)))
    await scene.settle()
    failures = await scene.judged(most_requests=1)
    sends = sum(event["kind"] == "send" for event in scene.history.events)
    unasked = sends - len(scene.provider.requests)
    measured.note(f"{len(chats) * 10} turns, {repeated} repeated or raced, {len(scene.provider.requests)} requests")
    measured.note(f"{len(failures)} failures")
    measured.expect(unasked == repeated or not failures, f"{unasked} sends were never asked")
    measured.faults += [str(failure) for failure in failures[:1]]
    return measured


async def send_and_repeat(scene: Scene, person: Person) -> int:
    """Ten turns in a chat, about three of them sent more than once; returns how many."""
    chat = await person.chat()
    repeated = 0
    for _ in range(10):
        key, model = str(uuid.uuid4()), f"count-n{scene.random.randint(1, 9)}-r0"
        body = {"id": key, "content": f"turn {key}", "model": model}
        fate = scene.random.random()
        if fate < 0.15:
            answers = set(await asyncio.gather(*(person.send(chat, model=model, key=key) for _ in range(3))))
        elif fate < 0.3:
            # The client gives up before it has the answer, and asks again.
            path = f"/api/chats/{chat}/messages/"
            await person.try_call("POST", path, body, patience=scene.random.uniform(0.001, 0.03))
            answers = {await person.send(chat, model=model, key=key) for _ in range(2)}
        else:
            answers = {await person.send(chat, model=model, key=key)}
        repeated += fate < 0.3
        if len(answers) != 1:
            scene.history.note("misread", id=key, fault=f"one send was answered with {len(answers)} answers")
    return repeated


PROMISES = (
    Promise(
        number=1,
        title="No confirmed message is lost",
        goal="0 of 10,000 under the nemesis",
        run=lose_nothing,
        setting=SCALED,
        is_stored=True,
    ),
    Promise(
        number=2,
        title="One send, one effect",
        goal="10,000 sends, 30 % repeated or raced: one turn, one answer, one provider request each",
        run=send_once,
        is_stored=True,
    ),
)
