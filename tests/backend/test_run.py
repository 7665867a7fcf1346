"""`chat.run` and `arun`: an answer without worker and queue."""

import pytest

from backend.factories import UserFactory
from chattable.models import Role, Status
from fake_openai import END, FakeOpenAI, text

pytestmark = pytest.mark.django_db(transaction=True)


def test_run_answers_the_current_leaf(provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hello "), text("world"), END])
    chat = UserFactory.create().chats.create(title="First")
    question = chat.messages.create(role=Role.USER, content="Hi")

    answer = chat.run(model="m")

    assert (answer.content, answer.status, answer.finish_reason) == ("Hello world", Status.COMPLETE, "stop")
    assert answer.parent == question
    assert chat.current_leaf == answer
    assert provider.requests[-1].body["messages"] == [{"role": "user", "content": "Hi"}]
