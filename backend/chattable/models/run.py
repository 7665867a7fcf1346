"""A run: one attempt to answer, as the lease of a worker, the ledger of its cost and the recorder of its course."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from django.db import connections, models, router, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from chattable import runner
from chattable.conf import settings
from chattable.exceptions import Conflict, QueueUnavailable, TooManyRunning
from chattable.models.base import CleanCharField, CleanTextField, clean, uuid7
from chattable.models.compiled import CompiledSaves, Param, Select, Update
from chattable.models.message import RUNNING, Message, Role, Status
from chattable.models.settings import OwnerSettings
from chattable.runner import Job, Outcome, Text


class RunManager(models.Manager["Run"]):
    """Runs as the Runner's journal: every statement that decides who may write an answer is here."""

    def claim(self, run_id: uuid.UUID, worker: uuid.UUID) -> Job | None:
        """Take the lease of a run whose turn has come; None where there is nothing to do."""
        with transaction.atomic():
            if not _claim(run=run_id, worker=worker):
                return None
            [run] = _claimed(run=run_id)
            history = [Turn(*turn) for turn in run.history or ()]
            if any(turn.status in RUNNING for turn in history[-2:]):
                # Its turn has not come; what it continues wakes it. Asked here, where the history is at hand.
                transaction.set_rollback(True)
                return None
            run.message.start()
        # Both are looked up here, since the event loop must not ask the database.
        _ = run.message.hooks, run.message.continues
        return Job(
            run_id=run_id,
            worker=worker,
            message=run.message,
            rev=_first_rev(run.attempts),
            prompt=_prompt(run.message, history, owner_instructions=run.told or ""),
            parameters=run.message.chat.parameters,
            outcome=Outcome(requests=run.requests - 1),
        )

    def count_request(self, job: Job, requests: int) -> bool:
        """Note how many requests will have been sent for the answer; false where the lease was lost."""
        return self.filter(pk=job.run_id, worker=job.worker, finished_at=None).update(requests=requests) > 0

    def postpone(self, job: Job, seconds: float) -> bool:
        """Give the lease back and have the run wait, which is no attempt; false where it was lost or is stopped."""
        with transaction.atomic():
            held = self.filter(pk=job.run_id, worker=job.worker, finished_at=None, stop_requested_at=None)
            due_at = Now() + timedelta(seconds=seconds)
            if not held.update(**{**_FREE, "due_at": due_at, "attempts": F("attempts") - 1}):
                return False
            job.message.wait(until=self.values_list("due_at", flat=True).get(pk=job.run_id))
        return True

    def make_room(self, group: str) -> None:
        """Have one more open run counted before the transaction's end; raises `TooManyRunning` beyond `MAX_RUNNING`.

        One that is asked to stop does not count: it is about to end.
        """
        connection = connections[router.db_for_write(Run)]
        if connection.vendor == "postgresql":
            # Elsewhere writing transactions come one after another; here racing sends would not see each other.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [group])
        if len(_running_of(group=group)) >= settings.MAX_RUNNING:
            raise TooManyRunning

    def renew(self, worker: uuid.UUID, runs: Sequence[uuid.UUID]) -> dict[uuid.UUID, bool]:
        """Renew the leases that the worker still has; returns those, each with whether a stop was asked for."""
        held = self.filter(pk__in=runs, worker=worker, finished_at=None)
        held.update(lease_expires_at=_lease_end())
        return {pk: stop is not None for pk, stop in held.values_list("pk", "stop_requested_at")}

    def checkpoint(self, worker: uuid.UUID, texts: Sequence[Text]) -> None:
        """Write the texts as they are now in one statement, only where the worker still holds the lease."""
        connection = connections[router.db_for_write(Message)]
        write = _CHECKPOINTS.get(connection.vendor, _checkpoint_one_by_one)
        write(connection, worker, texts)

    def finish(self, job: Job) -> list[uuid.UUID] | None:
        """End a run and its answer; returns the runs that waited for it, or None where the lease was lost."""
        outcome = job.outcome
        with transaction.atomic():
            if not _close_held(run=job.run_id, worker=job.worker, **_cleaned(outcome.ledger())):
                return None
            # Readers may have seen more of an earlier attempt than was saved; they drop what is below it.
            job.message.rev = max(job.message.rev, job.rev)
            job.message.finish(
                outcome.status, finish_reason=outcome.finish_reason, error=outcome.error, retry_at=outcome.retry_at
            )
        return self.waiting_for(job.message)

    def release(self, worker: uuid.UUID, runs: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Give the leases back that the worker still has; returns their runs, which wait for another worker now."""
        with transaction.atomic():
            held = self.select_for_update().filter(pk__in=runs, worker=worker, finished_at=None)
            free = list(held.values_list("pk", flat=True))
            self.filter(pk__in=free).update(**_FREE)
        return free

    def stop(self, message: Message) -> None:
        """Ask the worker to stop the message's run, or end it here where no worker holds it."""
        with transaction.atomic():
            runs = self.filter(message=message, finished_at=None)
            runs.update(stop_requested_at=Coalesce("stop_requested_at", Now()))
            for run in runs.filter(_unheld()):
                self._end_here(run, status=Status.STOPPED)

    def sweep(self) -> list[uuid.UUID]:
        """End what no worker may take over; returns the runs to queue again: lost by a worker or by the broker."""
        unheld = self.filter(_unheld(), finished_at=None)
        for run in unheld.exclude(stop_requested_at=None):
            self._end_here(run, status=Status.STOPPED)
        for run in unheld.filter(_exhausted()):
            self._end_here(run, status=Status.FAILED, error="worker_lost")
        forgotten = Q(queued_at__lt=Now() - _seconds("REQUEUE_SECONDS"))
        lost = self._free().filter(_due(), Q(lease_expires_at__lt=Now()) | Q(due_at__isnull=False) | forgotten)
        runs = list(lost.values_list("pk", flat=True))
        if runs:
            # What a worker has claimed in the meantime stays with it.
            lost.filter(pk__in=runs).update(**_FREE)
        return runs

    def waiting_for(self, message: Message) -> list[uuid.UUID]:
        """The runs of turns that were sent while this answer, which must have been committed as final, was running."""
        return _waiting_for(message=message.pk)

    def hold_back(self, turn: Message) -> None:
        """Let no answer to the turn begin before the transaction ends; raises `Conflict` where one has begun."""
        answers = set(turn.children.values_list("pk", flat=True))
        # A claim takes the same lock: whichever comes first decides.
        waiting = Run.objects.select_for_update().filter(message__in=answers, started_at=None, finished_at=None)
        if not answers or set(waiting.values_list("message", flat=True)) != answers:
            raise Conflict("Only a message that still waits for its answer can be changed or withdrawn.", "not_waiting")

    def wake(self, turns: models.QuerySet[Message]) -> None:
        """Queue the answers of these turns once more after the commit: their turn may have come."""
        runs = list(Run.objects.filter(message__parent__in=turns, finished_at=None).values_list("pk", flat=True))
        transaction.on_commit(lambda: runner.enqueue(runs), robust=True)

    def leading_to(self, answer: Message) -> list[uuid.UUID]:
        """The open runs of the answer and of those that its chat began before it, oldest first."""
        runs = self.filter(message__chat=answer.chat_id, message__created_at__lte=answer.created_at, finished_at=None)
        return list(runs.order_by("pk").values_list("pk", flat=True))

    def _free(self) -> models.QuerySet["Run"]:
        """Runs that a worker may take: nobody holds them, and the answer they continue is final."""
        running = Message.objects.filter(status__in=RUNNING)
        parent = running.filter(children=OuterRef("message_id"))
        before = running.filter(children__children=OuterRef("message_id"))
        return self.filter(_unheld(), ~Exists(parent), ~Exists(before), finished_at=None)

    def _close(self, runs: models.QuerySet["Run"], ledger: Mapping[str, Any]) -> int:
        return runs.filter(finished_at=None).update(finished_at=Now(), lease_expires_at=None, **_cleaned(ledger))

    def _end_here(self, run: "Run", *, status: str, error: str = "") -> None:
        with transaction.atomic():
            if not self._close(self.filter(_unheld(), pk=run.pk, attempts=run.attempts), {"error": error}):
                return
            message = Message.objects.select_related("chat").get(pk=run.message_id)
            message.rev = max(message.rev, _first_rev(run.attempts) + 1)
            message.finish(status, error=error)
        transaction.on_commit(lambda: runner.enqueue(self.waiting_for(message)), robust=True)


def _cleaned(ledger: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger for an update, which saves values as they are."""
    return {name: clean(value) if isinstance(value, str) else value for name, value in ledger.items()}


_FREE: Mapping[str, Any] = {"worker": None, "lease_expires_at": None, "due_at": None, "queued_at": Now()}


def _unheld() -> Q:
    return Q(worker=None) | Q(lease_expires_at__lt=Now())


def _due() -> Q:
    """Not waiting for the provider; a time further ahead than any wait comes of a clock that was set back."""
    return Q(due_at=None) | Q(due_at__lte=Now()) | Q(due_at__gt=Now() + _seconds("RETRY_AFTER_SECONDS"))


def _exhausted() -> Q:
    """Nobody may try again."""
    return Q(attempts__gte=settings.MAX_ATTEMPTS) | Q(requests__gte=settings.MAX_REQUESTS)


def _first_rev(attempts: int) -> int:
    """The `rev` under which an attempt begins; the next is its own too, for text that turns out to be reasoning."""
    return 2 * (attempts - 1)


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=getattr(settings, name))


def _lease_end() -> Any:
    return Now() + _seconds("LEASE_SECONDS")


class Turn(NamedTuple):
    """What counts of a message for those who answer after it."""

    role: str
    content: str
    status: str


def _history(database: str) -> RawSQL:
    """The turns before a run's message, oldest first, as part of the statement that reads both."""
    table = Message._meta.db_table
    array, aggregate = _JSON.get(connections[database].vendor, _JSON["sqlite"])
    return RawSQL(  # noqa: S611
        f"""WITH RECURSIVE path(id, parent_id, depth) AS (
            SELECT p.id, p.parent_id, 1 FROM {table} p WHERE p.id = {table}.parent_id
            UNION ALL
            SELECT p.id, p.parent_id, path.depth + 1 FROM {table} p JOIN path ON p.id = path.parent_id
        ), turns AS (
            SELECT {array}(m.role, m.content, m.status) AS turn FROM path JOIN {table} m ON m.id = path.id
            ORDER BY path.depth DESC
        )
        SELECT {aggregate} FROM turns""",  # noqa: S608
        [],
        output_field=models.JSONField(),
    )


_JSON = {
    "postgresql": ("jsonb_build_array", "jsonb_agg(turn)"),
    "sqlite": ("json_array", "json_group_array(json(turn))"),
}


def _owner_instructions() -> Subquery:
    """The instructions of a run's owner, as part of the statement that reads the run."""
    owner_type, owner_id = OuterRef("message__chat__owner_type"), OuterRef("message__chat__owner_id")
    return Subquery(OwnerSettings.objects.filter(owner_type=owner_type, owner_id=owner_id).values("instructions"))


def _prompt(answer: Message, history: Sequence[Turn], *, owner_instructions: str) -> list[dict[str, str]]:
    """What the provider gets: the instructions as one system message, since some take no second one, the visible
    history, and what the answer continues; empty messages are left out.
    """
    instructions = "\n\n".join(filter(str.strip, (owner_instructions, answer.chat.instructions)))
    told = [(str(Role.SYSTEM), instructions), *((turn.role, turn.content) for turn in history)]
    if answer.continues:
        told += [(str(Role.ASSISTANT), answer.continues.content), (str(Role.USER), settings.CONTINUE_PROMPT)]
    return [{"role": role, "content": content} for role, content in told if content.strip()]


def _checkpoint_postgresql(connection: Any, worker: uuid.UUID, texts: Sequence[Text]) -> None:
    # The runs are locked first: a statement that waits for a row sees that row anew, but nothing else, so without the
    # lock a checkpoint that waited for the end of an answer would write the older text over the final one.
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH held AS MATERIALIZED (
                SELECT message_id FROM chattable_run
                WHERE message_id = ANY(%s) AND worker = %s AND finished_at IS NULL FOR SHARE
            )
            UPDATE chattable_message AS m
            SET content = v.content, reasoning = v.reasoning, rev = v.rev, updated_at = statement_timestamp()
            FROM held, unnest(%s::uuid[], %s::text[], %s::text[], %s::int[]) AS v(id, content, reasoning, rev)
            WHERE m.id = v.id AND held.message_id = m.id""",
            [[text.message_id for text in texts], worker, *(list(column) for column in zip(*texts, strict=True))],
        )


def _checkpoint_sqlite(connection: Any, worker: uuid.UUID, texts: Sequence[Text]) -> None:
    rows = [[text.message_id.hex, *text[1:]] for text in texts]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE chattable_message AS m
            SET content = v.content, reasoning = v.reasoning, rev = v.rev,
                updated_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
            FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS content,
                    json_extract(value, '$[2]') AS reasoning, json_extract(value, '$[3]') AS rev
                FROM json_each(%s)) AS v
            WHERE m.id = v.id AND EXISTS (
                SELECT 1 FROM chattable_run r WHERE r.message_id = m.id AND r.worker = %s AND r.finished_at IS NULL)""",
            [json.dumps(rows), worker.hex],
        )


def _checkpoint_one_by_one(connection: Any, worker: uuid.UUID, texts: Sequence[Text]) -> None:
    held = Exists(Run.objects.filter(message=OuterRef("pk"), worker=worker, finished_at=None))
    for text in texts:
        Message.objects.filter(held, pk=text.message_id).update(
            content=text.content, reasoning=text.reasoning, rev=text.rev, updated_at=Now()
        )


_CHECKPOINTS = {"postgresql": _checkpoint_postgresql, "sqlite": _checkpoint_sqlite}


class Run(CompiledSaves):
    """One attempt to answer a message."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="runs")
    model = CleanCharField(max_length=200)
    group = models.CharField(
        max_length=64, blank=True, db_default="", help_text=_("The owner, as the name of its group.")
    )

    worker = models.UUIDField(null=True, help_text=_("The worker process that holds the lease."))
    lease_expires_at = models.DateTimeField(null=True, help_text=_("By the database's clock."))
    due_at = models.DateTimeField(null=True, help_text=_("The provider is not asked before; by the database's clock."))
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True)

    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cached_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)

    queued_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    first_token_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    request_id = CleanCharField(max_length=200, blank=True)
    requests = models.PositiveSmallIntegerField(default=0, help_text=_("Requests sent to the provider."))
    error = CleanTextField(blank=True, help_text=_("The cause of a failure, for the operator."))

    objects: ClassVar[RunManager] = RunManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["message"], condition=Q(finished_at=None), name="chattable_one_open_run_a_message"
            ),
        )
        indexes = (
            models.Index(fields=["worker"], condition=Q(finished_at=None), name="chattable_open_runs_of_worker"),
            models.Index(fields=["group"], condition=Q(finished_at=None), name="chattable_open_runs_of_owner"),
            models.Index(fields=["queued_at"], condition=Q(finished_at=None), name="chattable_open_runs"),
        )

    def __str__(self) -> str:
        return f"{self.model} for {self.message_id}"

    def enqueue(self) -> None:
        """Hand the run to the workers; where the queue is away the answer fails at once, with its question kept."""
        try:
            runner.enqueue([self.pk])
        except QueueUnavailable as error:
            with transaction.atomic():
                if Run.objects._close(Run.objects.filter(_unheld(), pk=self.pk), {"error": str(error)}):
                    self.message.finish(Status.FAILED, error="queue_unavailable")


def _the_run() -> models.QuerySet[Run]:
    return Run.objects.filter(pk=Param("run", models.UUIDField()))


def _of_worker() -> models.QuerySet[Run]:
    return _the_run().filter(worker=Param("worker", models.UUIDField()), finished_at=None)


# What every answer asks of the database.
_claim = Update(
    lambda: (
        _the_run().filter(_unheld(), _due(), ~_exhausted(), finished_at=None, stop_requested_at=None),
        {
            "worker": Param("worker", models.UUIDField()),
            "lease_expires_at": _lease_end(),
            "due_at": None,
            "attempts": F("attempts") + 1,
            # Counted before it is sent, so that it counts even if this worker dies.
            "requests": F("requests") + 1,
            "started_at": Coalesce("started_at", Now()),
        },
    )
)
_claimed = Select(
    lambda: (
        _the_run()
        .select_related("message__chat")
        .annotate(history=_history(Run.objects.db), told=_owner_instructions())
    )
)
_close_held = Update(
    lambda: (
        _of_worker(),
        {
            "finished_at": Now(),
            "lease_expires_at": None,
            **{name: Param(name, Run._meta.get_field(name)) for name in Outcome().ledger()},
        },
    )
)
_running_of = Select(
    lambda: Run.objects.filter(
        group=Param("group", models.CharField()), finished_at=None, stop_requested_at=None
    ).values_list("pk", flat=True)
)


def _after() -> Q:
    message = Param("message", models.UUIDField())
    return Q(message__parent=message) | Q(message__parent__parent=message)


_waiting_for = Select(lambda: Run.objects.filter(_after(), finished_at=None, worker=None).values_list("pk", flat=True))
