"""Teams own chats too."""

import uuid

from django.conf import settings
from django.db import models

from chattable.models import Chattable


class Team(Chattable):
    """People who share chats."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="teams")

    class Meta:
        app_label = "teams"

    def __str__(self) -> str:
        return self.name
