"""What the API takes, field by field, and the shapes of what it gives; the values given are `events` snapshots."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from chattable.conf import FEATURES, settings
from chattable.models import Message, Role, Status

type Data = dict[str, Any]

MAX_LIMIT = 100


class _Strict(serializers.Field[Any, Any, Any, Any]):
    """Takes a JSON value of the right type only; DRF's own fields make text of numbers and numbers of text."""

    takes: tuple[type, ...] = (str,)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, self.takes) or isinstance(data, bool):
            self.fail("invalid", input=data, value=data)
        return super().to_internal_value(data)


class TextField(_Strict, serializers.CharField):
    """A JSON string."""


class IdField(_Strict, serializers.UUIDField):
    """A UUID as a JSON string."""


class NumberField(_Strict, serializers.FloatField):
    """A JSON number."""

    takes = (int, float)


class WholeField(_Strict, serializers.IntegerField):
    """A JSON number without a fraction."""

    takes = (int,)


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}]}
)
class StopField(serializers.Field[Any, Any, Any, Any]):
    """A text, or up to four of them, at which the model stops."""

    default_error_messages = {"invalid": _("Give a text, or a list of one to four texts.")}

    def to_internal_value(self, data: Any) -> Any:
        texts = data if isinstance(data, list) else [data]
        if not 1 <= len(texts) <= 4 or not all(isinstance(text, str) and text for text in texts):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def check_length(text: str) -> None:
    """Refuse a text longer than `MAX_MESSAGE_CHARS`."""
    if len(text) > settings.MAX_MESSAGE_CHARS:
        raise serializers.ValidationError(
            _("Use at most %(max)s characters.") % {"max": settings.MAX_MESSAGE_CHARS}, "max_length"
        )


def check_model(model: str) -> None:
    """Refuse a model that `MODELS` does not offer."""
    if model and settings.MODELS is not None and model not in settings.MODELS:
        raise serializers.ValidationError(_("This model is not offered. Choose another one."), "unknown_model")


@extend_schema_serializer(component_name="Parameters")
class ParametersSerializer(serializers.Serializer[Data]):
    """Sent to the provider with every request of the chat; what is left out is the provider's default."""

    temperature = NumberField(min_value=0, max_value=2, required=False)
    top_p = NumberField(min_value=0, max_value=1, required=False)
    max_tokens = WholeField(min_value=1, max_value=2**31 - 1, required=False)
    max_completion_tokens = WholeField(min_value=1, max_value=2**31 - 1, required=False)
    presence_penalty = NumberField(min_value=-2, max_value=2, required=False)
    frequency_penalty = NumberField(min_value=-2, max_value=2, required=False)
    seed = WholeField(min_value=-(2**53) + 1, max_value=2**53 - 1, required=False)
    stop = StopField(required=False, help_text=_("A text, or up to four, at which the model stops."))
    reasoning_effort = serializers.ChoiceField(["none", "minimal", "low", "medium", "high", "xhigh"], required=False)

    def to_internal_value(self, data: Any) -> Any:
        """The parameters that were given; a name that is not known is refused."""
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            error = serializers.ErrorDetail(str(_("There is no such parameter.")), "unknown_parameter")
            raise serializers.ValidationError({name[:50]: [error] for name in unknown[:10]})
        return super().to_internal_value(data)


@extend_schema_serializer(component_name="Chat")
class ChatChangeSerializer(serializers.Serializer[Data]):
    """What may be set of a chat."""

    title = TextField(max_length=200, allow_blank=True, required=False)
    model = TextField(
        max_length=200,
        allow_blank=True,
        required=False,
        help_text=_("Used where a message names none; empty: the default of `GET /api/models/`."),
        validators=[check_model],
    )
    instructions = TextField(
        allow_blank=True,
        required=False,
        trim_whitespace=False,
        help_text=_("Sent to the model before the first message."),
        validators=[check_length],
    )
    parameters = ParametersSerializer(required=False)


@extend_schema_serializer(component_name="Chat")
class ChatRequestSerializer(ChatChangeSerializer):
    """A new chat; an id of the client's makes the request repeatable."""

    id = IdField(required=False, help_text=_("Any UUID; sent again, it gets the same chat back."))


@extend_schema_serializer(component_name="Chat")
class ChatSerializer(serializers.Serializer[Data]):
    """A chat; its messages are a tree, and the path to `current_leaf` is what is shown."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    model = serializers.CharField(help_text=_("Used where a message names none; empty: the default."))
    instructions = serializers.CharField()
    parameters = ParametersSerializer()
    current_leaf = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField(help_text=_("Grows with each change: of two snapshots the higher is newer."))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    active_at = serializers.DateTimeField(help_text=_("When the chat was last written in; lists are ordered by it."))


@extend_schema_serializer(component_name="ChatPage", many=False)
class ChatPageSerializer(serializers.Serializer[Data]):
    """Some chats; the pages of one walk, merged by id, hold each chat in its newest state."""

    results = ChatSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text=_("The `cursor` of the next page; null at the end."))


@extend_schema_serializer(component_name="MessageError")
class MessageErrorSerializer(serializers.Serializer[Data]):
    """Why an answer failed."""

    code = serializers.CharField()
    detail = serializers.CharField(help_text=_("Plain words for a person."))


@extend_schema_serializer(component_name="Message")
class MessageSerializer(serializers.Serializer[Data]):
    """A message; an answer grows until its status is complete, stopped or failed."""

    id = serializers.UUIDField()
    chat = serializers.UUIDField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    role = serializers.ChoiceField(Role.choices)
    content = serializers.CharField()
    reasoning = serializers.CharField(help_text=_("What the model thought before it answered, if it tells."))
    model = serializers.CharField()
    status = serializers.ChoiceField(Status.choices)
    finish_reason = serializers.CharField(help_text=_("`stop`, `length`, `content_filter`, `tool_calls` or another."))
    error = MessageErrorSerializer(allow_null=True)
    retry_at = serializers.DateTimeField(
        allow_null=True,
        help_text=_("The provider is busy until then: a queued answer is tried again, a failed one may be."),
    )
    rev = serializers.IntegerField(
        help_text=_("Counts how often the texts began anew; those of a higher one replace those of a lower.")
    )
    version = serializers.IntegerField(help_text=_("Grows with each change: of two snapshots the higher is newer."))
    content_length = serializers.IntegerField(help_text=_("Characters (code points) of the content."))
    reasoning_length = serializers.IntegerField(help_text=_("Characters (code points) of the reasoning."))
    reasoning_ms = serializers.IntegerField(
        allow_null=True, help_text=_("Milliseconds from its first word to its last thought; null until it has ended.")
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


@extend_schema_serializer(component_name="MessagePage", many=False)
class MessagePageSerializer(serializers.Serializer[Data]):
    """Some messages of the path that is shown, oldest first."""

    results = MessageSerializer(many=True)
    siblings = serializers.DictField(
        child=serializers.ListField(child=serializers.UUIDField()),
        help_text=_("By a message's id, the ids of it and its siblings, oldest first; only where there are any."),
    )
    length = serializers.IntegerField(help_text=_("How many messages the whole path has."))
    position = serializers.IntegerField(help_text=_("How many of them stand before the first one here."))
    before = serializers.UUIDField(allow_null=True, help_text=_("The `before` of the older page; null at the root."))
    after = serializers.UUIDField(allow_null=True, help_text=_("The `after` of the newer page; null at the leaf."))


class _ModelChoice(serializers.Serializer[Data]):
    """Knows the chat that the request is about, and the `model` that answers where none is named, if not the chat's."""

    def validate(self, attrs: Data) -> Data:
        """Refuse an answer by a model that is not offered, even where the chat has chosen it long ago."""
        try:
            wanted = attrs.get("model") or self.context.get("model") or self.context["chat"].model
            check_model(wanted or settings.MODEL)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"model": error.detail}) from error
        return attrs


class _Content(serializers.Serializer[Data]):
    default_error_messages = {"blank": _("Write something.")}

    content = TextField(trim_whitespace=False, validators=[check_length])

    def validate_content(self, content: str) -> str:
        """The content as it is, if there is any."""
        if not content.strip():
            self.fail("blank")
        return content


@extend_schema_serializer(component_name="MessageChange")
class MessageChangeSerializer(_Content):
    """What may be changed of a turn that waits for its answer."""


@extend_schema_serializer(component_name="Message")
class MessageRequestSerializer(_Content, _ModelChoice):
    """A person's turn; an id of the client's makes the request repeatable."""

    default_error_messages = {
        "unknown_parent": _("There is no such message in this chat."),
        "not_an_answer": _("A turn follows an answer."),
    }

    id = IdField(required=False, help_text=_("Any UUID; sent again, it gets the same two messages back."))
    parent = IdField(  # type: ignore[assignment]
        required=False,
        allow_null=True,
        help_text=_("The message to continue from; left out: the chat's current leaf; null: the chat's beginning."),
    )
    model = TextField(max_length=200, allow_blank=True, required=False, help_text=_("Left out: the chat's model."))

    def validate_parent(self, parent: Any) -> Message | None:
        """The message of this chat with the given id."""
        if parent is None:
            return None
        message = Message.objects.filter(chat=self.context["chat"], pk=parent).first()
        if message is None:
            self.fail("unknown_parent")
        if message.role not in (Role.ASSISTANT, Role.SYSTEM):
            self.fail("not_an_answer")
        return message


@extend_schema_serializer(component_name="SentMessage")
class SentMessageSerializer(serializers.Serializer[Data]):
    """A turn with its answer, which is queued, or failed with `queue_unavailable`."""

    message = MessageSerializer()
    answer = MessageSerializer()
    branched = serializers.BooleanField(
        help_text=_("Whether the chat had gone on from the parent already: the turn stands beside others, as an edit.")
    )


@extend_schema_serializer(component_name="Regenerate")
class RegenerateRequestSerializer(_ModelChoice):
    """Another answer; an id of the client's makes the request repeatable."""

    id = IdField(required=False, help_text=_("Any UUID; sent again, it gets the same answer back."))
    model = TextField(max_length=200, allow_blank=True, required=False, help_text=_("Left out: the chat's model."))


@extend_schema_serializer(component_name="Continue")
class ContinueRequestSerializer(RegenerateRequestSerializer):
    """The rest of an answer; an id of the client's makes the request repeatable."""

    model = TextField(max_length=200, allow_blank=True, required=False, help_text=_("Left out: the answer's model."))


@extend_schema_serializer(component_name="Config")
class ConfigSerializer(serializers.Serializer[Data]):
    """What the page has to know about this server."""

    login = serializers.CharField(
        allow_null=True, help_text=_("Where to send people who are not signed in; null: to the page's own login.")
    )
    features = serializers.ListField(
        child=serializers.ChoiceField(FEATURES), help_text=_("What the page offers beside chats.")
    )
    csrf_cookie = serializers.CharField(help_text=_("The cookie whose value changing requests send as `X-CSRFToken`."))
    max_message_chars = serializers.IntegerField(help_text=_("The longest message that is taken, in characters."))


@extend_schema_serializer(component_name="Owner")
class OwnerChangeSerializer(serializers.Serializer[Data]):
    """What may be set for all chats."""

    instructions = TextField(
        allow_blank=True,
        required=False,
        trim_whitespace=False,
        help_text=_("Sent to the model with every chat, before the chat's own instructions."),
        validators=[check_length],
    )


@extend_schema_serializer(component_name="Owner")
class OwnerSerializer(serializers.Serializer[Data]):
    """Whoever owns the chats that a request sees."""

    id = serializers.CharField(
        help_text=_(
            "The same with every request of this owner, and of no other one. A request that brings it along as "
            "`X-Chattable-Owner` is refused, by 401 `other_owner`, once somebody else is signed in."
        )
    )
    name = serializers.CharField(help_text=_("For people to read."))
    instructions = serializers.CharField()


@extend_schema_serializer(component_name="Model")
class ModelSerializer(serializers.Serializer[Data]):
    """A model that can be asked."""

    id = serializers.CharField()


@extend_schema_serializer(component_name="ModelList")
class ModelListSerializer(serializers.Serializer[Data]):
    """The models that can be asked, and the one that answers where none is named."""

    results = ModelSerializer(many=True)
    default = serializers.CharField()


@extend_schema_serializer(component_name="Status")
class StatusSerializer(serializers.Serializer[Data]):
    """Whether anybody is there to answer."""

    workers = serializers.IntegerField(
        allow_null=True, help_text=_("Worker processes that listen now; null where the channel layer cannot tell.")
    )


class ChatQuerySerializer(serializers.Serializer[Data]):
    """Which chats to list."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=20)
    cursor = serializers.CharField(required=False, allow_blank=True, help_text=_("The `next` of the page before."))


class ExportQuerySerializer(serializers.Serializer[Data]):
    """In which form to export a chat."""

    form = serializers.ChoiceField(["markdown", "json"], default="markdown")


class ExportSerializer(serializers.Serializer[Data]):
    """A whole chat, every branch of it."""

    chat = ChatSerializer()
    messages = MessageSerializer(many=True, help_text=_("In the order in which they were made."))


class MessageQuerySerializer(serializers.Serializer[Data]):
    """Which messages to list."""

    default_error_messages = {"one": _("Give one of before, after, around and from_start.")}

    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=50)
    before = serializers.UUIDField(required=False, help_text=_("Only what is older than this message."))
    after = serializers.UUIDField(required=False, help_text=_("Only what is newer than this message."))
    around = serializers.UUIDField(required=False, help_text=_("This message and its neighbours."))
    from_start = serializers.BooleanField(required=False, help_text=_("The first messages of the chat."))

    def validate(self, attrs: Data) -> Data:
        """At most one place to read from."""
        if not attrs.get("from_start"):
            attrs.pop("from_start", None)
        if len(attrs) > 2:
            self.fail("one")
        return attrs


class FindQuerySerializer(serializers.Serializer[Data]):
    """What to find in a chat."""

    text = serializers.CharField(max_length=200, help_text=_("Upper and lower case are one."))
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=50)
    before = serializers.UUIDField(required=False, help_text=_("Only what is older: the `before` of the last page."))


@extend_schema_serializer(component_name="Hit")
class HitSerializer(serializers.Serializer[Data]):
    """A message that holds the text."""

    id = serializers.UUIDField()
    position = serializers.IntegerField(help_text=_("How many messages stand before it on the path that is shown."))
    excerpt = serializers.CharField(help_text=_("The text with what stands around its first place, on one line."))


@extend_schema_serializer(component_name="HitPage", many=False)
class HitPageSerializer(serializers.Serializer[Data]):
    """Messages that hold the text, newest first."""

    results = HitSerializer(many=True)
    before = serializers.UUIDField(
        allow_null=True,
        help_text=_("The `before` of the older page, also of an empty one; null where nothing is left to look at."),
    )


@extend_schema_serializer(component_name="ErrorField")
class ErrorFieldSerializer(serializers.Serializer[Data]):
    """What is wrong with a field."""

    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(component_name="Error")
class ErrorSerializer(serializers.Serializer[Data]):
    """The body of every error."""

    code = serializers.CharField(help_text=_("For programs."))
    detail = serializers.CharField(help_text=_("Plain words for a person."))
    fields = serializers.DictField(  # type: ignore[assignment]
        child=ErrorFieldSerializer(many=True), required=False, help_text=_("By the field's path; with `invalid` only.")
    )
