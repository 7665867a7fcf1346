"""A chat: a tree of messages that belongs to an owner."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chattable import events
from chattable.conf import settings
from chattable.exceptions import Conflict
from chattable.models.base import CleanCharField, CleanTextField, Versioned, clean
from chattable.models.compiled import Param, Select
from chattable.models.message import Message, Role, Status, owner_params, owner_values
from chattable.models.run import Run
from chattable.runner import Runner

# Everything but the owner: a chat never changes hands.
CHANGING = ("title", "model", "instructions", "parameters", "current_leaf_id", "version", "updated_at", "active_at")

# The default parent of a new message: whatever the chat's current leaf is once the chat is locked.
LEAF: Any = object()


@dataclass(frozen=True, slots=True)
class Sent:
    """A user's turn with its answer; `created` is false where the same turn had been sent before.

    `branched` is true where the chat had gone on from the turn's parent already, so that the turn stands beside others.
    """

    message: Message
    answer: Message
    created: bool
    branched: bool


class ChatManager(models.Manager["Chat"]):
    """Chats, as a rule through `owner.chats`."""

    def find(self, owner: Any, id: uuid.UUID) -> "Chat | None":
        """The owner's chat with this id, which knows its owner, so that its hooks need not look for it."""
        if chat := _owned.first(id=id, **owner_values(owner)):
            chat.owner = owner
        return chat

    def open(self, *, id: uuid.UUID | None = None, **fields: Any) -> tuple["Chat", bool]:
        """A new chat and True, or the owner's chat that was made with this `id` before and False.

        Raises `Conflict` where the id belongs to another owner's chat.
        """
        try:
            with transaction.atomic():
                return self.create(**_given(id=id), **fields), True
        except IntegrityError as error:
            if id and (known := self.filter(pk=id).first()):
                return known, False
            raise Conflict("This id belongs to another chat.", "id_conflict") from error


class Chat(Versioned):
    """A chat of one owner; its messages are a tree, and the path to `current_leaf` is what is shown."""

    owner_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, db_index=False, related_name="+")
    owner_id = models.CharField(max_length=64)
    owner = GenericForeignKey("owner_type", "owner_id")
    title = CleanCharField(max_length=200, blank=True)
    model = CleanCharField(max_length=200, blank=True, help_text=_("Used where a message names no model."))
    instructions = CleanTextField(blank=True, help_text=_("Sent to the model before the first message."))
    parameters = models.JSONField(default=dict, blank=True, help_text=_("Sent with every request, e.g. temperature."))
    current_leaf = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    active_at = models.DateTimeField(default=timezone.now, editable=False)

    messages: Any  # a MessageManager, whose own descriptor mypy would apply here

    objects: ClassVar[ChatManager] = ChatManager()

    class Meta:
        indexes = (
            models.Index(fields=["owner_type", "owner_id", "-active_at", "-id"], name="chattable_chat_of_owner"),
        )

    def __str__(self) -> str:
        return self.title or str(self.pk)

    @cached_property
    def group(self) -> str:
        """The name of the group in which this chat's events are sent."""
        owner_type = ContentType.objects.get_for_id(self.owner_type_id)
        return events.group_of(f"{owner_type.app_label}.{owner_type.model}", self.owner_id)

    def send(self, content: str, *, id: uuid.UUID | None = None, parent: Any = LEAF, model: str = "") -> Sent:
        """Add a user's turn and queue its answer; an `id` that was sent before gets the same two back.

        Raises `Conflict` where the id belongs to another message, `TooManyRunning` beyond `MAX_RUNNING`.
        """
        with transaction.atomic():
            self.lock()
            if id and (known := _known.first(message=id)):
                return self._sent_before(known, content)
            parent_id = self._parent_id(parent)
            branched = parent_id != self.current_leaf_id
            message = self._add(Message(role=Role.USER, content=content, parent_id=parent_id, **_given(id=id)))
            answer = self._queue(message, model=model)
        return Sent(message, answer, created=True, branched=branched)

    def answer(self, parent: Message | None, *, model: str = "", **fields: Any) -> Message:
        """Add an answer below `parent`, make it the current leaf and queue it; raises `TooManyRunning`.

        `id` names it; with `continues` it begins with the texts of that answer and goes on from there.
        """
        with transaction.atomic():
            return self._queue(parent, model=model, **fields)

    def _queue(self, parent: Message | None, *, model: str, **fields: Any) -> Message:
        Run.objects.make_room(self.group)
        run = self._begin(parent, model=model, **fields)
        transaction.on_commit(run.enqueue)
        return run.message

    def run(self, *, model: str = "") -> Message:
        """Answer the current leaf here and now, without a worker; returns the answer in its final state.

        What the chat has queued before and no worker holds is answered here first.
        """
        return async_to_sync(self.arun)(model=model)

    async def arun(self, *, model: str = "") -> Message:
        """Like `run`, for a running event loop."""
        # Apart from this task, so that what has begun has an end, even if the caller is cancelled.
        beginning = asyncio.create_task(sync_to_async(self._begin_at_leaf)(model))
        answering = asyncio.create_task(_answered(beginning))
        try:
            return await asyncio.shield(answering)
        except asyncio.CancelledError:
            await sync_to_async((await beginning).stop)()
            await answering
            raise

    def _begin_at_leaf(self, model: str) -> Message:
        with transaction.atomic():
            self.lock()
            return self._begin(self.current_leaf, model=model).message

    def _begin(
        self, parent: Message | None, *, model: str, id: uuid.UUID | None = None, continues: Message | None = None
    ) -> Run:
        # Within the caller's transaction, which an id that is taken ends.
        answer = Message(
            role=Role.ASSISTANT,
            parent=parent,
            continues=continues,
            status=Status.QUEUED,
            model=model or self.model or settings.MODEL,
            **(continues.beginning() if continues else {}),
            reasoning_ms=continues.reasoning_ms if continues else None,
            **_given(id=id),
        )
        self._add(answer)
        run = Run.objects.create(message=answer, model=answer.model, group=self.group)
        self.current_leaf = answer
        self.active_at = timezone.now()
        self.save(update_fields=["current_leaf", "active_at"])
        return run

    def _add(self, message: Message) -> Message:
        message.chat = self
        try:
            message.save(force_insert=True)
        except IntegrityError as error:
            raise Conflict("This id belongs to another message.", "id_conflict") from error
        return message

    def as_markdown(self) -> str:
        """What is shown of the chat, as one Markdown document."""
        turns = [
            f"## {_heading(message)}\n\n{message.content.strip()}"
            for message in Message.objects.path(self.current_leaf_id)
            if message.content.strip()
        ]
        title = " ".join(self.title.split()) or gettext("Chat")
        return "\n\n".join([f"# {title}", *turns]) + "\n"

    def lock(self) -> None:
        """Serialise changes of the chat until the transaction ends, and see it as it is now."""
        now = _locked.first(chat=self.pk)
        if now is None:
            raise Chat.DoesNotExist
        for name in CHANGING:
            setattr(self, name, getattr(now, name))
        # Where it is the same message, it may have changed.
        self._state.fields_cache.pop("current_leaf", None)

    def _parent_id(self, parent: Any) -> uuid.UUID | None:
        if parent is LEAF:
            return self.current_leaf_id
        return parent.pk if parent else None

    def _sent_before(self, message: Message, content: str) -> Sent:
        answer = message.children.order_by("created_at", "id").first()
        same = message.chat_id == self.pk and message.role == Role.USER and message.content == clean(content)
        if not same or answer is None:
            raise Conflict("This id belongs to another message.", "id_conflict")
        return Sent(message, answer, created=False, branched=bool(Message.objects.siblings([message])))


_owned = Select(lambda: Chat.objects.filter(pk=Param("id", models.UUIDField()), **owner_params()))
_locked = Select(lambda: Chat.objects.select_for_update().filter(pk=Param("chat", models.UUIDField())))
_known = Select(lambda: Message.objects.filter(pk=Param("message", models.UUIDField())))


def _heading(message: Message) -> str:
    if message.role == Role.ASSISTANT and message.model:
        return gettext("Answer by %(model)s") % {"model": message.model}
    return gettext("You") if message.role == Role.USER else message.get_role_display()


async def _answered(beginning: asyncio.Task[Message]) -> Message:
    """Answer here, first what the chat has queued before; returns the answer in its final state."""
    answer = await beginning
    runner = Runner(Run.objects, execute=sync_to_async)
    try:
        while True:
            for run_id in await sync_to_async(Run.objects.leading_to)(answer):
                await runner.run(run_id)
            await answer.arefresh_from_db()
            if not answer.is_running:
                return answer
            await asyncio.sleep(settings.HEARTBEAT_SECONDS)
    finally:
        await runner.close()


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that are set, so that the others take their defaults."""
    return {name: value for name, value in fields.items() if value}
