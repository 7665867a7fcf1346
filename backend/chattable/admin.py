"""The admin: chats and their messages to look at, never to write."""

from typing import TYPE_CHECKING

from django.contrib import admin

from chattable.models import Chat, Message, Run

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows are the engine's to write; staff may look at them and delete chats."""

    def has_add_permission(self, request: "HttpRequest", obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: "HttpRequest", obj: object = None) -> bool:
        return False


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    """Chats by their last activity."""

    list_display = ("id", "title", "owner_type", "owner_id", "active_at")
    list_filter = ("owner_type",)
    search_fields = ("id", "title", "owner_id")
    ordering = ("-active_at",)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages, newest first."""

    list_display = ("id", "chat", "role", "status", "finish_reason", "error", "created_at")
    list_filter = ("role", "status", "error")
    search_fields = ("id", "chat__id")
    list_select_related = ("chat",)
    ordering = ("-created_at",)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs with their course and cost, newest first."""

    list_display = ("id", "model", "attempts", "requests", "queued_at", "first_token_at", "finished_at", "error")
    search_fields = ("id", "message__id")
    ordering = ("-queued_at",)

    def get_queryset(self, request: "HttpRequest") -> "QuerySet[Run]":
        return super().get_queryset(request).defer("message__content")
