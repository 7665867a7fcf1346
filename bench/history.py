"""Whether lists, histories and openings cost the same among a thousand messages and among a million."""

import asyncio
import statistics
import time
from typing import Any

import aiohttp
import psycopg
from psycopg import sql

from bench.measure import Json
from bench.stacks import Running

MESSAGES_A_CHAT = 100
SIZES = (1_000, 10_000, 100_000, 1_000_000)
READS = 40


def key(message: str) -> str:
    """The id of the chat `c` (message 0) or of a message in it: in the order of their making, as the real ones are."""
    return (
        f"(lpad(to_hex(c * 1000 + {message}), 12, '0') || substr(md5('{{chat}}' || c || '-' || {message}), 13))::uuid"
    )


# What differs from the chat and the message that are copied, by column.
CHAT = {
    "id": key("0"),
    "current_leaf_id": key("{each}"),
    "active_at": "now() - c * interval '1 second'",
}
MESSAGE = {
    "id": key("m"),
    "chat_id": key("0"),
    "parent_id": f"CASE WHEN m > 1 THEN {key('(m - 1)')} END",
    "role": "CASE WHEN m % 2 = 1 THEN 'user' ELSE 'assistant' END",
    "content": "repeat('word ', 100)",
    "status": "'complete'",
    "created_at": "now() - (c * 1000 - m) * interval '1 second'",
}


def fill(database_url: str, chat: str, *, begin: int, end: int) -> None:
    """Copy the chat and its first message so often that the chats from `begin` to `end` have their messages."""
    with psycopg.connect(database_url.replace("postgres://", "postgresql://"), autocommit=True) as connection:
        with connection.transaction():
            chats, messages = f"generate_series({begin}, {end}) c", f"generate_series(1, {MESSAGES_A_CHAT}) m"
            copy(connection, "chattable_chat", CHAT, chats, chat=chat, where=f"t.id = '{chat}'")
            first = f"t.id = (SELECT id FROM chattable_message WHERE chat_id = '{chat}' ORDER BY created_at LIMIT 1)"
            copy(connection, "chattable_message", MESSAGE, f"{chats}, {messages}", chat=chat, where=first)
        connection.execute("VACUUM ANALYZE")


def copy(connection: Any, table: str, changes: dict[str, str], numbers: str, *, chat: str, where: str) -> None:
    """Insert a row of the table again for each combination of the numbers, with these changes."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"
    columns = [name for (name,) in connection.execute(query, [table])]
    values = [changes.get(name, f't."{name}"').format(each=MESSAGES_A_CHAT, chat=chat) for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    # All parts are from here and from the database's own catalogue.
    text = f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} t, {numbers} WHERE {where}"
    connection.execute(sql.SQL(text))


async def histories(running: Running, label: str) -> Json:
    """The median of each kind of read at each size, in ms, and the largest against the smallest."""
    # Each run has an owner of its own, who has no million messages yet.
    base, headers = running.web_urls[0], {"Authorization": f"Bearer {running.keys.pop()}"}
    figures: dict[str, list[float]] = {"list": [], "open": [], "history": []}
    async with aiohttp.ClientSession(base, headers=headers) as http:
        chat = await begin(http)
        filled = 0
        for size in SIZES:
            chats = size // MESSAGES_A_CHAT
            await asyncio.to_thread(fill, running.database_url, chat, begin=filled + 1, end=chats)
            filled = chats
            for kind, path in (await paths(http)).items():
                figures[kind].append(await median(http, path))
    growth = {kind: round(values[-1] / values[0], 2) for kind, values in figures.items()}
    return {
        "label": label,
        "adapter": running.name,
        "lost": 0,
        "dups": 0,
        "sizes": SIZES,
        "ms": figures,
        "growth": growth,
        "most_growth": max(growth.values()),
    }


async def begin(http: aiohttp.ClientSession) -> str:
    """A chat with a turn and its answer, to be copied."""
    async with http.post("/api/chats/", json={"title": "A chat"}) as answer:
        chat = str((await answer.json())["id"])
    async with http.post(f"/api/chats/{chat}/messages/", json={"content": "Hi", "model": "bench-n5-i0"}) as answer:
        answer.raise_for_status()
    await asyncio.sleep(2)
    return chat


async def paths(http: aiohttp.ClientSession) -> dict[str, str]:
    """What is read: the list of chats, a chat that is opened, and what came before."""
    async with http.get("/api/chats/") as answer:
        chat = (await answer.json())["results"][3]["id"]
    opened = f"/api/chats/{chat}/messages/?limit=30"
    async with http.get(opened) as answer:
        before = (await answer.json())["before"]
    return {"list": "/api/chats/", "open": opened, "history": f"{opened}&before={before}"}


async def median(http: aiohttp.ClientSession, path: str) -> float:
    """The median of several reads, in ms."""
    took = []
    for _ in range(READS):
        started = time.perf_counter()
        async with http.get(path) as answer:
            answer.raise_for_status()
            await answer.read()
        took.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(took), 2)
