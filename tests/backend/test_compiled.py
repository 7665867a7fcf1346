"""Statements that are compiled once do what Django's own would do."""

# mypy: disable-error-code="no-untyped-call"

import threading
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Value
from django.db.models.functions import Concat

from backend.factories import ChatFactory
from chattable.models import Chat, Message, Run
from chattable.models.compiled import Param, Select, Update

pytestmark = pytest.mark.django_db

titled = Select(lambda: Chat.objects.filter(title=Param("title", models.CharField())).order_by("pk"))
models_of = Select(
    lambda: Chat.objects.filter(title=Param("title", models.CharField())).order_by("pk").values_list("model", flat=True)
)
rename = Update(
    lambda: (
        Chat.objects.filter(pk=Param("chat", models.UUIDField())),
        {
            "title": Concat("title", Param("more", models.CharField())),
            "current_leaf": Param("leaf", models.UUIDField()),
        },
    )
)


def stored(instance: models.Model) -> dict[str, Any]:
    """The row as Django reads it."""
    return type(instance)._base_manager.filter(pk=instance.pk).values().get()


def test_every_call_has_its_own_values() -> None:
    first, second = ChatFactory.create(title="one", model="a"), ChatFactory.create(title="two", model="b")
    for _ in range(2):
        assert titled(title="one") == [first]
        assert titled(title="two") == [second]
        assert titled.first(title="three") is None
        assert models_of(title="two") == ["b"]
    assert vars(titled.first(title="one")).keys() == vars(Chat.objects.get(pk=first.pk)).keys()


def test_an_update_tells_how_many_rows_it_met() -> None:
    chat = ChatFactory.create(title="one")
    leaf = chat.messages.create(role="user", content="x")
    assert rename(chat=chat.pk, more=" and two", leaf=None) == 1
    assert (stored(chat)["title"], stored(chat)["current_leaf_id"]) == ("one and two", None)
    assert rename(chat=chat.pk, more="", leaf=leaf.pk) == 1
    assert stored(chat)["current_leaf_id"] == leaf.pk
    assert rename(chat=leaf.pk, more="", leaf=None) == 0


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_saved_is_what_was_set(times: int) -> None:
    for number in range(times):
        chat = ChatFactory.create(title=f"Züge 🚂 {number}", parameters={"stop": ["a", None], "seed": number})
        message = Message(chat=chat, role="assistant", content="nul \x00 and half \ud800", status="queued")
        message.save()
        run = Run.objects.create(message=message, model="m", group="g")
    assert stored(chat)["parameters"] == {"stop": ["a", None], "seed": times - 1}
    assert stored(message)["content"] == message.content == "nul  and half \ufffd"
    assert stored(run)["queued_at"] == run.queued_at is not None
    for instance in (message, run):
        assert stored(instance) == {name: getattr(instance, name) for name in stored(instance)}


def test_only_the_named_fields_are_saved() -> None:
    chat = ChatFactory.create(title="one", model="a")
    for title in ("two", "three"):
        chat.title, chat.model = title, "b"
        chat.save(update_fields=["title"])
        assert (stored(chat)["title"], stored(chat)["model"]) == (title, "a")
    assert stored(chat)["version"] == chat.version == 3


def test_an_expression_is_computed_by_the_database() -> None:
    chat = ChatFactory.create(title="one")
    chat.title = Concat(Value("t"), Value("wo"))
    chat.save(update_fields=["title"])
    assert chat.title == stored(chat)["title"] == "two"


def test_a_row_that_is_gone_cannot_be_updated() -> None:
    chat = ChatFactory.create()
    Chat.objects.filter(pk=chat.pk).delete()
    with pytest.raises(Chat.NotUpdated):
        chat.save(update_fields=["title"])


def test_settings_that_change_are_compiled_anew(settings: Any) -> None:
    running = Select(lambda: Chat.objects.filter(title=settings.TITLE))
    settings.TITLE = "one"
    chat = ChatFactory.create(title="one")
    assert running() == [chat]
    settings.TITLE = "two"
    assert running() == []


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_by_its_own_connection() -> None:
    chat = ChatFactory.create(title="one")
    found = [titled(title="one")]

    def ask() -> None:
        found.append(titled(title="one"))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[chat], [chat]]
