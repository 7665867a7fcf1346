"""Objects of the tests."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Collection
from typing import Any

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from accounts.models import ApiKey, User, hash_of
from backend.teams.models import Team
from chattable.models import Chat, Message, Run

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    """A person who may sign in with `PASSWORD`."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"person-{n}@example.com")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **kwargs)


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A key of a new person; a test that uses it gives the `secret`."""

    class Meta:
        model = ApiKey

    class Params:
        secret = Sequence(lambda n: f"ck_{n:08}")

    user = SubFactory(UserFactory)
    name = "script"
    prefix = LazyAttribute(lambda key: key.secret[:11])
    hash = LazyAttribute(lambda key: hash_of(key.secret))


class TeamFactory(DjangoModelFactory[Team]):
    """An owner of another kind, with a UUID as its key."""

    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")

    @classmethod
    def _create(cls, model_class: type[Team], *args: Any, people: Collection[User] = (), **kwargs: Any) -> Team:
        team: Team = super()._create(model_class, *args, **kwargs)
        team.people.set(people)
        return team


class ChatFactory(DjangoModelFactory[Chat]):
    """A chat of a new person, or of the `owner` given."""

    class Meta:
        model = Chat

    owner = SubFactory(UserFactory)
    title = Sequence(lambda n: f"Chat {n}")


class MessageFactory(DjangoModelFactory[Message]):
    """A message at the end of a new chat, or of the `chat` given."""

    class Meta:
        model = Message

    chat = SubFactory(ChatFactory)
    role = "user"
    content = Sequence(lambda n: f"Message {n}")


class RunFactory(DjangoModelFactory[Run]):
    """A queued run of a new answer, or of the `message` given."""

    class Meta:
        model = Run

    message = SubFactory(MessageFactory, role="assistant", status="queued", content="", model="demo")
    model = SelfAttribute("message.model")
