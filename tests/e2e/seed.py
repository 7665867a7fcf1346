"""Puts messages straight into a chat of the running stack: `{"chat": id, "messages": [text, …]}` on standard input."""

import json
import sys
from itertools import pairwise

import django

django.setup()

from chattable.models import Chat, Message  # noqa: E402

wanted = json.load(sys.stdin)
chat = Chat.objects.get(pk=wanted["chat"])
messages = [
    Message(chat=chat, role=("user", "assistant")[index % 2], model=index % 2 * "demo", content=content, version=1)
    for index, content in enumerate(wanted["messages"])
]
for parent, message in pairwise(messages):
    message.parent_id = parent.pk
Message.objects.bulk_create(messages, batch_size=200)
chat.current_leaf = messages[-1]
chat.save(update_fields=["current_leaf"])
