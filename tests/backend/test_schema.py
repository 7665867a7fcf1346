"""The OpenAPI schema says what the API does, and the socket's events are part of it."""

# mypy: disable-error-code="no-untyped-call"

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from backend.api import Api
from backend.factories import ChatFactory, MessageFactory, UserFactory
from chattable import events
from chattable.models import Chat, Message
from chattable.serializers import ChatSerializer, MessageSerializer

pytestmark = pytest.mark.django_db

FIXTURES = Path(__file__).parents[1] / "fixtures" / "events.json"
SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
OPERATIONS = {
    f"{verb.upper()} {path}": operation for path, verbs in SCHEMA["paths"].items() for verb, operation in verbs.items()
}
# What any operation may be answered with that needs a person, and what one with a body.
SIGNED_IN, BODY = {"401"}, {"400", "401", "403", "413", "415"}


def check(value: Any, component: str) -> None:
    """Fail where the value is not of the component."""
    schema = {"$ref": f"#/components/schemas/{component}", "components": SCHEMA["components"]}
    Draft202012Validator(schema).validate(value)


def as_sent(event: events.Event) -> Any:
    """The event as it reaches a page."""
    return json.loads(events.encode([event]))


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_is_described_with_examples(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 10
    bodies = [body for body in (operation.get("requestBody"), *operation["responses"].values()) if body]
    for body in bodies:
        for content in body.get("content", {}).values():
            assert content.get("examples"), content


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_error_of_an_operation_has_a_body(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    refused = {status for status in responses if status >= "400"}

    if "security" in operation:
        assert refused >= (BODY if "requestBody" in operation else SIGNED_IN)
    if "parameters" in operation:
        assert refused & {"400", "404"}
    for status in refused:
        content = responses[status]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Error"}
        for example in content["examples"].values():
            check(example["value"], "Error")


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_examples_are_of_the_type_they_are_examples_of(operation: dict[str, Any]) -> None:
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        for content in body.get("content", {}).values():
            for example in content["examples"].values():
                if content["schema"] == {"type": "string"}:
                    assert isinstance(example["value"], str)
                else:
                    check(example["value"], content["schema"]["$ref"].rpartition("/")[2])


def test_a_chat_and_a_message_are_declared_as_they_are_given() -> None:
    message = MessageFactory.create()

    assert set(MessageSerializer().fields) == set(events.message_snapshot(message))
    assert set(ChatSerializer().fields) == set(events.chat_snapshot(message.chat))
    state = SCHEMA["components"]["schemas"]["MessageState"]
    assert set(state["properties"]) == set(state["required"]) == set(events.message_state(message))


def test_the_api_and_the_socket_give_the_same() -> None:
    message = MessageFactory.create(role="assistant", error="internal", status="failed")
    chat = Chat.objects.get()
    message.refresh_from_db()
    api = Api(chat.owner)

    assert as_sent(events.chat_changed("updated", chat))["chat"] == api.get(f"/api/chats/{chat.id}/").json()
    assert as_sent(events.message_created(message))["message"] == api.get(f"/api/messages/{message.id}/").json()


@pytest.mark.django_db(transaction=True)
def test_answers_are_of_the_declared_types() -> None:
    api = Api(UserFactory.create())

    chat = api.post("/api/chats/", {"parameters": {"temperature": 1, "stop": ["a"]}}).json()
    path = f"/api/chats/{chat['id']}/"
    sent = api.post(f"{path}messages/", {"content": "Hello?"}).json()
    stopped = api.post(f"/api/messages/{sent['answer']['id']}/stop/").json()
    Message.objects.filter(pk=sent["answer"]["id"]).update(error="provider_error")

    check(chat, "Chat")
    check(api.get(path).json(), "Chat")
    check(api.get("/api/chats/").json(), "ChatPage")
    check(sent, "SentMessage")
    check(stopped, "Message")
    check(api.get(f"{path}messages/").json(), "MessagePage")
    check(api.get(f"/api/messages/{stopped['id']}/").json(), "Message")
    check(api.post(f"/api/messages/{stopped['id']}/regenerate/").json(), "Message")
    check(api.get("/api/status/").json(), "Status")
    check(api.post(f"{path}messages/", {}).json(), "Error")
    check(api.get(f"/api/chats/{uuid.uuid4()}/").json(), "Error")
    check(Api().get("/api/chats/").json(), "Error")


def test_every_event_is_of_its_declared_type() -> None:
    chat = ChatFactory.create()
    message = MessageFactory.create(chat=chat)
    delta = events.Delta(0, content=(0, 2, "Hi"))
    sent = [
        events.message_created(message),
        events.message_updated(message, None),
        events.message_updated(message, delta),
        events.message_deleted(message),
        *(events.chat_changed(kind, chat) for kind in ("created", "updated", "deleted")),
        events.gap(),
        {"type": "pong"},
    ]

    for event in sent:
        check(as_sent(event), "Event")
    mapping = SCHEMA["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    assert {event["type"] for event in sent} == set(mapping)
    assert [{"$ref": ref} for ref in mapping.values()] == SCHEMA["components"]["schemas"]["Event"]["oneOf"]
    for event in sent:
        check(as_sent(event), mapping[event["type"]].rpartition("/")[2])


def test_the_events_that_the_page_is_tested_with_are_of_their_declared_types() -> None:
    frames = [frame for scene in json.loads(FIXTURES.read_text()) for frame in scene["frames"]]
    sent = [event for frame in frames for event in (frame if isinstance(frame, list) else [frame])]
    known = set(SCHEMA["components"]["schemas"]["Event"]["discriminator"]["mapping"])

    assert {event["type"] for event in sent} >= {"message.created", "message.updated", "delta", "gap"}
    for event in sent:
        # Some scenes are about types that a page does not know yet.
        if event["type"] in known:
            check(event, "Event")
