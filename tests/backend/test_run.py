"""`chat.run` and `arun`: an answer without worker and queue."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.db.models.signals import post_save

from backend.api import empty_queue, queued
from backend.factories import ChatFactory, UserFactory
from backend.workers import Worker, fresh, run_of, until
from chattable.models import Chat, Message, Role, Run, Status
from fake_openai import DONE, END, FakeOpenAI, finish, sse, text

on_a_real_database = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(settings: Any, provider: FakeOpenAI) -> None:
    """A fast heart, an empty queue and a provider without scripts."""
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 0.1}
    provider.reset()
    empty_queue()


@pytest.fixture
async def database_thread() -> AsyncIterator[None]:
    """The thread of `sync_to_async` keeps no connection, with which a database could not be removed."""
    yield
    await sync_to_async(connections.close_all)()


def asked(owner: Any) -> Chat:
    """A chat of the owner's with a question."""
    chat: Chat = owner.chats.create(title="First")
    chat.messages.create(role=Role.USER, content="Hi")
    return chat


@on_a_real_database
def test_run_answers_the_current_leaf(owner: Any, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello "), text("world"), END])
    chat = asked(owner)
    question = chat.current_leaf

    answer = chat.run(model="m")

    assert (answer.content, answer.status, answer.finish_reason) == ("Hello world", Status.COMPLETE, "stop")
    assert answer.parent == question
    assert chat.current_leaf == Chat.objects.get().current_leaf == answer
    assert [chat.pk for chat in owner.chats.all()] == [chat.pk]
    assert provider.requests[-1].body["messages"] == [{"role": "user", "content": "Hi"}]
    assert queued() == []


@pytest.mark.django_db
def test_run_works_within_the_transaction_of_a_plain_test(owner: Any, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello"), END])

    assert connection.in_atomic_block
    assert asked(owner).run(model="m").content == "Hello"


@pytest.mark.django_db
def test_runs_follow_one_another(owner: Any, provider: FakeOpenAI) -> None:
    provider.script("m", [text("One"), END], times=1)
    provider.script("m", [text("Two"), END])
    chat = asked(owner)
    chat.run(model="m")
    chat.messages.create(role=Role.USER, content="And?")

    assert chat.run(model="m").content == "Two"

    history = [(message["role"], message["content"]) for message in provider.requests[-1].body["messages"]]
    assert history == [("user", "Hi"), ("assistant", "One"), ("user", "And?")]


@pytest.mark.django_db
def test_run_records_what_the_answer_cost(provider: FakeOpenAI) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}
    provider.script("m", [text("Hello"), finish(), sse({"choices": [], "usage": usage}), DONE])

    answer = asked(UserFactory.create()).run(model="m")

    run = run_of(answer)
    assert (run.prompt_tokens, run.completion_tokens, run.cached_tokens) == (3, 4, 2)
    assert (run.attempts, run.requests) == (1, 1)
    assert run.finished_at
    assert run.first_token_at


@pytest.mark.django_db
def test_run_takes_the_model_of_the_chat_or_the_default(provider: FakeOpenAI, settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "count-n2-r0"}

    assert asked(UserFactory.create()).run().content == "1 2 "
    chat = ChatFactory.create(model="count-n3-r0")
    chat.messages.create(role=Role.USER, content="Hi")
    assert chat.run().content == "1 2 3 "


@pytest.mark.django_db
def test_run_answers_first_what_the_chat_has_queued(provider: FakeOpenAI) -> None:
    chat = ChatFactory.create(model="count-n2-r0")
    earlier = [chat.send(question).answer for question in ("One?", "Two?")]
    chat.messages.create(role=Role.USER, content="Three?")

    assert chat.run().content == "1 2 "

    assert [fresh(answer).status for answer in earlier] == [Status.COMPLETE] * 2
    asked = [[turn["content"] for turn in request.body["messages"]] for request in provider.requests]
    assert asked[-1] == ["One?", "1 2 ", "Two?", "1 2 ", "Three?"]
    assert [len(turns) for turns in asked] == [1, 3, 5]


@on_a_real_database
@pytest.mark.usefixtures("valkey_down")
def test_run_needs_no_valkey(provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello"), END])

    assert asked(UserFactory.create()).run(model="m").content == "Hello"


@pytest.mark.django_db
def test_run_without_a_key_gives_a_failed_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")

    answer = asked(UserFactory.create()).run(model="m")

    assert (answer.status, answer.error) == (Status.FAILED, "provider_auth")
    assert "OPENAI_API_KEY" in run_of(answer).error


@on_a_real_database
@pytest.mark.usefixtures("database_thread")
async def test_arun_answers_within_a_running_loop(provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello"), {"delay": 0.2}, text(" world"), END])
    chats = [await sync_to_async(asked)(await sync_to_async(UserFactory.create)()) for _ in range(3)]
    started = time.monotonic()

    answers = await asyncio.gather(*(chat.arun(model="m") for chat in chats))

    assert {answer.content for answer in answers} == {"Hello world"}
    assert time.monotonic() - started < 10
    assert len(provider.requests) == 3


@on_a_real_database
@pytest.mark.usefixtures("database_thread")
async def test_arun_leaves_no_task_behind(provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello"), END])
    chat = await sync_to_async(asked)(await sync_to_async(UserFactory.create)())

    await chat.arun(model="m")

    assert asyncio.all_tasks() == {asyncio.current_task()}


@on_a_real_database
@pytest.mark.usefixtures("database_thread")
@pytest.mark.parametrize("moment", ["no token", "token"])
async def test_an_arun_that_is_cancelled_is_a_stopped_answer(provider: FakeOpenAI, moment: str) -> None:
    provider.script("m", [*([text("Half")] if moment == "token" else []), {"hang": True}])
    chat = await sync_to_async(asked)(await sync_to_async(UserFactory.create)())
    answering = asyncio.create_task(chat.arun(model="m"))
    await provider.until(lambda: provider.requests)
    if moment == "token":
        await until_stored("Half")

    answering.cancel()

    with pytest.raises(asyncio.CancelledError):
        await answering
    answer = await Message.objects.aget(role=Role.ASSISTANT)
    assert (answer.status, answer.content) == (Status.STOPPED, "Half" if moment == "token" else "")
    await provider.until(lambda: provider.requests[0].closed_by == "client", timeout=2)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def until_stored(content: str) -> None:
    """Until a message with this content is in the database."""
    async with asyncio.timeout(10):
        while not await Message.objects.filter(content=content).aexists():  # noqa: ASYNC110 - a database does not call
            await asyncio.sleep(0.02)


@on_a_real_database
@pytest.mark.usefixtures("database_thread")
async def test_an_arun_that_is_cancelled_while_it_begins_leaves_nothing_queued(provider: FakeOpenAI) -> None:
    chat = await sync_to_async(asked)(await sync_to_async(UserFactory.create)())
    begins, cancelled = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(**_: Any) -> None:
        loop.call_soon_threadsafe(begins.set)
        assert cancelled.wait(10)

    post_save.connect(hold, sender=Run)
    try:
        answering = asyncio.create_task(chat.arun(model="m"))
        await begins.wait()
        answering.cancel()
        cancelled.set()
        await asyncio.wait([answering])
    finally:
        post_save.disconnect(hold, sender=Run)

    assert answering.cancelled()
    assert (await Message.objects.aget(role=Role.ASSISTANT)).status == Status.STOPPED
    assert not await Run.objects.filter(finished_at=None).aexists()


@on_a_real_database
@pytest.mark.usefixtures("database_thread")
async def test_an_arun_may_be_cancelled_at_any_moment(provider: FakeOpenAI) -> None:
    provider.script("m", [{"delay": 0.05}, text("Half"), {"delay": 0.05}, END])
    chats = [await sync_to_async(asked)(await sync_to_async(UserFactory.create)()) for _ in range(15)]

    for number, chat in enumerate(chats):
        answering = asyncio.create_task(chat.arun(model="m"))
        await asyncio.sleep(number * 0.015)  # the moment is what varies here
        answering.cancel()
        await asyncio.wait([answering])

    states = {answer.status async for answer in Message.objects.filter(role=Role.ASSISTANT)}
    assert states <= {Status.STOPPED, Status.COMPLETE}
    assert await Run.objects.filter(finished_at=None).acount() == 0


@on_a_real_database
def test_run_waits_until_the_answer_before_it_is_final(provider: FakeOpenAI) -> None:
    provider.script("slow", [text("One"), {"delay": 0.6}, text(" two"), END])
    provider.script("m", [text("Three"), END])
    chat = ChatFactory.create()
    first = chat.send("Count", model="slow").answer
    worker = Worker()
    try:
        worker.take(first)
        until(lambda: fresh(first).content)
        chat.messages.create(role=Role.USER, content="Go on")

        answer = chat.run(model="m")
    finally:
        worker.close()

    assert (answer.status, answer.content) == (Status.COMPLETE, "Three")
    history = [(message["role"], message["content"]) for message in provider.requests[-1].body["messages"]]
    assert history == [("user", "Count"), ("assistant", "One two"), ("user", "Go on")]


@on_a_real_database
def test_run_answers_in_several_threads_at_once(provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello"), {"delay": 0.2}, END])
    chats = [asked(UserFactory.create()) for _ in range(4)]
    contents = []

    def run(chat: Chat) -> None:
        contents.append(chat.run(model="m").content)
        connection.close()

    threads = [threading.Thread(target=run, args=[chat]) for chat in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert contents == ["Hello"] * 4
