"""Whatever is sent to the API, right or wrong, is answered as the schema says and never with 500."""

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from backend.api import Api
from backend.factories import ApiKeyFactory, MessageFactory, UserFactory
from backend.test_schema import SCHEMA, check

FOUND: list[Any] = list(schemathesis.openapi.from_dict(SCHEMA).get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND if "401" in found.ok().definition.raw["responses"]}


def send(api: Api, case: Any) -> Any:
    """The answer to a generated request."""
    parts = case.as_transport_kwargs(base_url="http://testserver")
    kept = ("method", "url", "params", "json", "data", "headers")
    request = requests.Request(**{name: value for name, value in parts.items() if name in kept}).prepare()
    content_type = request.headers.get("Content-Type", "")
    return api.generic(str(request.method), request.path_url, request.body or b"", content_type=content_type)  # type: ignore[arg-type]


RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CALLERS = [("owner", RIGHT), ("owner", WRONG), ("stranger", RIGHT), ("nobody", WRONG)]


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "mode"), CALLERS, ids=[f"{who}-{mode.value}" for who, mode in CALLERS])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_answer_is_declared(operation: Any, who: str, mode: GenerationMode) -> None:
    message = MessageFactory.create(role="assistant")
    key = ApiKeyFactory.create(user=message.chat.owner)
    api = Api({"owner": message.chat.owner, "stranger": UserFactory.create(), "nobody": None}[who])
    known = {"chats": message.chat_id, "messages": message.pk, "keys": key.pk}.get(operation.path.split("/")[2])
    declared = operation.definition.raw["responses"]

    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def answers_as_declared(case: Any, exists: bool) -> None:
        if exists and "{id}" in operation.path:
            case.path_parameters = {"id": str(known)}
        answer = send(api, case)
        if who == "nobody":
            assert answer.status_code == 401
        elif who == "stranger" and "{id}" in operation.path:
            assert answer.status_code in (400, 404)
        if content := declared[str(answer.status_code)].get("content"):
            check_content(answer, content)

    answers_as_declared()


def check_content(answer: Any, content: dict[str, Any]) -> None:
    """The answer is of a type that is declared, and what is declared for that type."""
    media_type = answer["Content-Type"].partition(";")[0]
    schema = content[media_type]["schema"]
    if media_type == "application/json":
        check(answer.json(), schema["$ref"].rpartition("/")[2])
