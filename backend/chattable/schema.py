"""The API's OpenAPI description beyond its shapes: examples, the body of every error, the events of the socket."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from chattable.serializers import ErrorSerializer

CHAT_ID = "0198f3a0-0000-7000-8000-0000000000c1"
TURN_ID = "0198f3a0-0000-7000-8000-000000000001"
ANSWER_ID = "0198f3a0-0000-7000-8000-000000000002"
OTHER_ID = "0198f3a0-0000-7000-8000-000000000003"
_TIMES = {"created_at": "2026-01-05T10:00:00.250000Z", "updated_at": "2026-01-05T10:00:02.500000Z"}

CHAT = {
    "id": CHAT_ID,
    "title": "A trip to the sea",
    "model": "",
    "instructions": "",
    "parameters": {"temperature": 0.5},
    "current_leaf": ANSWER_ID,
    "version": 2,
    **_TIMES,
    "active_at": _TIMES["created_at"],
}
TURN = {
    "id": TURN_ID,
    "chat": CHAT_ID,
    "parent": None,
    "role": "user",
    "content": "Where is the sea warm in May?",
    "reasoning": "",
    "model": "",
    "status": "complete",
    "finish_reason": "",
    "error": None,
    "retry_at": None,
    "rev": 0,
    "version": 1,
    "content_length": 29,
    "reasoning_length": 0,
    "reasoning_ms": None,
    **_TIMES,
}
QUEUED = {
    **TURN,
    "id": ANSWER_ID,
    "parent": TURN_ID,
    "role": "assistant",
    "content": "",
    "model": "gpt-5-mini",
    "status": "queued",
    "content_length": 0,
}
ANSWER = {
    **QUEUED,
    "content": "In Cyprus.",
    "status": "complete",
    "finish_reason": "stop",
    "version": 3,
    "content_length": 10,
}
GOING_ON = {**QUEUED, "id": OTHER_ID, "content": "In Cyp", "content_length": 6}
DOCUMENT = "# A trip to the sea\n\n## You\n\nWhere is the sea warm in May?\n\n## Answer by gpt-5-mini\n\nIn Cyprus.\n"
STOPPED = {**ANSWER, "content": "In Cyp", "status": "stopped", "finish_reason": "", "content_length": 6}

OWNER = {
    "id": "chattable.5c0f9a1e4b7d2c3f8a6e",
    "name": "ada@example.com",
    "instructions": "I am new to this: explain each term.",
}

_STATUSES = {
    400: "Something in the request is wrong; `fields` says what.",
    401: "Nobody is signed in, or the credential has ended.",
    403: "The CSRF token is missing, or this is not allowed.",
    404: "There is no such thing, or it is somebody else's.",
    409: "The state of the chat does not allow it.",
    413: "The body is larger than any valid request.",
    415: "The body is not JSON.",
    429: "Too many at once: wait a moment.",
    501: "The server does not run by ASGI, so it has no events.",
    503: "What the answer depends on is away at the moment.",
}
_ERRORS = {
    "parse_error": (400, "The body is not JSON: Expecting value: line 1 column 1 (char 0)"),
    "not_authenticated": (401, "Authentication credentials were not provided."),
    "permission_denied": (403, "CSRF Failed: CSRF token missing."),
    "not_found": (404, "Not found."),
    "id_conflict": (409, "This id belongs to another message."),
    "still_running": (409, "The answer is still running; stop it first."),
    "not_an_answer": (409, "Only an answer can be regenerated."),
    "not_waiting": (409, "Only a message that still waits for its answer can be changed or withdrawn."),
    "not_cut_short": (409, "Only an answer that was cut short can be continued."),
    "too_large": (413, "The request is too large."),
    "unsupported_media_type": (415, 'Unsupported media type "text/plain" in request.'),
    "too_many_running": (429, "Too many of your answers are still running. Wait for one to end, or stop one."),
    "throttled": (429, "Request was throttled."),
    "database_unavailable": (503, "The service is not reachable. Try again in a moment."),
    "events_need_asgi": (
        501,
        "This server has no events. The operator has to run it by ASGI, with `with_events`.",
    ),
    "events_unavailable": (503, "Events cannot be followed at the moment. Try again soon."),
    "provider_unavailable": (503, "The model provider could not be reached. Try again in a moment."),
}
_FIELD_ERRORS = {
    "blank": ("content", "Write something."),
    "wrong_password": ("password", "This is not your password."),
    "max_length": ("title", "Ensure this field has no more than 200 characters."),
    "max_value": ("limit", "Ensure this value is less than or equal to 100."),
    "unknown_parent": ("parent", "There is no such message in this chat."),
    "unknown_model": ("model", "This model is not offered. Choose another one."),
    "invalid_cursor": ("cursor", "This cursor is not valid. Start again without one."),
    "invalid_choice": ("form", '"pdf" is not a valid choice.'),
    "not_shown": ("before", "This message is not on the path that is shown."),
}


def errors(*codes: str) -> dict[int, OpenApiResponse]:
    """The error responses of an operation, with an example for each code; 401 and 503 are among them everywhere."""
    bodies = [_body(code) for code in ("not_authenticated", "database_unavailable", *codes)]
    return {
        status: OpenApiResponse(
            ErrorSerializer,
            _STATUSES[status],
            examples=[
                OpenApiExample(code, body, response_only=True, status_codes=[str(status)])
                for other, code, body in bodies
                if other == status
            ],
        )
        for status in sorted({status for status, _code, _body in bodies})
    }


def body_errors(*codes: str) -> dict[int, OpenApiResponse]:
    """The error responses of an operation that reads a body in JSON."""
    return errors("parse_error", "permission_denied", "too_large", "unsupported_media_type", *codes)


def _body(code: str) -> tuple[int, str, dict[str, Any]]:
    if code in _ERRORS:
        status, detail = _ERRORS[code]
        return status, code, {"code": code, "detail": detail}
    field, detail = _FIELD_ERRORS[code]
    fields = {field: [{"code": code, "detail": detail}]}
    return 400, code, {"code": "invalid", "detail": "Check the marked fields.", "fields": fields}


def takes(name: str, value: dict[str, Any]) -> OpenApiExample:
    """An example of what is sent."""
    return OpenApiExample(name, value, request_only=True)


def gives(
    name: str, value: dict[str, Any] | str, *, status: int = 200, media_type: str = "application/json"
) -> OpenApiExample:
    """An example of what comes back."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)], media_type=media_type)


EVENT_STREAM = {
    (200, "text/event-stream"): OpenApiResponse(
        {"$ref": "#/components/schemas/Event"},
        "Each `data:` line is an event, or a list of events. Comment lines come at least every 15 seconds.",
        examples=[
            OpenApiExample(
                "An answer grows",
                {"type": "delta", "id": ANSWER_ID, "content": [0, 10, "In Cyprus."]},
                media_type="text/event-stream",
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
}


def add_events(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular: adds the socket's events to the components, `Event` for any of them."""
    schemas = result["components"]["schemas"]
    schemas["MessageState"] = _without_texts(schemas["Message"])
    named = {f"{_camel(kind)}Event": (kind, schema) for kind, schema in _EVENTS.items()}
    schemas.update({name: schema for name, (_kind, schema) in named.items()})
    schemas["Event"] = {
        "description": "What `/ws/` and `/api/events/` send: a frame is one of these, or a list of them.",
        "oneOf": [_ref(name) for name in named],
        "discriminator": {
            "propertyName": "type",
            "mapping": {kind: f"#/components/schemas/{name}" for name, (kind, _schema) in named.items()},
        },
    }
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _without_texts(message: dict[str, Any]) -> dict[str, Any]:
    texts = ("content", "reasoning")
    return {
        **message,
        "description": "A message without its texts, of which it gives the lengths.",
        "properties": {name: field for name, field in message["properties"].items() if name not in texts},
        "required": [name for name in message["required"] if name not in texts],
    }


def _camel(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("."))


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _event(kind: str, description: str, *, optional: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": {"type": {"type": "string", "enum": [kind]}, **fields, **(optional or {})},
        "required": ["type", *fields],
    }


_ID = {"type": "string", "format": "uuid"}
_SPAN = {
    "type": "array",
    "description": "Start and end, in characters of this `rev`, and the text between them.",
    "prefixItems": [{"type": "integer"}, {"type": "integer"}, {"type": "string"}],
    "minItems": 3,
    "maxItems": 3,
}
_EVENTS = {
    "message.created": _event("message.created", "The message is new.", message=_ref("Message")),
    "message.updated": _event("message.updated", "The message changed its state.", message=_ref("MessageState")),
    "delta": _event(
        "delta",
        "The message grew.",
        id=_ID,
        optional={"rev": {"type": "integer", "default": 0}, "content": _SPAN, "reasoning": _SPAN},
    ),
    "message.deleted": _event(
        "message.deleted",
        "The message is gone, alone: of a deleted chat only that is told.",
        message={"type": "object", "properties": {"id": _ID, "chat": _ID}, "required": ["id", "chat"]},
    ),
    "chat.created": _event("chat.created", "The chat is new.", chat=_ref("Chat")),
    "chat.updated": _event("chat.updated", "The chat changed.", chat=_ref("Chat")),
    "chat.deleted": _event(
        "chat.deleted",
        "The chat is gone.",
        chat={"type": "object", "properties": {"id": _ID}, "required": ["id"]},
    ),
    "gap": _event("gap", "Some events are missing here: fetch whatever is shown."),
    "pong": _event("pong", "The answer to the page's `ping`."),
}
