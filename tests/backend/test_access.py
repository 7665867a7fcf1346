"""Every route the URL configuration knows, with every verb, as the owner, as a stranger and as nobody."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection
from django.test import TestCase
from django.urls import URLPattern, get_resolver

from accounts.models import ApiKey, User
from backend.api import Api, empty_queue, everything, queued
from backend.factories import ApiKeyFactory, ChatFactory, MessageFactory, RunFactory, UserFactory
from chattable.models import Chat, Message, Run

pytestmark = pytest.mark.django_db

VERBS = ("get", "head", "options", "post", "put", "patch", "delete")
# Stands in everything that the owner has, so that whoever reads it has seen too much.
SECRET = "a secret of the owner"

# What an owner's request is answered with, and its body; every verb that is not named is answered with 405.
API: dict[str, tuple[str, dict[str, tuple[int, Any]]]] = {
    "api/chats/": ("/api/chats/", {"get": (200, None), "post": (201, {"title": "x"})}),
    "api/chats/<str:id>/": (
        "/api/chats/{chat}/",
        {"get": (200, None), "patch": (200, {"title": "x"}), "delete": (204, None)},
    ),
    "api/chats/<str:id>/export/": ("/api/chats/{chat}/export/", {"get": (200, None)}),
    "api/chats/<str:id>/messages/find/": ("/api/chats/{chat}/messages/find/?text=a", {"get": (200, None)}),
    "api/chats/<str:id>/messages/": (
        "/api/chats/{chat}/messages/",
        {"get": (200, None), "post": (201, {"content": "x"})},
    ),
    "api/messages/<str:id>/": (
        "/api/messages/{waiting}/",
        {"get": (200, None), "patch": (200, {"content": "x"}), "delete": (204, None)},
    ),
    "api/messages/<str:id>/show/": ("/api/messages/{message}/show/", {"post": (200, None)}),
    "api/messages/<str:id>/stop/": ("/api/messages/{running}/stop/", {"post": (200, None)}),
    "api/messages/<str:id>/regenerate/": ("/api/messages/{message}/regenerate/", {"post": (201, None)}),
    # The tests' client is no ASGI server; test_streams.py has one.
    "api/events/": ("/api/events/", {"get": (501, None)}),
    "api/messages/<str:id>/continue/": ("/api/messages/{cut}/continue/", {"post": (201, None)}),
    "api/owner/": ("/api/owner/", {"get": (200, None), "patch": (200, {"instructions": "x"})}),
    "api/models/": ("/api/models/", {"get": (200, None)}),
    "api/status/": ("/api/status/", {"get": (200, None)}),
    # The password is not right.
    "api/account/delete/": ("/api/account/delete/", {"post": (400, {"password": "x"})}),
    "api/^keys/$": ("/api/keys/", {"get": (200, None), "post": (201, {"name": "x"})}),
    "api/^keys/(?P<pk>[^/.]+)/$": ("/api/keys/{key}/", {"delete": (204, None)}),
}
# What anyone may ask for; it must show nothing of anybody.
PUBLIC = {
    "healthz": "/healthz",
    "readyz": "/readyz",
    "api/": "/api/x/",
    "api/config/": "/api/config/",
    "api/schema/": "/api/schema/",
    "api/docs/": "/api/docs/",
    "_allauth/browser/v1/auth/session": "/_allauth/browser/v1/auth/session",
    "_allauth/browser/v1/auth/login": "/_allauth/browser/v1/auth/login",
    "_allauth/browser/v1/auth/signup": "/_allauth/browser/v1/auth/signup",
    "_allauth/browser/v1/auth/sessions": "/_allauth/browser/v1/auth/sessions",
    "_allauth/browser/v1/account/password/change": "/_allauth/browser/v1/account/password/change",
    "static/<path:path>": "/static/x",
    "assets/<path:path>": "/assets/x",
    r"^(?P<path>(?!(?:api|ws|_allauth|admin|static|assets)(?:/|$)|healthz$|readyz$).*)$": "/chats/{chat}",
}
ADMIN_MODELS = {
    "chattable/chat": "{chat}",
    "chattable/message": "{message}",
    "chattable/run": "{run}",
    "accounts/user": "{owner}",
    "accounts/apikey": "{key}",
    "auth/group": "1",
    "account/emailaddress": "1",
    "usersessions/usersession": "1",
}


def routes(patterns: Any, *, prefix: str = "") -> Iterator[str]:
    """All routes below the patterns."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, prefix=route)


ROUTES = sorted(routes(get_resolver().url_patterns))
ADMIN = [route for route in ROUTES if route.startswith("admin/")]
API_REQUESTS = [(route, verb) for route in API for verb in VERBS]
OF_ONE = [(route, verb) for route, verb in API_REQUESTS if "{" in API[route][0]]
OF_ALL = [(route, verb) for route, verb in API_REQUESTS if "{" not in API[route][0]]


def admin_path(route: str) -> str:
    """An address that the admin's route matches."""
    route = re.sub(r"\^\(\?P<app_label>.*\$", "chattable/", route).replace("(?P<url>.*)$", "x")
    model = "/".join(route.split("/")[1:3])
    ids = {
        "object_id": ADMIN_MODELS.get(model, "{chat}"),
        "id": ADMIN_MODELS.get(model, ""),
        "content_type_id": "{type}",
    }
    return "/" + re.sub(r"<(?:path:)?(\w+)>", lambda name: ids[name[1]], route)


@dataclass
class World:
    """An owner who has something of everything, and the ids of it."""

    owner: User
    ids: dict[str, Any]

    def path(self, template: str) -> str:
        return template.format(**self.ids)


@pytest.fixture
def world() -> World:
    """Everything there is, and an empty queue."""
    owner = UserFactory.create(email="secret-owner@example.com")
    chat = ChatFactory.create(owner=owner, title=SECRET, instructions=SECRET, model=SECRET)
    turn = MessageFactory.create(chat=chat, content=SECRET)
    message = MessageFactory.create(chat=chat, role="assistant", content=SECRET, reasoning=SECRET, model=SECRET)
    running = MessageFactory.create(chat=chat, role="assistant", content="", status="queued", model=SECRET, parent=turn)
    run = RunFactory.create(message=running)
    cut = MessageFactory.create(
        chat=chat, role="assistant", content=SECRET, status="stopped", model=SECRET, parent=turn
    )
    waiting = MessageFactory.create(chat=chat, content=SECRET, parent=running)
    RunFactory.create(message__chat=chat, message__model=SECRET)
    key = ApiKeyFactory.create(user=owner, name=SECRET)
    owner.chat_settings.create(instructions=SECRET)
    made = {"message": message, "running": running, "cut": cut, "waiting": waiting, "run": run, "key": key}
    ids = {"chat": chat.id, **{name: row.pk for name, row in made.items()}}
    chats = ContentType.objects.get_for_model(Chat)
    empty_queue()
    return World(owner, {**ids, "owner": owner.id, "type": chats.id})


@pytest.fixture
def nothing_known(world: World) -> dict[str, Any]:
    """Ids of the same form that name nothing."""
    return {name: uuid.uuid4() for name in world.ids}


def ask(api: Api, verb: str, path: str, body: Any = None) -> Any:
    """The answer to a request, and what follows its commit."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        return getattr(api, verb)(path, *([] if body is None else [body]))


def shows(answer: Any) -> bool:
    """Whether the answer holds anything of the owner's."""
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return SECRET.encode() in text or b"secret-owner@" in text


def body_of(route: str, verb: str) -> Any:
    return API[route][1].get(
        verb, (0, {"title": "x", "content": "x", "name": "x"} if verb in ("put", "patch") else None)
    )[1]


def test_every_route_is_in_the_table() -> None:
    assert set(ROUTES) - set(ADMIN) == set(API) | set(PUBLIC)
    assert {"/".join(route.split("/")[1:3]) for route in ADMIN if "<path:object_id>/change/" in route} == set(
        ADMIN_MODELS
    )


@pytest.mark.parametrize(("route", "verb"), API_REQUESTS)
def test_the_owner_may(world: World, route: str, verb: str, provider: Any) -> None:
    template, allowed = API[route]
    expected, body = allowed.get("get" if verb == "head" else verb, (405, body_of(route, verb)))

    answer = ask(Api(world.owner), verb, world.path(template), body)

    assert answer.status_code == expected
    if expected == 405 and verb != "head":
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(("route", "verb"), OF_ONE)
def test_a_stranger_gets_what_an_unknown_id_gets(
    world: World, nothing_known: dict[str, Any], route: str, verb: str
) -> None:
    template, allowed = API[route]
    body = body_of(route, verb)
    stranger = UserFactory.create()
    before = everything()

    refused = ask(Api(stranger), verb, world.path(template), body)

    unknown = ask(Api(world.owner), verb, template.format(**nothing_known), body)
    assert (refused.status_code, refused.content) == (unknown.status_code, unknown.content)
    if verb in allowed:
        assert refused.status_code == 404
        assert refused.json() == {"code": "not_found", "detail": "Not found."}
    assert not shows(refused)
    assert everything() == before
    assert queued() == []


@pytest.mark.parametrize(("route", "verb"), OF_ALL)
def test_a_stranger_sees_and_changes_only_the_own(world: World, route: str, verb: str, provider: Any) -> None:
    template, _ = API[route]
    stranger = UserFactory.create()
    before = everything()

    answer = ask(Api(stranger), verb, template, body_of(route, verb))

    assert not shows(answer)
    after = everything()
    for name, rows in before.items():
        assert [row for row in after[name] if row in rows] == rows
    assert queued() == []


@pytest.mark.parametrize(("route", "verb"), API_REQUESTS)
def test_nobody_is_asked_to_sign_in(world: World, route: str, verb: str) -> None:
    before = everything()

    refused = ask(Api(), verb, world.path(API[route][0]), body_of(route, verb))

    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"]
    if verb != "head":
        assert refused.json()["code"] == "not_authenticated"
    assert everything() == before
    assert queued() == []


@pytest.mark.parametrize(
    ("route", "verb"),
    [(route, verb) for route, (_, allowed) in API.items() for verb in allowed if verb != "get"],
)
def test_another_site_cannot_use_the_owners_session(world: World, route: str, verb: str) -> None:
    api = Api(world.owner)
    api.handler.enforce_csrf_checks = True
    before = everything()

    refused = ask(api, verb, world.path(API[route][0]), body_of(route, verb))

    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert everything() == before
    assert queued() == []


@pytest.mark.parametrize("route", API)
def test_a_deactivated_owner_is_nobody(world: World, route: str) -> None:
    api = Api(world.owner)
    User.objects.update(is_active=False)

    for verb in API[route][1]:
        assert ask(api, verb, world.path(API[route][0]), body_of(route, verb)).status_code == 401


@pytest.mark.parametrize("path", [*PUBLIC.values(), *sorted({admin_path(route) for route in ADMIN})])
def test_no_other_route_shows_or_changes_anything(world: World, path: str) -> None:
    people = {"nobody": None, "a stranger": UserFactory.create(), "plain staff": UserFactory.create(is_staff=True)}
    before = everything()

    for who, person in people.items():
        for verb in VERBS:
            answer = ask(Api(person), verb, world.path(path))
            assert answer.status_code < 500 or path == "/readyz", f"{verb} as {who}"
            assert not shows(answer), f"{verb} as {who}"

    assert everything() == before
    assert queued() == []


def test_what_the_owner_has_can_be_seen_by_this_file(world: World) -> None:
    """The tests above would pass for ever if nothing were there to be seen."""
    api = Api(world.owner)

    for path in (
        "/api/chats/",
        "/api/chats/{chat}/",
        "/api/chats/{chat}/messages/",
        "/api/messages/{message}/",
        "/api/keys/",
    ):
        assert shows(api.get(world.path(path)))
    ask(api, "post", world.path("/api/messages/{message}/regenerate/"))
    assert len(queued()) == 1
    assert (Chat.objects.count(), Message.objects.count(), Run.objects.count(), ApiKey.objects.count()) == (1, 7, 3, 1)


# While the database is away.

ALLOWED = [(route, verb) for route, (_, verbs) in API.items() for verb in verbs]
SIGNING_IN = [route for route in PUBLIC if route.startswith("_allauth/")]


def away(*_: Any) -> Any:
    """Stands before every statement."""
    raise OperationalError("the database is away")


@pytest.mark.parametrize(("route", "verb"), ALLOWED)
def test_without_a_database_the_api_says_so(world: World, route: str, verb: str) -> None:
    path, verbs = API[route]
    api = Api(world.owner)

    with connection.execute_wrapper(away):
        answer = getattr(api, verb)(world.path(path), verbs[verb][1])

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


@pytest.mark.parametrize("route", SIGNING_IN)
def test_without_a_database_signing_in_says_so(world: World, route: str, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    api = Api(world.owner)
    body = {"email": "ann@example.com", "password": "a good password", "current_password": "x", "new_password": "x"}

    with connection.execute_wrapper(away):
        answer = api.get(PUBLIC[route]) if route.endswith("session") else api.post(PUBLIC[route], body)

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
