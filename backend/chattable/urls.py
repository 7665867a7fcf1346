"""Routes of the REST API, to be included wherever a host wants them: `path("api/", include("chattable.urls"))`."""

from django.urls import path

from chattable import views

urlpatterns = [
    path("config/", views.ConfigView.as_view()),
    path("chats/", views.ChatViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "chats/<str:id>/",
        views.ChatViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("chats/<str:id>/export/", views.ChatViewSet.as_view({"get": "export"})),
    path("chats/<str:id>/messages/", views.ChatMessageViewSet.as_view({"get": "list", "post": "create"})),
    path("chats/<str:id>/messages/find/", views.ChatMessageViewSet.as_view({"get": "find"})),
    path(
        "messages/<str:id>/",
        views.MessageViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("messages/<str:id>/show/", views.MessageViewSet.as_view({"post": "show"})),
    path("messages/<str:id>/stop/", views.MessageViewSet.as_view({"post": "stop"})),
    path("messages/<str:id>/regenerate/", views.MessageViewSet.as_view({"post": "regenerate"})),
    path("events/", views.EventsView.as_view()),
    path("messages/<str:id>/continue/", views.MessageViewSet.as_view({"post": "go_on"})),
    path("owner/", views.OwnerDetailsView.as_view()),
    path("models/", views.ModelsView.as_view()),
    path("status/", views.StatusView.as_view()),
]
