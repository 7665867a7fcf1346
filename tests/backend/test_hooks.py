"""The owner's hooks: when they are called, with what, and that none of them harms an answer or a request."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db import transaction
from pytest_django.fixtures import Settings

from backend.factories import ChatFactory, MessageFactory
from backend.listener import listening, wait_until
from chattable import events, signals
from chattable.events import Delta
from chattable.models import Chat, Chattable, Message
from fake_openai import END, FakeOpenAI, text

pytestmark = pytest.mark.django_db(transaction=True)

type Override = Callable[[str, Callable[..., Any]], None]


@pytest.fixture
def chat(owner: Any) -> Chat:
    return ChatFactory.create(owner=owner)


@pytest.fixture
def override(owner: Any, monkeypatch: pytest.MonkeyPatch) -> Override:
    """Gives the owner's model a hook of its own."""
    return lambda name, hook: monkeypatch.setattr(type(owner), name, hook)


def answer_of(chat: Chat, **fields: Any) -> Message:
    return MessageFactory.create(chat=chat, role="assistant", content="", status="streaming", **fields)


class Calls:
    """What a hook was called with; each call can be held up."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, ...]] = []
        self.threads: set[int | None] = set()
        self.may_go = threading.Event()
        self.may_go.set()

    def note(self, *call: Any) -> None:
        self.threads.add(threading.get_ident())
        self.made.append(call)

    @property
    def deltas(self) -> list[Delta]:
        return [call[1] for call in self.made if call[1]]

    @property
    def text(self) -> str:
        return "".join(delta.content[2] for delta in self.deltas if delta.content)


@pytest.fixture
def calls() -> Calls:
    return Calls()


# Inherited.


def test_inherited_hooks_push_creation_state_and_growth(chat: Chat) -> None:
    with listening(chat.group) as listener:
        answer = answer_of(chat)
        answer.append(content="Hel")
        answer.append(content="lo", reasoning="hm")
        answer.finish("complete", finish_reason="stop")
        wait_until(lambda: listener.events and listener.events[-1]["type"] == "message.updated")

    own = [event for event in listener.events if event["type"].startswith("message.")]
    assert [event["type"] for event in own[:1] + own[-1:]] == ["message.created", "message.updated"]
    [shown] = listener.fold.messages.values()
    assert (shown["content"], shown["reasoning"], shown["status"]) == ("Hello", "hm", "complete")
    assert "content" not in own[-1]["message"]


def test_an_inherited_hook_runs_where_the_text_grows(chat: Chat) -> None:
    answer = answer_of(chat)
    before = threading.active_count()
    for _ in range(100):
        answer.append(content="x")

    assert answer.hooks._lane.calls is None
    assert threading.active_count() <= before


def test_growing_writes_nothing(chat: Chat, django_assert_num_queries: Any) -> None:
    answer = answer_of(chat)
    with django_assert_num_queries(0):
        answer.append(content="x")


def test_nothing_is_told_of_no_text(chat: Chat, override: Override, calls: Calls) -> None:
    answer = answer_of(chat)
    override("on_message_update", lambda self, message, delta=None: calls.note(message, delta))
    answer = Message.objects.get(pk=answer.pk)
    answer.append()
    answer.append(content="\x00")
    answer.append(content="y")
    wait_until(lambda: calls.made)

    assert calls.deltas == [Delta(0, content=(0, 1, "y"))]


# When.


def test_creation_is_told_after_the_commit(chat: Chat, override: Override, calls: Calls) -> None:
    override(
        "on_message_create",
        lambda self, message: calls.note(message, Message.objects.filter(pk=message.pk).exists()),
    )
    with transaction.atomic():
        message = MessageFactory.create(chat=chat)
        time.sleep(0.1)
        assert not calls.made
    wait_until(lambda: calls.made)

    assert calls.made == [(message, True)]


def test_a_rollback_tells_nothing(chat: Chat, override: Override, calls: Calls) -> None:
    override("on_message_create", lambda self, message: calls.note(message, None))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        MessageFactory.create(chat=chat)
        raise ZeroDivisionError
    kept = MessageFactory.create(chat=chat)
    wait_until(lambda: calls.made)

    assert calls.made == [(kept, None)]


def test_creation_is_told_before_the_answer_is_queued(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    valkey = redis.Redis.from_url(os.environ["REDIS_URL"])
    valkey.delete("chattable")
    told: list[tuple[str, int]] = []

    def note(self: Any, message: Message) -> None:
        told.append((message.role, valkey.llen("chattable")))  # type: ignore[arg-type]

    monkeypatch.setattr(Chattable, "on_message_create", _like_inherited(note))

    chat.send("Hi")

    assert told == [("user", 0), ("assistant", 0)]
    assert valkey.llen("chattable") == 1
    valkey.delete("chattable")


def _like_inherited(hook: Callable[..., Any]) -> Callable[..., Any]:
    hook.__module__ = "chattable.models.owner"
    return hook


def test_a_state_is_told_as_it_was_at_the_commit(chat: Chat, override: Override, calls: Calls) -> None:
    def slow(self: Any, message: Message, delta: Delta | None = None) -> None:
        calls.may_go.wait(5)
        calls.note(message.status, delta)

    override("on_message_update", slow)
    calls.may_go.clear()
    answer = answer_of(chat)
    answer.start()
    answer.finish("complete")
    calls.may_go.set()
    wait_until(lambda: len(calls.made) == 2)

    assert [status for status, _ in calls.made] == ["streaming", "complete"]


# Overridden.


def test_an_async_hook_is_awaited_and_super_keeps_the_push(
    chat: Chat, owner: Any, override: Override, calls: Calls
) -> None:
    async def hook(self: Any, message: Message, delta: Delta | None = None) -> None:
        await asyncio.sleep(0.01)
        super(type(owner), self).on_message_update(message, delta)
        calls.note(message, delta)

    override("on_message_update", hook)
    answer = answer_of(chat)
    with listening(chat.group) as listener:
        for word in ("one ", "two ", "three"):
            answer.append(content=word)
            time.sleep(0.02)
        answer.finish("complete")
        wait_until(lambda: calls.made and calls.made[-1][1] is None)
        wait_until(lambda: len([event for event in listener.events if event["type"] == "message.updated"]) == 1)

    assert calls.text == "one two three"
    pushed = [event["content"][2] for event in listener.events if event["type"] == "delta"]
    assert "".join(pushed) == "one two three"


def test_a_plain_hook_runs_off_the_loop_one_call_after_another_and_merges_while_busy(
    chat: Chat, override: Override, calls: Calls
) -> None:
    running = threading.Lock()

    def hook(self: Any, message: Message, delta: Delta | None = None) -> None:
        assert running.acquire(blocking=False), "two calls at once"
        calls.may_go.wait(5)
        calls.note(message, delta)
        running.release()

    override("on_message_update", hook)
    answer = answer_of(chat)
    calls.may_go.clear()
    start = time.monotonic()
    for number in range(1000):
        answer.append(content=str(number % 10))
    assert time.monotonic() - start < 1
    answer.finish("complete")
    calls.may_go.set()
    wait_until(lambda: calls.made and calls.made[-1][1] is None)

    assert calls.text == "0123456789" * 100
    assert 2 <= len(calls.made) <= 10
    assert threading.get_ident() not in calls.threads


def test_deltas_of_another_rev_are_not_merged(chat: Chat, override: Override, calls: Calls) -> None:
    def hook(self: Any, message: Message, delta: Delta | None = None) -> None:
        calls.may_go.wait(5)
        calls.note(message, delta)

    override("on_message_update", hook)
    answer = answer_of(chat)
    calls.may_go.clear()
    answer.append(content="first")
    wait_until(lambda: answer.hooks._lane.calls)
    answer.append(content=" old")
    answer.restart(rev=1)
    answer.append(content="new")
    answer.append(content="er")
    calls.may_go.set()
    wait_until(lambda: calls.text.endswith("newer"))

    assert [delta.rev for delta in calls.deltas] in ([0, 0, 1], [0, 1])
    assert calls.deltas[-1] == Delta(1, content=(0, 5, "newer"))


@pytest.mark.parametrize("kind", ["plain", "async", "stop iteration", "timeout", "cancelled"])
def test_a_hook_that_raises_is_logged_and_called_again(
    chat: Chat, override: Override, calls: Calls, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    errors: dict[str, BaseException] = {
        "stop iteration": StopIteration(),
        "timeout": TimeoutError("the hook's own"),
        "cancelled": asyncio.CancelledError(),
    }
    error = errors.get(kind, ValueError("a bug"))

    def plain(self: Any, message: Message, delta: Delta | None = None) -> None:
        calls.note(message, delta)
        raise error

    async def coroutine(self: Any, message: Message, delta: Delta | None = None) -> None:
        plain(self, message, delta)

    override("on_message_update", plain if kind in ("plain", "stop iteration") else coroutine)
    answer = answer_of(chat)
    answer.append(content="a")
    wait_until(lambda: len(calls.made) == 1)
    answer.append(content="b")
    wait_until(lambda: len(calls.made) == 2)

    wait_until(lambda: caplog.text.count("raised; the answer goes on without it") == 2)
    assert "took longer" not in caplog.text


def hanging(kind: str, calls: Calls) -> Callable[..., Any]:
    def plain(self: Any, message: Message, delta: Delta | None = None) -> None:
        calls.note(message, delta)
        time.sleep(3)

    async def coroutine(self: Any, message: Message, delta: Delta | None = None) -> None:
        calls.note(message, delta)
        await asyncio.sleep(60)

    return plain if kind == "plain" else coroutine


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_hook_that_hangs_is_detached_and_the_answer_goes_on(
    chat: Chat,
    override: Override,
    calls: Calls,
    kind: str,
    provider: FakeOpenAI,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "HOOK_SECONDS": 0.3}
    provider.script("m", [*(text(f"{number} ") for number in range(50)), END])
    MessageFactory.create(chat=chat, role="user", content="Hi")
    override("on_message_update", hanging(kind, calls))
    start = time.monotonic()

    answer = chat.run(model="m")

    assert time.monotonic() - start < 2.5
    assert answer.status == "complete"
    assert answer.content == "".join(f"{number} " for number in range(50))
    assert len(calls.made) == 1
    assert f"is not called again for message {answer.pk}" in caplog.text


def test_a_hook_that_hangs_holds_up_no_other_message(
    chat: Chat, override: Override, calls: Calls, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "HOOK_SECONDS": 0.5}

    def hook(self: Any, message: Message, delta: Delta | None = None) -> None:
        if delta and delta.content and delta.content[2] == "hang":
            time.sleep(2)
        calls.note(message.pk, delta)

    override("on_message_update", hook)
    stuck, free = answer_of(chat), answer_of(chat)
    stuck.append(content="hang")
    free.append(content="go")

    wait_until(lambda: calls.made, seconds=1.5)
    assert calls.made == [(free.pk, Delta(0, content=(0, 2, "go")))]
    wait_until(lambda: f"is not called again for message {stuck.pk}" in caplog.text)
    stuck.append(content="more")
    free.append(content=" on")
    wait_until(lambda: len(calls.made) >= 2)
    assert calls.made[1] == (free.pk, Delta(0, content=(2, 5, " on")))


def test_a_slow_hook_is_waited_for_at_the_end_of_an_answer(
    chat: Chat, override: Override, calls: Calls, provider: FakeOpenAI
) -> None:
    def hook(self: Any, message: Message, delta: Delta | None = None) -> None:
        time.sleep(0.3)
        calls.note(message.status, delta)

    provider.script("m", [text("Hello "), text("there"), END])
    MessageFactory.create(chat=chat, role="user", content="Hi")
    override("on_message_update", hook)

    chat.run(model="m")

    assert calls.text == "Hello there"
    assert calls.made[-1] == ("complete", None)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_hook_that_raises_never_breaks_the_request(
    chat: Chat, override: Override, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def plain(self: Any, message: Message) -> None:
        raise ValueError("a bug")

    async def coroutine(self: Any, message: Message) -> None:
        raise ValueError("a bug")

    override("on_message_create", plain if kind == "plain" else coroutine)

    message = chat.messages.create(role="user", content="Hi")

    assert Message.objects.get(pk=message.pk).content == "Hi"
    wait_until(lambda: "a bug" in caplog.text)


def test_an_inherited_hook_that_raises_never_breaks_the_request(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Any, message: Message) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(Chattable, "on_message_create", _like_inherited(broken))

    message = chat.messages.create(role="user", content="Hi")

    assert Message.objects.get(pk=message.pk).content == "Hi"
    assert "a bug" in caplog.text


HANGING_SCRIPT = """
import django, time
django.setup()
from chattable import signals
async def hang(message):
    print("begun", flush=True)
    await signals.asyncio.sleep(60)
def hang_plain(message):
    print("begun", flush=True)
    time.sleep(60)
class Message:
    pk = 1
for hook in (hang, hang_plain):
    signals.Lane().put(signals.Call(hook, Message()))
time.sleep(0.5)
"""


def test_a_process_can_end_while_hooks_hang() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", HANGING_SCRIPT], env=environment, capture_output=True, text=True, timeout=50
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "begun\nbegun\n", "")


# Whose.


def test_an_owner_without_the_mixin_has_no_hooks_and_needs_none() -> None:
    group = Group.objects.create(name="Owner")
    chat = Chat.objects.create(owner_type=ContentType.objects.get_for_model(Group), owner_id=str(group.pk))

    message = chat.messages.create(role="assistant", content="", status="streaming")
    message.append(content="x")
    message.finish("complete")

    assert Message.objects.get(pk=message.pk).content == "x"


def test_an_owner_who_is_gone_harms_nothing() -> None:
    chat = Chat.objects.create(owner_type=ContentType.objects.get_for_model(Group), owner_id="12345")

    message = chat.messages.create(role="assistant", content="", status="streaming")
    message.append(content="x")
    message.finish("complete")

    assert Message.objects.get(pk=message.pk).content == "x"


def test_loading_fixtures_tells_nobody(chat: Chat, override: Override, calls: Calls) -> None:
    message = MessageFactory.create(chat=chat)
    wait_until(events.outbox.idle.is_set)
    override("on_message_create", lambda self, message: calls.note("created", None))
    override("on_message_update", lambda self, message, delta=None: calls.note("updated", None))
    with listening(chat.group) as listener:
        for loaded in serializers.deserialize("json", serializers.serialize("json", [chat, message])):
            loaded.save()
        MessageFactory.create(chat=chat)
        wait_until(lambda: calls.made)
        wait_until(events.outbox.idle.is_set)

    assert calls.made == [("created", None)]
    assert [event["type"] for event in listener.events] == ["chat.updated"]


def test_the_signal_is_there_for_others_too(chat: Chat, calls: Calls) -> None:
    def receiver(*, message: Message, delta: Delta, **_: Any) -> None:
        calls.note(message, delta)

    signals.message_delta.connect(receiver)
    try:
        answer_of(chat).append(content="x")
    finally:
        signals.message_delta.disconnect(receiver)

    assert calls.deltas == [Delta(0, content=(0, 1, "x"))]


def test_a_receiver_that_raises_is_logged_and_the_answer_goes_on(
    chat: Chat, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    def receiver(**_: Any) -> None:
        raise ValueError("a fault of the host's")

    signals.message_delta.connect(receiver)
    try:
        answer = answer_of(chat)
        answer.append(content="x")
    finally:
        signals.message_delta.disconnect(receiver)

    assert answer.content == "x"
    assert any("a fault of the host's" in (record.exc_text or record.getMessage()) for record in caplog.records)
