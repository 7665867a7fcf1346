"""The socket: one per tab, carries every event of an owner's chats, forwards bytes."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings as django_settings
from django.http.request import validate_host

from chattable import conf, events
from chattable.conf import header, settings

logger = logging.getLogger(__name__)

# The credential has ended: a page must not come back with it.
CREDENTIAL_ENDED = 4401
# More than the page ever sends: a ping is a dozen bytes, three a minute.
MAX_FRAME_CHARS = 1024


class ChatConsumer(AsyncWebsocketConsumer):
    """Admits an owner from an allowed origin and forwards the frames of the owner's group."""

    group = ""
    _recheck_timer: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        """Join the owner's group, then accept; refuse strangers and other sites before accepting."""
        owner = await self._owner() if origin_allowed(self.scope) else None
        if owner is None:
            await self.close()
            return
        self.group = events.owner_group(owner)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self._recheck_later()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        if self._recheck_timer:
            self._recheck_timer.cancel()
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a heartbeat; nothing else goes upward."""
        if text_data and len(text_data) <= MAX_FRAME_CHARS and '"ping"' in text_data:
            await self.send(text_data='{"type":"pong"}')
        else:
            await self.close(code=1008)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Forward frames at once: Channels' own dispatch costs a thread hop for each message."""
        if message["type"] == "chattable.frame":
            await self.base_send({"type": "websocket.send", "text": message["text"], "bytes": None})
        else:
            await super().dispatch(message)

    async def chattable_recheck(self, message: dict[str, Any]) -> None:
        """Close the socket if its credential has ended."""
        owner = await self._owner()
        if owner is None or events.owner_group(owner) != self.group:
            await self.close(code=CREDENTIAL_ENDED)
        else:
            self._recheck_later()

    def _recheck_later(self) -> None:
        if self._recheck_timer:
            self._recheck_timer.cancel()
        loop = asyncio.get_running_loop()
        self._recheck_timer = loop.call_later(
            settings.RECHECK_SECONDS, lambda: loop.create_task(self.dispatch({"type": "chattable.recheck"}))
        )

    async def _owner(self) -> Any:
        return await sync_to_async(conf.resolve_owner)(self.scope)


def origin_allowed(scope: Any) -> bool:
    """Whether the socket's origin is our own address or trusted; without an origin only a bearer key is let in."""
    origin = header(scope, b"origin")
    allowed = origin == _own_origin(scope) or _trusted(origin) if origin else bool(header(scope, b"authorization"))
    if not allowed:
        logger.warning("Refused a socket from origin %.200r.", origin)
    return allowed


def _own_origin(scope: Any) -> str | None:
    host = header(scope, b"host")
    allowed = django_settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if django_settings.DEBUG else [])
    if not validate_host(urlsplit(f"//{host}").hostname or "", allowed):
        return None
    return f"{'https' if _is_secure(scope) else 'http'}://{host}"


def _is_secure(scope: Any) -> bool:
    if proxy := django_settings.SECURE_PROXY_SSL_HEADER:
        name, value = proxy
        return header(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode()) == value
    return scope.get("scheme") in ("wss", "https")


def _trusted(origin: str) -> bool:
    """Whether `CSRF_TRUSTED_ORIGINS` names the origin, also by `https://*.example.com`."""
    scheme, _, host = origin.partition("://")
    for trusted in django_settings.CSRF_TRUSTED_ORIGINS:
        trusted_scheme, _, trusted_host = trusted.partition("://")
        if scheme == trusted_scheme and validate_host(host, [trusted_host.removeprefix("*")]):
            return True
    return False
