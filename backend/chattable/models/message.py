"""A message: a node in the tree of a chat, and the answer that grows in it."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.db import connections, models, router, transaction
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from chattable import events, signals
from chattable.events import Delta
from chattable.exceptions import Conflict
from chattable.models.base import CleanCharField, CleanTextField, Versioned, clean
from chattable.models.compiled import Param, Select

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class Role(models.TextChoices):
    """Who speaks."""

    SYSTEM = "system", _("System")
    USER = "user", _("User")
    ASSISTANT = "assistant", _("Assistant")
    TOOL = "tool", _("Tool")


class Status(models.TextChoices):
    """The states of a message; an answer goes from queued over streaming to one of the last three."""

    QUEUED = "queued", _("Queued")
    STREAMING = "streaming", _("Streaming")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


RUNNING = (Status.QUEUED, Status.STREAMING)
# Messages of a path that is walked as a whole.
_LONGEST = 2**31 - 1


class MessageManager(models.Manager["Message"]):
    """Messages, also as the path that leads to one."""

    def find(self, owner: Any, id: uuid.UUID) -> "Message | None":
        """The message with this id in one of the owner's chats, which knows its owner."""
        if message := _owned.first(id=id, **owner_values(owner)):
            message.chat.owner = owner
        return message

    def create(self, **fields: Any) -> "Message":
        """Add a message below the chat's current leaf (or the `parent` given) and make it the current leaf."""
        chat = fields["chat"]
        with transaction.atomic():
            chat.lock()
            if "parent" not in fields and "parent_id" not in fields:
                fields["parent_id"] = chat.current_leaf_id
            message: Message = super().create(**fields)
            chat.current_leaf = message
            chat.save(update_fields=["current_leaf"])
        return message

    def path(self, leaf: uuid.UUID | None, *, limit: int | None = None) -> list["Message"]:
        """The messages from the root to `leaf`, oldest first; with a limit only the last so many."""
        return self._walk(leaf, limit=limit)

    def window(self, leaf: uuid.UUID | None, *, around: uuid.UUID, older: int, newer: int) -> list["Message"]:
        """That many messages before and after one on the path to `leaf`, and itself; empty where it is not on it."""
        return self._walk(
            leaf,
            join="JOIN path here ON here.id = %s AND path.depth BETWEEN here.depth - %s AND here.depth + %s",
            params=[self._db_id(around), newer, older],
        )

    def from_root(self, leaf: uuid.UUID | None, *, limit: int) -> list["Message"]:
        """The first so many messages of the path to `leaf`, oldest first."""
        return self._walk(leaf, join="AND path.depth > (SELECT MAX(depth) FROM path) - %s", params=[limit])

    def ids_up_from(self, leaf: uuid.UUID | None) -> list[uuid.UUID]:
        """The ids of the path that leads to `leaf`, newest first, in one query that reads no text."""
        if leaf is None:
            return []
        ids = f"{self._path()} SELECT id FROM path ORDER BY depth"  # noqa: S608
        rows = self.raw(ids, [self._db_id(leaf), _LONGEST])
        return [row.pk for row in rows]

    def path_length(self, leaf: uuid.UUID | None) -> int:
        """How many messages the path to `leaf` has."""
        if leaf is None:
            return 0
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"{self._path()} SELECT COUNT(*) FROM path", [self._db_id(leaf), _LONGEST])  # noqa: S608
            return int(cursor.fetchone()[0])

    def _path(self) -> str:
        table = self.model._meta.db_table
        return f"""WITH RECURSIVE path(id, parent_id, depth) AS (
            SELECT id, parent_id, 1 FROM {table} WHERE id = %s
            UNION ALL
            SELECT m.id, m.parent_id, path.depth + 1 FROM {table} m JOIN path ON m.id = path.parent_id
            WHERE path.depth < %s
        )"""  # noqa: S608

    def _walk(
        self, leaf: uuid.UUID | None, *, limit: int | None = None, join: str = "", params: Sequence[Any] = ()
    ) -> list["Message"]:
        if leaf is None:
            return []
        rows = self.raw(
            f"""{self._path()}
            SELECT m.*, path.depth AS depth, ({self._path()} SELECT COUNT(*) FROM path) AS path_length
            FROM path JOIN {self.model._meta.db_table} m ON m.id = path.id {join}
            ORDER BY path.depth DESC""",  # noqa: S608
            [self._db_id(leaf), limit or _LONGEST, self._db_id(leaf), _LONGEST, *params],
        )
        return list(rows)

    def siblings(self, messages: Sequence["Message"]) -> dict[uuid.UUID, list[uuid.UUID]]:
        """The ids of each message and its siblings, oldest first; only for messages of one chat that have any."""
        if not messages:
            return {}
        parents = {message.parent_id for message in messages}
        same = Q(parent__in=parents - {None})
        if None in parents:
            same |= Q(chat=messages[0].chat_id, parent=None)
        families: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
        for parent, pk in self.filter(same).order_by("created_at", "id").values_list("parent_id", "pk"):
            families[parent].append(pk)
        return {message.pk: family for message in messages if len(family := families[message.parent_id]) > 1}

    def leaf_below(self, message: "Message", *, preferred: uuid.UUID | None) -> "Message":
        """The leaf below a message, or itself: the preferred one if it is there, or else the newest."""
        table = self.model._meta.db_table
        leaves = self.raw(
            f"""WITH RECURSIVE below(id) AS (
                SELECT id FROM {table} WHERE id = %s
                UNION ALL
                SELECT m.id FROM {table} m JOIN below ON m.parent_id = below.id
            )
            SELECT m.* FROM below JOIN {table} m ON m.id = below.id
            WHERE NOT EXISTS (SELECT 1 FROM {table} child WHERE child.parent_id = m.id)
            ORDER BY CASE WHEN m.id = %s THEN 0 ELSE 1 END, m.created_at DESC, m.id DESC LIMIT 1""",  # noqa: S608
            [self._db_id(message.pk), self._db_id(preferred or message.pk)],
        )
        return leaves[0]

    def _db_id(self, value: uuid.UUID) -> Any:
        return self.model._meta.pk.get_db_prep_value(value, connections[router.db_for_read(self.model)])


class Message(Versioned):
    """One message; an answer's text grows by `append` and is written by its run's checkpoints."""

    chat = models.ForeignKey("chattable.Chat", on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    # The answer whose texts this one began with, so that another attempt can begin with them again.
    continues = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, db_index=False, related_name="continuations"
    )
    role = models.CharField(max_length=10, choices=Role)
    content = CleanTextField(blank=True)
    reasoning = CleanTextField(blank=True)
    reasoning_ms = models.PositiveIntegerField(null=True, editable=False)
    model = CleanCharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.COMPLETE)
    finish_reason = CleanCharField(max_length=40, blank=True)
    error = models.CharField(max_length=40, blank=True)
    retry_at = models.DateTimeField(null=True, editable=False)
    rev = models.PositiveIntegerField(default=0, editable=False)

    if TYPE_CHECKING:
        children: RelatedManager["Message"]
        runs: Any  # a RunManager, whose own descriptor mypy would apply here
        chat_id: uuid.UUID
        parent_id: uuid.UUID | None
        continues_id: uuid.UUID | None
        depth: int  # of a message that was read as part of a path: 1 for its leaf
        path_length: int  # of that path, as a whole

    objects: ClassVar[MessageManager] = MessageManager()

    class Meta:
        indexes = (
            models.Index(fields=["chat"], condition=Q(parent=None), name="chattable_roots_of_chat"),
            models.Index(fields=["continues"], condition=Q(continues__isnull=False), name="chattable_continuations"),
        )

    def __str__(self) -> str:
        return f"{self.role}: {self.content[:60]}"

    @property
    def is_running(self) -> bool:
        """Whether the answer is not final yet."""
        return self.status in RUNNING

    @property
    def is_cut_short(self) -> bool:
        """Whether it is an answer that ended before its end, with text to go on from."""
        cut = self.status in (Status.STOPPED, Status.FAILED) or (
            self.status == Status.COMPLETE and self.finish_reason == "length"
        )
        return cut and self.role == Role.ASSISTANT and bool(self.content.strip())

    def beginning(self) -> dict[str, str]:
        """The texts that an answer which continues this one begins with; further thoughts are another paragraph."""
        thoughts = self.reasoning.rstrip()
        return {"content": self.content, "reasoning": thoughts and f"{thoughts}\n\n"}

    @property
    def own_content(self) -> str:
        """The content behind what was copied from the answer that this one continues."""
        text: str = self.content
        return text[len(self.continues.content) :] if self.continues else text

    @cached_property
    def hooks(self) -> signals.Hooks:
        """The owner's hooks, called for this message in order."""
        return signals.Hooks(self)

    def append(self, *, content: str = "", reasoning: str = "") -> None:
        """Let the texts grow and tell the owner's hook; writes nothing to the database."""
        delta = Delta(self.rev, self._grow("content", content), self._grow("reasoning", reasoning))
        if delta.content or delta.reasoning:
            signals.message_delta.send_robust(sender=Message, message=self, delta=delta)

    def _grow(self, field: str, text: str) -> tuple[int, int, str] | None:
        text = clean(text)
        if not text:
            return None
        before = getattr(self, field)
        setattr(self, field, before + text)
        return len(before), len(before) + len(text), text

    def start(self) -> None:
        """A worker has begun to answer."""
        self.status, self.retry_at = Status.STREAMING, None
        self.save(update_fields=["status", "retry_at"])

    def wait(self, *, until: datetime | None) -> None:
        """The provider will take another request at that time."""
        self.status, self.retry_at = Status.QUEUED, until
        self.save(update_fields=["status", "retry_at"])

    def restart(self, *, rev: int) -> None:
        """Begin the texts anew, or with those of the answer that this one continues.

        Readers drop what belongs to a lower `rev`.
        """
        self.rev, self.content, self.reasoning = rev, "", ""
        if self.continues:
            self.append(**self.continues.beginning())

    def finish(
        self, status: str, *, finish_reason: str = "", error: str = "", retry_at: datetime | None = None
    ) -> None:
        """Reach a final state and save it with the texts; `retry_at` is when the provider may be asked again."""
        self.status, self.finish_reason, self.error, self.retry_at = status, finish_reason, error, retry_at
        texts = ("content", "reasoning", "reasoning_ms", "rev")
        self.save(update_fields=["status", "finish_reason", "error", "retry_at", *texts])

    def stop(self) -> None:
        """Ask for the answer to end where it is; after its end this changes nothing."""
        self.runs.stop(self)
        self.refresh_from_db()

    def show(self) -> None:
        """Make this message's branch the one that is shown, as far as it went last; a shown one stays as it is."""
        with transaction.atomic():
            self.chat.lock()
            leaf = Message.objects.leaf_below(self, preferred=self.chat.current_leaf_id)
            if leaf.pk != self.chat.current_leaf_id:
                self.chat.current_leaf = leaf
                self.chat.save(update_fields=["current_leaf"])

    def edit(self, content: str) -> None:
        """Change a turn that waits for its answer; raises `Conflict` where a worker has begun it."""
        with transaction.atomic():
            self._hold_back()
            self.content, self.rev = content, self.rev + 1
            self.save(update_fields=["content", "rev"])

    def withdraw(self) -> None:
        """Delete a turn that waits for its answer, with that; raises `Conflict` where a worker has begun it.

        What waits behind it takes its place.
        """
        with transaction.atomic():
            self._hold_back()
            gone = [self, *self.children.all()]
            for message in gone:
                message.chat = self.chat
                _tell_gone(message)
            behind = Message.objects.filter(parent__in=gone[1:])
            self.runs.wake(behind)
            for turn in behind:
                turn.chat, turn.parent_id = self.chat, self.parent_id
                turn.save(update_fields=["parent"])
            if self.chat.current_leaf_id in {message.pk for message in gone}:
                self.chat.current_leaf_id = self.parent_id
                self.chat.save(update_fields=["current_leaf"])
            Message.objects.filter(pk__in=[message.pk for message in gone]).delete()

    def _hold_back(self) -> None:
        """Let no answer to this turn begin before the transaction ends, and see the turn as it is now."""
        self.chat.lock()
        self.refresh_from_db(fields=["parent", "content", "rev", "version"])
        self.runs.hold_back(self)

    def regenerate(self, *, model: str = "", id: uuid.UUID | None = None) -> "Message":
        """Queue another answer beside this one and make it the current leaf.

        Raises `Conflict`, and `TooManyRunning` beyond `MAX_RUNNING`.
        """
        if self.role != Role.ASSISTANT:
            raise Conflict("Only an answer can be regenerated.", "not_an_answer")
        with transaction.atomic():
            self.chat.lock()
            if known := self._asked_before(id, continues=None):
                return known
            if self.is_running and not self.runs.filter(stop_requested_at__isnull=False).exists():
                raise Conflict("The answer is still running; stop it first.", "still_running")
            return self.chat.answer(self.parent, model=model, id=id)

    def go_on(self, *, model: str = "", id: uuid.UUID | None = None) -> "Message":
        """Queue an answer beside this one that begins with its texts and goes on where it was cut short.

        Raises `Conflict`, and `TooManyRunning` beyond `MAX_RUNNING`.
        """
        with transaction.atomic():
            self.chat.lock()
            if known := self._asked_before(id, continues=self.pk):
                return known
            if self.is_running:
                raise Conflict("The answer is still running; stop it first.", "still_running")
            if not self.is_cut_short:
                raise Conflict("Only an answer that was cut short can be continued.", "not_cut_short")
            return self.chat.answer(self.parent, model=model or self.model, id=id, continues=self)

    def _asked_before(self, id: uuid.UUID | None, *, continues: uuid.UUID | None) -> "Message | None":
        answer = Message.objects.filter(pk=id).first() if id else None
        if answer is None:
            return None
        found = answer.chat_id, answer.parent_id, answer.role, answer.continues_id
        if found != (self.chat_id, self.parent_id, Role.ASSISTANT, continues):
            raise Conflict("This id belongs to another message.", "id_conflict")
        return answer


def _tell_gone(message: Message) -> None:
    event = events.message_deleted(message)
    transaction.on_commit(lambda: events.publish(message.chat.group, event), robust=True)


def owner_params(prefix: str = "") -> dict[str, Param]:
    """The filter for an owner's chats, in a compiled statement."""
    return {
        f"{prefix}owner_type": Param("owner_type", models.IntegerField()),
        f"{prefix}owner_id": Param("owner_id", models.CharField()),
    }


def owner_values(owner: models.Model) -> dict[str, Any]:
    """The values of those params."""
    return {"owner_type": ContentType.objects.get_for_model(owner).pk, "owner_id": owner.pk}


_owned = Select(
    lambda: Message.objects.select_related("chat").filter(pk=Param("id", models.UUIDField()), **owner_params("chat__"))
)
