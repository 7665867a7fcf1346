"""The promise of overload: whatever is too much is refused or waited for, and nothing grows without bound."""

import asyncio
import time

import aiohttp
import psutil

from chaos.people import Person, Refused, transport_of
from chaos.promise import Measured, Promise, Scale
from chaos.reading import verdict
from chaos.scene import Scene
from chattable.conf import DEFAULTS

MESSAGES_A_MINUTE = 100
MAX_FRAME = 2**16


async def bound_overload(scene: Scene, scale: Scale) -> Measured:
    """Each kind of too much."""
    measured = Measured()
    await refuse_large_frames(scene, measured)
    await refuse_many_messages(scene, measured)
    await drop_slow_readers(scene, measured, scale)
    await cap_running(scene, measured)
    await ask_three_times(scene, measured, scale)
    await wait_outside_the_slot(scene, measured, scale)
    return await verdict(scene, measured, most_requests=3)


async def connect(person: Person) -> aiohttp.ClientWebSocketResponse:
    """A bare socket of the person."""
    url = person.url.replace("http", "ws", 1) + "/ws/"
    return await person.http.ws_connect(url, headers=person.headers, max_msg_size=0, compress=0)


async def closed(socket: aiohttp.ClientWebSocketResponse, *, patience: float = 20) -> bool:
    """Whether the server closes the socket in time."""
    try:
        async with asyncio.timeout(patience):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
    except TimeoutError:
        return False
    return True


async def refuse_large_frames(scene: Scene, measured: Measured) -> None:
    """A frame above 64 kB ends the socket."""
    socket = await connect(scene.people(1)[0])
    await socket.send_str("x" * (MAX_FRAME + 1))
    measured.expect(await closed(socket), "a frame above 64 kB is taken")
    measured.note(f"64 kB frame: {socket.close_code}")


async def refuse_many_messages(scene: Scene, measured: Measured) -> None:
    """More than a hundred messages in a minute end the socket, even heartbeats."""
    socket = await connect(scene.people(1)[0])
    for _ in range(MESSAGES_A_MINUTE + 5):
        if socket.closed:
            break
        await socket.send_str('{"type":"ping"}')
    measured.expect(await closed(socket, patience=10), f"more than {MESSAGES_A_MINUTE} messages a minute are taken")
    measured.note(f"{MESSAGES_A_MINUTE + 5} messages: {socket.close_code}")


async def drop_slow_readers(scene: Scene, measured: Measured, scale: Scale) -> None:
    """A reader who takes nothing costs a bounded memory, and reads the whole text afterwards."""
    [person] = scene.people(1)
    processes = [psutil.Process(scene.stack.pids[name]) for name in ("web", "web-2")]
    before = [process.memory_info().rss for process in processes]
    transports = [transport_of(await connect(person)) for _ in range(10)]
    for transport in transports:
        transport.pause_reading()
    model = f"count-n{scale.count(200_000, least=30_000)}-r0"
    keys = [await person.ask(model) for _ in range(2 if scale.share < 1 else 4)]
    ends = [await person.ended(key, patience=180) for key in keys]
    grown = max(process.memory_info().rss - old for process, old in zip(processes, before, strict=True))
    async with scene.tab(person) as tab:
        await tab.follow(*keys)
        await tab.until(lambda: all(tab.has_ended(key) for key in keys), what="the text after all")
        tab.note_end(*keys)
    for transport in transports:
        transport.abort()
    sent = sum(end["content_length"] for end in ends)
    measured.note(f"10 readers that take nothing of {sent / 1e6:.1f} MB: web grew by {grown / 1e6:.0f} MB")
    # Ten buffers of 1 MB, the kernel's own, and what a process takes for other reasons.
    measured.expect(grown < 120e6, f"web grew by {grown / 1e6:.0f} MB for slow readers")


async def cap_running(scene: Scene, measured: Measured) -> None:
    """An owner has no more open answers than `MAX_RUNNING`."""
    most = int(DEFAULTS.get("MAX_RUNNING", 0))
    measured.expect(most, "there is no cap on running answers")
    [person] = scene.people(1)
    chats = [await person.chat() for _ in range(most + 4)]
    body = {"content": "cap", "model": "count-n400-r20"}
    sent = await asyncio.gather(*(person.try_call("POST", f"/api/chats/{chat}/messages/", body) for chat in chats))
    statuses = [status for status, _ in sent]
    measured.note(f"{statuses.count(201)} of {len(chats)} answers at once, {statuses.count(429)} refused")
    measured.expect(statuses.count(201) == most, f"{statuses.count(201)} answers run at once")
    measured.expect(set(statuses) <= {201, 429}, f"answers were refused with {sorted(set(statuses))}")
    taken = [answer["answer"]["id"] for status, answer in sent if status == 201]
    await asyncio.gather(*(person.call("POST", f"/api/messages/{key}/stop/") for key in taken))
    await asyncio.gather(*(person.ended(key) for key in taken))


async def ask_three_times(scene: Scene, measured: Measured, scale: Scale) -> None:
    """A provider that always refuses is asked three times and no more."""
    number = scale.count(50, least=4)
    for n in range(number):
        scene.provider.script(f"refusing-{n}", [b"{}"], status=503)
    people = scene.people(number)
    keys = await asyncio.gather(*(person.ask(f"refusing-{n}") for n, person in enumerate(people)))
    ends = await asyncio.gather(*(person.ended(key) for person, key in zip(people, keys, strict=True)))
    asked = [record for record in scene.provider.requests if record.model.startswith("refusing-")]
    measured.note(f"{len(asked) / number:g} requests a message")
    measured.expect(len(asked) == 3 * number, f"{len(asked)} requests for {number} messages")
    measured.expect({end["status"] for end in ends} == {"failed"}, "a refused answer has not failed")


async def wait_outside_the_slot(scene: Scene, measured: Measured, scale: Scale) -> None:
    """Answers that wait for `Retry-After` leave their workers free; one that asks for too much fails at once."""
    scene.provider.script("patient", [b"{}"], status=429, headers={"retry-after": "4"})
    scene.provider.script("endless", [b"{}"], status=429, headers={"retry-after": "4000"})
    # More than both workers have slots for.
    people = scene.people(scale.count(420, least=20))
    for person in people:
        with_refusal(await person.try_call("POST", "/api/chats/", {}))
    started = time.monotonic()
    waiting = await asyncio.gather(*(person.ask("patient") for person in people))
    [other] = scene.people(1)
    asked = time.monotonic()
    free = await other.ended(await other.ask("count-n2-r0"))
    took = time.monotonic() - asked
    endless = await other.ended(await other.ask("endless"))
    measured.note(f"beside {len(people)} that wait, an answer took {took:.2f} s")
    measured.expect(free["status"] == "complete", "an answer beside those that wait has failed")
    measured.expect(endless["status"] == "failed", "a Retry-After beyond the cap is waited for")
    if took > 3 * scale.slack:
        measured.late.append(f"beside {len(people)} that wait, an answer took {took:.1f} s")
    ends = await asyncio.gather(*(person.ended(key) for person, key in zip(people, waiting, strict=True)))
    waited = time.monotonic() - started
    measured.expect({end["status"] for end in ends} == {"failed"}, "a message that is always refused has not failed")
    measured.expect(waited > 7, f"Retry-After was not honoured: all over after {waited:.1f} s")


def with_refusal(answer: tuple[int, object]) -> None:
    """Raise unless the answer is good."""
    if answer[0] not in (200, 201):
        raise Refused(str(answer))


PROMISES = (
    Promise(
        number=16,
        title="Overload is bounded",
        goal="frames > 64 kB and > 100 messages/min refused, slow readers ≤ 1 MB, a cap an owner, ≤ 3 requests, "
        "Retry-After outside the slot",
        run=bound_overload,
    ),
)
