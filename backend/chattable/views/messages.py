"""The messages of a chat."""

from dataclasses import asdict

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions as drf
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from chattable import events, schema, serializers
from chattable.models import Message
from chattable.models.pages import find, path_page
from chattable.views.base import OwnerChatView, OwnerView, invalid


@extend_schema(tags=["messages"])
class ChatMessageViewSet(OwnerChatView):
    """The messages of a chat."""

    @extend_schema(
        summary="List messages",
        parameters=[serializers.MessageQuerySerializer],
        responses={200: serializers.MessagePageSerializer, **schema.errors("not_shown", "max_value", "not_found")},
        examples=[
            schema.gives(
                "A whole chat, answered twice",
                {
                    "results": [schema.TURN, schema.ANSWER],
                    "siblings": {schema.ANSWER_ID: [schema.OTHER_ID, schema.ANSWER_ID]},
                    "length": 2,
                    "position": 0,
                    "before": None,
                    "after": None,
                },
            )
        ],
    )
    def list(self, request: Request, id: str) -> Response:
        """The newest messages of the path that is shown, the first, or those before, after or around one. Where a
        message has siblings, `POST /api/messages/{id}/show/` with the id of one leads to that branch.
        """
        chat = self.get_object()
        query = self.read_query(serializers.MessageQuerySerializer)
        page = path_page(chat, **query)
        if page is None:
            [place] = set(query) - {"limit"}
            raise _not_shown(place)
        results = [events.message_snapshot(message) for message in page.messages]
        siblings = {str(pk): ids for pk, ids in Message.objects.siblings(page.messages).items()}
        places = {name: getattr(page, name) for name in ("length", "position", "before", "after")}
        return Response({"results": results, "siblings": siblings, **places})

    @extend_schema(
        summary="Find in a chat",
        parameters=[serializers.FindQuerySerializer],
        responses={200: serializers.HitPageSerializer, **schema.errors("not_shown", "max_value", "not_found")},
        examples=[
            schema.gives(
                "The only hit",
                {"results": [{"id": schema.ANSWER_ID, "position": 1, "excerpt": "In Cyprus."}], "before": None},
            )
        ],
    )
    def find(self, request: Request, id: str) -> Response:
        """The messages of the path that is shown that hold a text, newest first. One request looks through 2,000
        messages or five million characters at most: follow `before` until it is null.
        """
        chat = self.get_object()
        query = self.read_query(serializers.FindQuerySerializer)
        found = find(chat, **query)
        if found is None:
            raise _not_shown("before")
        hits, before = found
        return Response({"results": [asdict(hit) for hit in hits], "before": before})

    @extend_schema(
        summary="Send a message",
        request=serializers.MessageRequestSerializer,
        responses={
            201: serializers.SentMessageSerializer,
            200: serializers.SentMessageSerializer,
            **schema.body_errors(
                "blank", "unknown_parent", "unknown_model", "not_found", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("A turn", {"id": schema.TURN_ID, "content": schema.TURN["content"]}),
            schema.takes(
                "The first turn edited",
                {"parent": None, "content": "Where is the sea warm in April?", "model": "gpt-5"},
            ),
            schema.gives(
                "The turn and its answer",
                {"message": schema.TURN, "answer": schema.QUEUED, "branched": False},
                status=201,
            ),
            schema.gives("The same turn again", {"message": schema.TURN, "answer": schema.ANSWER, "branched": False}),
        ],
    )
    def create(self, request: Request, id: str) -> Response:
        """A person's turn, and its answer, which a worker begins to write as soon as the answer before is final.
        Poll `GET /api/messages/{id}/` or follow the socket. Sent again with the same `id` it gets the same two back,
        with 200. Where the queue is away, both are kept and the answer has failed with `queue_unavailable`. 429 where
        too many of the owner's answers are running; nothing is kept of the turn then.

        With the `parent` of a turn that was sent before, the new turn stands beside that one, as its edited version:
        nothing is overwritten, and the path that is shown leads to the new one. This may be done while answers run.
        """
        chat = self.get_object()
        turn = self.read_body(serializers.MessageRequestSerializer, context={"chat": chat})
        sent = chat.send(**turn)
        body = {
            "message": events.message_snapshot(sent.message),
            "answer": events.message_snapshot(sent.answer),
            "branched": sent.branched,
        }
        return Response(body, status.HTTP_201_CREATED if sent.created else status.HTTP_200_OK)


@extend_schema(tags=["messages"])
class MessageViewSet(OwnerView, GenericViewSet[Message]):
    """One message of any of the owner's chats."""

    queryset = Message.objects.none()
    lookup_field = "id"

    def get_object(self) -> Message:
        """The message of the path, if it is in one of the owner's chats; raises `Http404`."""
        return self.found(Message.objects.find)

    @extend_schema(
        summary="Read a message",
        responses={200: serializers.MessageSerializer, **schema.errors("not_found")},
        examples=[schema.gives("An answer", schema.ANSWER)],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """One message as far as it is saved."""
        return Response(events.message_snapshot(self.get_object()))

    @extend_schema(
        summary="Change a waiting message",
        request=serializers.MessageChangeSerializer,
        responses={200: serializers.MessageSerializer, **schema.body_errors("blank", "not_found", "not_waiting")},
        examples=[
            schema.takes("Another text", {"content": schema.TURN["content"]}),
            schema.gives("The turn as it is now", {**schema.TURN, "rev": 1, "version": 2}),
        ],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Another text for a turn that waits for its answer, as one does that was sent while an answer was running.
        409 once its answer has begun: then send the text with the `parent` of the turn, as its edited version.
        """
        message = self.get_object()
        message.edit(**self.read_body(serializers.MessageChangeSerializer))
        return Response(events.message_snapshot(message))

    @extend_schema(
        summary="Withdraw a waiting message",
        responses={204: None, **schema.errors("permission_denied", "not_found", "not_waiting")},
    )
    def destroy(self, request: Request, id: str) -> Response:
        """A turn that waits for its answer goes, for good, and what waits behind it takes its place. 409 once its
        answer has begun.
        """
        self.get_object().withdraw()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Show a branch",
        request=None,
        responses={200: serializers.ChatSerializer, **schema.errors("permission_denied", "not_found")},
        examples=[schema.gives("The chat as it is now", schema.CHAT)],
    )
    def show(self, request: Request, id: str) -> Response:
        """Let the path that is shown lead through this message, to the leaf below it that was written last. A message
        that is shown already changes nothing. Other pages of the owner learn of it by `chat.updated`.
        """
        message = self.get_object()
        message.show()
        return Response(events.chat_snapshot(message.chat))

    @extend_schema(
        summary="Stop an answer",
        request=None,
        responses={200: serializers.MessageSerializer, **schema.errors("permission_denied", "not_found")},
        examples=[schema.gives("A stopped answer", schema.STOPPED)],
    )
    def stop(self, request: Request, id: str) -> Response:
        """Let an answer end where it is; what has arrived is kept. After its end this changes nothing. A running
        answer ends within two seconds: its status tells.
        """
        message = self.get_object()
        message.stop()
        return Response(events.message_snapshot(message))

    @extend_schema(
        summary="Ask for another answer",
        request=serializers.RegenerateRequestSerializer,
        responses={
            201: serializers.MessageSerializer,
            **schema.body_errors(
                "unknown_model", "not_found", "still_running", "not_an_answer", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("By another model", {"model": "gpt-5-mini"}),
            schema.gives("The new answer", schema.QUEUED, status=201),
        ],
    )
    def regenerate(self, request: Request, id: str) -> Response:
        """Another answer to the same turn, beside this one, and the path that is shown leads to it. 409 while the
        answer is running and nobody has stopped it.
        """
        message = self.get_object()
        wanted = self.read_body(serializers.RegenerateRequestSerializer, context={"chat": message.chat})
        answer = message.regenerate(**wanted)
        return Response(events.message_snapshot(answer), status.HTTP_201_CREATED)

    @extend_schema(
        summary="Continue an answer",
        request=serializers.ContinueRequestSerializer,
        responses={
            201: serializers.MessageSerializer,
            **schema.body_errors(
                "unknown_model", "not_found", "still_running", "not_cut_short", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("By the same model", {"id": schema.OTHER_ID}),
            schema.gives("The answer that goes on", schema.GOING_ON, status=201),
        ],
    )
    def go_on(self, request: Request, id: str) -> Response:
        """The rest of an answer that was cut short: by its length, by a stop or by a failure. It is another answer
        beside the first, begins with its texts, and the path that is shown leads to it. 409 for an answer that is
        whole or has no text.
        """
        message = self.get_object()
        context = {"chat": message.chat, "model": message.model}
        answer = message.go_on(**self.read_body(serializers.ContinueRequestSerializer, context=context))
        return Response(events.message_snapshot(answer), status.HTTP_201_CREATED)


def _not_shown(place: str) -> drf.ValidationError:
    return invalid(place, _("This message is not on the path that is shown."), "not_shown")
