"""The shape of every event, and the outbox that sends them."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from backend.factories import ChatFactory, MessageFactory, UserFactory
from backend.listener import Listener, listening, wait_until
from backend.private_valkey import Valkey
from chattable import events
from chattable.events import Delta, Outbox

FIXTURES = json.loads((Path(__file__).parent.parent / "fixtures" / "events.json").read_text())
BACKEND = Path(__file__).parent.parent.parent / "backend"


@pytest.fixture
def group() -> str:
    return events.group_of("tests.owner", uuid.uuid4())


@pytest.fixture
def listener(group: str) -> Iterator[Listener]:
    with listening(group) as listener:
        yield listener


def delta(message: object, start: int, text: str, *, rev: int = 0, field: str = "content") -> events.Event:
    return {"type": "delta", "id": message} | ({"rev": rev} if rev else {}) | {field: (start, start + len(text), text)}


def updated(message: object, **fields: Any) -> events.Event:
    return {"type": "message.updated", "message": {"id": message, **fields}}


def merged(*put: events.Event) -> list[Any]:
    """The events of one flush after these were put."""
    queue = events.Queue()
    for event in put:
        queue.put(event)
    frame = json.loads(queue.frame())
    return frame if isinstance(frame, list) else [frame]


# Deltas.


def test_a_delta_is_followed_by_the_next_of_its_rev() -> None:
    first, second = Delta(1, content=(0, 2, "ab")), Delta(1, content=(2, 3, "c"), reasoning=(0, 1, "x"))

    assert first.followed_by(second) == Delta(1, content=(0, 3, "abc"), reasoning=(0, 1, "x"))
    assert second.followed_by(Delta(1, reasoning=(1, 2, "y"))) == Delta(1, content=(2, 3, "c"), reasoning=(0, 2, "xy"))


@pytest.mark.parametrize(
    "later",
    [
        Delta(1, content=(3, 4, "d")),
        Delta(1, content=(1, 3, "bc")),
        Delta(2, content=(2, 3, "c")),
        Delta(2, content=(0, 1, "a")),
        Delta(1, content=(2, 3, "c"), reasoning=(6, 7, "x")),
    ],
)
def test_a_delta_is_not_followed_by_one_that_does_not_continue_it(later: Delta) -> None:
    assert Delta(1, content=(0, 2, "ab"), reasoning=(0, 5, "thing")).followed_by(later) is None


# Merging.


def test_deltas_of_several_messages_merge_each_with_its_own() -> None:
    assert merged(delta("a", 0, "A"), delta("b", 0, "B"), delta("a", 1, "AA"), delta("b", 1, "BB")) == [
        {"type": "delta", "id": "a", "content": [0, 3, "AAA"]},
        {"type": "delta", "id": "b", "content": [0, 3, "BBB"]},
    ]


def test_reasoning_and_content_of_a_message_merge_into_one_event() -> None:
    assert merged(delta("a", 0, "hm", field="reasoning"), delta("a", 0, "A"), delta("a", 1, "B")) == [
        {"type": "delta", "id": "a", "content": [0, 2, "AB"], "reasoning": [0, 2, "hm"]}
    ]


def test_nothing_of_a_message_overtakes_its_other_events() -> None:
    put = [delta("a", 0, "A"), updated("a"), delta("a", 1, "B"), delta("a", 0, "C", rev=1), delta("a", 1, "D", rev=1)]

    assert merged(*put) == [
        {"type": "delta", "id": "a", "content": [0, 1, "A"]},
        {"type": "message.updated", "message": {"id": "a"}},
        {"type": "delta", "id": "a", "content": [1, 2, "B"]},
        {"type": "delta", "id": "a", "rev": 1, "content": [0, 2, "CD"]},
    ]


def test_a_text_that_begins_anew_never_joins_the_older_one() -> None:
    put = [delta("a", 0, "A"), delta("a", 1, "B", rev=1), delta("a", 2, "C", rev=1)]

    assert merged(*put) == [
        {"type": "delta", "id": "a", "content": [0, 1, "A"]},
        {"type": "delta", "id": "a", "rev": 1, "content": [1, 3, "BC"]},
    ]


def test_events_of_other_messages_and_chats_do_not_stand_between() -> None:
    chat = {"type": "chat.updated", "chat": {"id": "c"}}

    assert merged(delta("a", 0, "A"), updated("b"), chat, delta("a", 1, "B")) == [
        {"type": "delta", "id": "a", "content": [0, 2, "AB"]},
        {"type": "message.updated", "message": {"id": "b"}},
        chat,
    ]


def test_whatever_merges_a_page_shows_the_same_texts() -> None:
    dice = random.Random(7)
    listener, texts = Listener(), dict.fromkeys("abcdef", "")
    snapshots = [snapshot(name) for name in texts]
    listener.messages.append({"text": json.dumps([{"type": "message.created", "message": one} for one in snapshots])})
    for _ in range(60):
        queue = events.Queue()
        for _ in range(dice.randrange(1, 40)):
            name, text = dice.choice("abcdef"), "x🦊é"[: dice.randrange(1, 4)]
            queue.put(delta(name, len(texts[name]), text))
            texts[name] += text
        listener.messages.append({"text": queue.frame()})

    assert {name: message["content"] for name, message in listener.fold.messages.items()} == texts
    assert listener.fold.gaps == []


def snapshot(name: str) -> dict[str, Any]:
    message = FIXTURES[0]["frames"][1]["message"]
    return {**message, "id": name, "rev": 0, "status": "streaming"}


# The outbox.


def test_an_idle_outbox_sends_at_once_and_a_busy_one_merges(group: str, listener: Listener) -> None:
    events.publish(group, delta("a", 0, "0"))
    wait_until(lambda: listener.frames)

    for position in range(1, 2000):
        events.publish(group, delta("a", position, str(position % 10)))
    wait_until(lambda: sum(len(event["content"][2]) for event in listener.events) == 2000)

    assert listener.events[0]["content"] == [0, 1, "0"]
    assert "".join(event["content"][2] for event in listener.events) == "0123456789" * 200
    assert len(listener.frames) < 200


def test_many_threads_lose_nothing_and_keep_each_message_in_order(group: str, listener: Listener) -> None:
    def write(message: str) -> None:
        for position in range(500):
            events.publish(group, delta(message, position, chr(97 + position % 26)))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    texts = dict.fromkeys("abcdefgh", "")
    wait_until(lambda: sum(event["content"][1] - event["content"][0] for event in listener.events) == 8 * 500)
    for event in listener.events:
        start, _, text = event["content"]
        assert start == len(texts[event["id"]])
        texts[event["id"]] += text
    assert set(texts.values()) == {("abcdefghijklmnopqrstuvwxyz" * 20)[:500]}


def test_a_process_with_little_to_send_pauses_for_less(settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "FLUSH_SECONDS": 0.8}
    pauses = [events.pause_after(groups) for groups in (1, 4, 8, 500)]

    assert pauses == pytest.approx([0.1, 0.4, 0.8, 0.8])


def test_without_valkey_events_are_counted_as_lost_and_later_ones_arrive(
    group: str, valkey_down: Valkey, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY_SECONDS", 0.4)
    outbox = Outbox()
    outbox.put(group, delta("a", 0, "lost"))
    wait_until(lambda: outbox.lost == 1)
    for position in range(20):
        outbox.put(group, delta("a", 4 + position, "x"))
        time.sleep(0.005)
    wait_until(lambda: outbox.lost >= 2)
    assert outbox.lost == 2

    valkey_down.restart()
    with listening(group) as listener:
        wait_until(outbox.idle.is_set)
        outbox.put(group, delta("a", 2000, "back"))
        wait_until(lambda: listener.events)

    assert listener.events == [{"type": "delta", "id": "a", "content": [2000, 2004, "back"]}]
    warnings = [record for record in caplog.records if record.name == "chattable.events"]
    assert len(warnings) == 2
    assert all(record.levelno == logging.WARNING and not record.exc_info for record in warnings)
    valkey_down.stop()


def test_a_valkey_that_hangs_holds_up_events_for_a_while_only(
    group: str, listener: Listener, running_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SEND_SECONDS", 0.2)
    outbox = Outbox()
    running_valkey.process.send_signal(signal.SIGSTOP)
    try:
        outbox.put(group, {"type": "lost"})
        wait_until(lambda: outbox.lost == 1)
    finally:
        running_valkey.process.send_signal(signal.SIGCONT)
    outbox.put(group, {"type": "next"})

    wait_until(lambda: {"type": "next"} in listener.events)


@pytest.mark.parametrize("value", ["\ud800", 2**70, object()])
def test_an_event_that_cannot_be_written_harms_no_other_owner(
    group: str, listener: Listener, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    lost = events.outbox.lost
    events.publish(events.group_of("tests.owner", "other"), {"type": "bad", "value": value})
    events.publish(group, {"type": "good"})

    wait_until(lambda: listener.events == [{"type": "good"}])
    assert events.outbox.lost == lost + 1
    assert "Events were lost" in caplog.text


def test_a_recheck_arrives_even_beside_an_event_that_cannot_be_written(group: str, listener: Listener) -> None:
    outbox = Outbox()
    outbox.put(group, {"type": "bad", "value": object()})
    outbox.put(group, events.RECHECK)

    wait_until(lambda: {"type": "chattable.recheck"} in listener.messages)


SCRIPT = """
import os, sys, django
django.setup()
from chattable import events
group = sys.argv[1]
"""


def run_script(body: str, group: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(BACKEND)}
    subprocess.run([sys.executable, "-c", SCRIPT + body, group], env=environment, check=True, timeout=60)


def test_a_process_that_ends_at_once_still_sends(group: str, listener: Listener) -> None:
    run_script(
        """
import time
events.publish(group, {"type": "first"})
time.sleep(0.004)  # now the first is on its way, and the last has to wait for the next flush
events.publish(group, {"type": "last"})
""",
        group,
    )

    wait_until(lambda: listener.events == [{"type": "first"}, {"type": "last"}])


def test_a_forked_process_sends_too(group: str, listener: Listener) -> None:
    run_script(
        """
events.publish(group, {"type": "parent"})
if child := os.fork():
    os.waitpid(child, 0)
else:
    events.publish(group, {"type": "child"})
    events.outbox.idle.wait(5)
    os._exit(0)
""",
        group,
    )

    wait_until(lambda: {event["type"] for event in listener.events} == {"parent", "child"})


# The contract with the page.


def shape(value: Any) -> Any:
    """The keys of an event at every level, with the kind of each value."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


OPEN = ("parent", "error", "retry_at", "reasoning_ms")  # null or not


def closed(event: dict[str, Any]) -> dict[str, Any]:
    """The event without the values that may be null."""
    message = event.get("message")
    if message and event["type"] != "message.deleted":
        assert set(OPEN) <= set(message)
        return {**event, "message": {key: value for key, value in message.items() if key not in OPEN}}
    return event


@pytest.fixture
def produced(transactional_db: None) -> dict[str, dict[str, Any]]:
    """One event of each type as the server sends it."""
    message = MessageFactory.create(role="assistant", content="Hi", status="streaming")
    grown = Delta(1, content=(2, 3, "!"), reasoning=(0, 2, "Hm"))
    made = [
        events.message_created(message),
        events.message_updated(message, None),
        events.message_updated(message, grown),
        events.message_deleted(message),
        *(events.chat_changed(kind, message.chat) for kind in ("created", "updated", "deleted")),
    ]
    return {event["type"]: json.loads(events.encode([event])) for event in made}


def test_every_event_of_the_fixtures_has_the_shape_that_the_server_sends(produced: dict[str, dict[str, Any]]) -> None:
    frames = [frame for fixture in FIXTURES for frame in fixture["frames"]]
    flat = [event for frame in frames for event in (frame if isinstance(frame, list) else [frame])]
    known = [event for event in flat if event["type"] in produced]

    assert {event["type"] for event in flat} - set(produced) == {"message.pondered", "weather", "pong", "gap"}
    for event in known:
        expected = {key: value for key, value in produced[event["type"]].items() if key in event}
        assert shape(closed(event)) == shape(closed(expected)), event
        if event["type"] != "delta":
            assert set(event) == set(produced[event["type"]])


def test_an_error_is_told_with_its_code_and_plain_words() -> None:
    assert events.error_snapshot("") is None
    assert events.error_snapshot("worker_lost") == {
        "code": "worker_lost",
        "detail": "The answer was interrupted several times. What had arrived is kept.",
    }
    assert events.error_snapshot("of an older version") == {
        "code": "of an older version",
        "detail": "Something went wrong on our side. What had arrived is kept.",
    }


def test_times_are_in_utc_and_ids_are_text(produced: dict[str, dict[str, Any]]) -> None:
    message = produced["message.created"]["message"]

    assert message["created_at"].endswith("Z")
    assert str(uuid.UUID(message["id"])) == message["id"]


@pytest.mark.django_db(transaction=True)
def test_lengths_count_characters() -> None:
    message = MessageFactory.create(content="🦊é", reasoning="👩‍👩‍👧")

    state = events.message_state(message)

    assert (state["content_length"], state["reasoning_length"]) == (2, 5)


def test_one_event_is_a_frame_of_its_own_and_several_are_a_list() -> None:
    assert events.encode([{"type": "a"}]) == '{"type":"a"}'
    assert events.encode([{"type": "a"}, {"type": "b"}]) == '[{"type":"a"},{"type":"b"}]'


def test_a_token_far_into_a_text_costs_at_most_130_bytes() -> None:
    token = "an ordinary token."
    frame = events.encode([delta(uuid.uuid4(), 20_000, token)]).encode()
    websocket_header = 4

    assert len(token) == 18
    assert len(frame) + websocket_header <= 130


@pytest.mark.django_db(transaction=True)
def test_a_chat_is_told_of_to_its_owner_only_after_the_commit() -> None:
    from django.db import transaction

    chat = ChatFactory.create()
    wait_until(events.outbox.idle.is_set)
    with listening(chat.group) as listener:
        with transaction.atomic():
            chat.title = "Renamed"
            chat.save()
            assert not listener.events
        wait_until(lambda: listener.events)
        key = str(chat.pk)
        chat.delete()
        wait_until(lambda: len(listener.events) == 2)

    assert listener.events[0]["chat"]["title"] == "Renamed"
    assert listener.events[1] == {"type": "chat.deleted", "chat": {"id": key}}


@pytest.mark.django_db(transaction=True)
def test_groups_tell_owners_of_different_kinds_apart() -> None:
    assert events.group_of("accounts.user", 1) == events.group_of("accounts.user", "1")
    names = {events.group_of(*owner) for owner in [("accounts.user", 1), ("teams.team", 1), ("accounts.user", 11)]}
    assert len(names) == 3
    owner = UserFactory.create()
    assert ChatFactory.create(owner=owner).group == events.owner_group(owner)
