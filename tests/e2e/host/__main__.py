"""`python -m e2e.host`: prints its address as JSON, and ends with its standard input."""

import json
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import django
import uvicorn
from celery import Celery
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.urls import path

from backend.private_valkey import Valkey


def application() -> Any:
    """HTTP, events and sockets."""
    http = get_asgi_application()
    from chattable.routing import websocket_urlpatterns, with_events

    sockets = URLRouter([path("assistant/", URLRouter(websocket_urlpatterns))])  # type: ignore[arg-type, list-item]
    return ProtocolTypeRouter({"http": with_events(http, at="/assistant/api/events/"), "websocket": sockets})


def work() -> None:
    """Answer, as a worker does."""
    app = Celery("host")
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.autodiscover_tasks(["chattable"], force=True)
    app.WorkController(pool_cls="threads", concurrency=4).start()


def main() -> None:
    """Serve until the input ends."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        valkey = Valkey().start(Path(folder))
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "e2e.host.settings",
            "HOST_DATABASE": f"{folder}/db.sqlite3",
            "REDIS_URL": valkey.url,
        }
        django.setup()
        call_command("migrate", verbosity=0)
        from accounts.models import User

        User.objects.create_user("ann@example.com", password="lovelace")
        listener.bind(("127.0.0.1", 0))
        # Whoever reads the address may come before the server looks.
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(application(), ws="wsproto", log_level="warning"))
        threading.Thread(target=work, daemon=True).start()
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        sys.stdin.read()
        valkey.stop()
    os._exit(0)


main()
