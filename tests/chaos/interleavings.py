"""The promise of the fold: a snapshot and any interleaving of events make what a fresh fetch gives, on both sides.

The server's serializers write each story, chance loses, doubles and reorders it, and both folds read the same file.
"""

import asyncio
import json
import os
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from chaos.promise import Measured, Promise, Scale
from chaos.scene import Scene
from config.stack import FRONTEND
from fold import Fold, is_running

WORDS = ("one ", "zwei ", "🦊", "👩‍🚀 ", "é", "\n\n", "𓀀𓀁𓀂", "`code` ", "x")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
FIELDS = ("content", "reasoning")

# A step is a frame of the socket, as text, or a message that was fetched.
type Step = dict[str, Any]


def story(chance: random.Random) -> dict[str, Any]:
    """The steps of a page that reads one answer, what each attempt has said, and what a fresh fetch gives."""
    from chattable import events

    writer = Writer(chance)
    told = list(writer.tell())
    lossless = chance.random() < 0.3
    # Without a loss the page is there from the begin. Else it comes in the middle: what is saved then lags behind.
    begin = 0 if lossless else chance.randint(0, len(told) // 2)
    steps: list[Step] = [{"fetched": told[begin][1]}]
    queue = events.Queue()
    for event, stored in told[begin + 1 :]:
        queue.put(json.loads(events.encode([event])) if chance.random() < 0.5 else event)
        if flushed := chance.random() < 0.6:
            steps.append({"frame": queue.frame()})
            queue = events.Queue()
        # Text that was saved in the middle of a merged delta has to be fetched again: that is a loss, if a short one.
        if chance.random() < 0.08 and (flushed or not lossless):
            steps.append({"fetched": stored})
    steps.append({"frame": queue.frame()})
    steps = [step for step in steps if step.get("frame") != "[]"]
    disturbed = doubled(steps, chance) if lossless else disturb(steps, chance)
    return {"steps": disturbed, "texts": writer.texts, "fresh": told[-1][1], "lossless": lossless}


class Writer:
    """Writes one answer as the server does: attempts, rewrites, saved texts that lag, and an end."""

    def __init__(self, chance: random.Random) -> None:
        from chattable.models import Message

        self.chance = chance
        chat = uuid.UUID(int=chance.getrandbits(128))
        self.message = Message(id=uuid.UUID(int=chance.getrandbits(128)), chat_id=chat, role="assistant", version=1)
        self.message.created_at = self.message.updated_at = NOW
        self.message.status = "queued"
        self.texts: dict[int, dict[str, str]] = {}
        self._stored: Any = None

    def tell(self) -> Iterator[tuple[Any, Any]]:
        """Each event, with what a fetch at that moment gives."""
        from chattable import events

        yield events.message_created(self.message), self._save()
        self.message.status = "streaming"
        yield from self._changed()
        for rev in range(self.chance.choice((1, 1, 1, 2, 3))):
            if rev:
                yield from self._changed()
                yield from self._restart(rev)
            for _ in range(self.chance.randint(1, 20)):
                yield self._grow(), self._stored
                if self.chance.random() < 0.2:
                    self._save()
        self.message.status = self.chance.choice(("complete", "stopped", "failed"))
        self.message.error = "provider_error" if self.message.status == "failed" else ""
        yield from self._changed()

    def _restart(self, rev: int) -> Iterator[tuple[Any, Any]]:
        """Begin anew; or tell the same once more, with what was said as what was thought."""
        from chattable import events

        said = self.message.content
        self.message.restart(rev=rev)
        if said and self.chance.random() < 0.3:
            self.message.reasoning = said
            self._note()
            delta = events.Delta(rev, reasoning=(0, len(said), said))
            yield events.message_updated(self.message, delta), self._stored

    def _changed(self) -> Iterator[tuple[Any, Any]]:
        from chattable import events

        self.message.version += 1
        yield events.message_updated(self.message, None), self._save()

    def _grow(self) -> Any:
        from chattable import events

        spans: dict[str, Any] = {}
        for field in self.chance.choice((("content",), ("content",), ("reasoning",), FIELDS)):
            before, word = getattr(self.message, field), self.chance.choice(WORDS) * self.chance.randint(1, 3)
            setattr(self.message, field, before + word)
            spans[field] = (len(before), len(before) + len(word), word)
        self._note()
        return events.message_updated(self.message, events.Delta(self.message.rev, **spans))

    def _note(self) -> None:
        self.texts[self.message.rev] = {field: getattr(self.message, field) for field in FIELDS}

    def _save(self) -> Any:
        from chattable import events

        self._stored = json.loads(orjson.dumps(events.message_snapshot(self.message), option=orjson.OPT_UTC_Z))
        return self._stored


def doubled(steps: list[Step], chance: random.Random) -> list[Step]:
    """Nothing is lost and all is in order; some comes twice, and old fetches come late."""
    often = [step for step in steps for _ in range(1 + (chance.random() < 0.2))]
    for step in chance.sample(steps, min(len(steps), 2)):
        if "fetched" in step:
            often.insert(chance.randint(often.index(step), len(often)), step)
    return often


def disturb(steps: list[Step], chance: random.Random) -> list[Step]:
    """Some is lost, some comes twice, some comes late."""
    loss, doubling, delay = chance.random() * 0.4, chance.random() * 0.4, chance.random() * 12
    kept = [step for step in steps if chance.random() >= loss]
    often = [step for step in kept for _ in range(1 + (chance.random() < doubling))]
    places = [(place + (chance.random() * delay if chance.random() < 0.3 else 0), place) for place in range(len(often))]
    return [often[place] for _, place in sorted(places)]


def fault_of_fold(told: dict[str, Any]) -> str:
    """What the page's fold in Python makes wrong of the story, or nothing."""
    fold, fresh, rev = Fold(), told["fresh"], -1
    texts = {int(rev): text for rev, text in told["texts"].items()}
    for step in told["steps"]:
        if "frame" in step:
            fold.frame(step["frame"])
        else:
            fold.snapshot(step["fetched"])
        if not (shown := fold.messages.get(fresh["id"])):
            continue
        for field in FIELDS:
            if not texts.get(shown["rev"], {}).get(field, "").startswith(shown[field]):
                return f"{shown[field]!r} is no text of attempt {shown['rev']}"
            if len(shown[field]) != shown[f"{field}_length"]:
                return f"{shown[field]!r} is counted as {shown[f'{field}_length']}"
        if shown["rev"] < rev:
            return f"attempt {shown['rev']} came back"
        rev = shown["rev"]
    last = fold.messages.get(fresh["id"])
    if last is None or is_running(last) or fold.gaps:
        if told["lossless"]:
            return f"nothing was lost, and yet something is missing: {fold.gaps or last}"
        fold.snapshot(fresh)
    return "" if fold.messages[fresh["id"]] == fresh and not fold.gaps else "it is not what a fresh fetch gives"


async def fold_alike(scene: Scene, scale: Scale) -> Measured:
    """Write the stories, and let both folds read them."""
    measured = Measured()
    number = scale.count(10_000, least=1000) * (10 if scale.is_long else 1)
    file = scene.folder / "interleavings.jsonl"
    kept = lossless = 0
    with file.open("w") as output:
        for seed in range(number):
            told = json.loads(json.dumps(story(random.Random(seed))))
            output.write(json.dumps(told) + "\n")
            lossless += told["lossless"]
            if fault := fault_of_fold(told):
                measured.faults.append(f"Python's fold, seed {seed}: {fault}")
            kept += not fault
    measured.note(f"{kept} of {number} right in Python ({lossless} without a loss)")
    page = await page_fold(file)
    measured.note(f"the page's fold: {page.splitlines()[-1] if page else 'all right'}")
    measured.expect(not page, f"the page's fold: {page[-2000:]}")
    return measured


async def page_fold(file: Path) -> str:
    """What vitest says of the page's fold; nothing where all is right."""
    vitest = await asyncio.create_subprocess_exec(
        *("npx", "--no", "vitest", "run", "--reporter=dot"),
        cwd=FRONTEND,
        env={**os.environ, "INTERLEAVINGS": str(file)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await vitest.communicate()
    return output.decode() if vitest.returncode else ""


PROMISES = (
    Promise(
        number=11,
        title="Snapshot + events = fresh fetch",
        goal="10,000 interleavings by the server's serializers, on both folds",
        run=fold_alike,
        setting=None,
    ),
)
