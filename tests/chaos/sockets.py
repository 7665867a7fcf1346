"""Promises of the connection: it lives through silence, a dead one is found, and a thousand do not come at once."""

import asyncio
import time
from collections import Counter

from chaos.people import DEAD_AFTER, PING_EVERY, Person, Tab
from chaos.promise import Measured, Promise, Scale
from chaos.proxy import Proxy
from chaos.scene import KEYS, Scene

# nginx closes what was silent for so long.
NGINX_SECONDS = 60.0
SPEED = 30.0


async def outlive_silence(scene: Scene, scale: Scale) -> Measured:
    """Say nothing for half an hour behind a line that is closed after 60 s, then let the line die unnoticed."""
    speed = 1.0 if scale.is_long else SPEED
    silence = 1800 / speed * (1 if scale.slack == 1 else 0.1)
    measured = Measured(f"heartbeat {PING_EVERY:g} s, dead after {DEAD_AFTER:g} s more")
    measured.expect(PING_EVERY <= 25, "the heartbeat is slower than 25 s")
    [person] = scene.people(1)
    async with (
        Proxy(scene.stack.web_url, idle=NGINX_SECONDS / speed) as nginx,
        Tab(person, url=nginx.url, speed=speed) as tab,
    ):
        await asyncio.sleep(silence)
        measured.expect(len(tab.opens) == 1 and not nginx.cuts, f"{len(tab.opens) - 1} cuts in the silence")
        measured.note(f"{len(tab.opens) - 1} cuts in {silence * speed / 60:g} min of silence (time ÷ {speed:g})")
        nginx.freeze()
        started = time.monotonic()
        await tab.until(lambda: tab.deaths, what="the death of the line", patience=120)
        found = (tab.deaths[0] - started) * speed
        nginx.cut()
        nginx.thaw()
        await tab.until(lambda: len(tab.opens) > 1, what="the socket again")
    measured.within("dead peer found (times the same)", [found], goal=50, scale=scale)
    return measured


async def come_back_spread(scene: Scene, scale: Scale) -> Measured:
    """Restart web under a thousand tabs."""
    people = scene.people(scale.count(1000, least=60))
    # One web process, so that all lose it in the same moment.
    speed = 1.0 if scale.slack == 1 else 4.0
    tabs = [Tab(person, url=scene.stack.web_url, speed=speed) for person in people]
    for start in range(0, len(tabs), 50):
        await asyncio.gather(*(tab.__aenter__() for tab in tabs[start : start + 50]))
    try:
        stopped = time.monotonic()
        await scene.stack.restart("web")
        ready = time.monotonic()
        await asyncio.gather(
            *(tab.until(lambda: tab.opens[-1] > stopped, what="the tab again", patience=180) for tab in tabs)  # noqa: B023
        )
        back = [next(at for at in tab.opens if at > stopped) - ready for tab in tabs]
    finally:
        await asyncio.gather(*(tab.__aexit__(None, None, None) for tab in tabs))
    seconds = Counter(int(at) for at in back)
    [(second, most)] = seconds.most_common(1)
    share = most / len(tabs)
    measured = Measured(f"{len(tabs)} tabs, web away for {ready - stopped:.1f} s, {share:.0%} in second {second}")
    measured.within("back", back, goal=60, scale=scale)
    if share > 0.1 and len(tabs) >= 500:
        measured.late.append(f"second {second} holds {share:.0%} of the tabs")
    await refuse_finally(scene, measured)
    return measured


async def refuse_finally(scene: Scene, measured: Measured) -> None:
    """A tab whose credential has ended is closed with 4401 and does not come back."""
    tab = Tab(Person(scene.http, key=scene.guest, urls=scene.stack.web_urls, history=scene.history))
    async with tab:
        await scene.stack.manage("shell", "--verbosity", "0", "-c", DEACTIVATE)
        await tab.until(lambda: tab.codes, what="the close", patience=20)
        await asyncio.sleep(2)
    measured.note(f"a person who is shut out: {tab.codes}")
    measured.expect(tab.codes == [4401] and len(tab.opens) == 1, f"a person who is shut out comes back: {tab.codes}")


DEACTIVATE = f"""
from accounts.models import User
for user in User.objects.filter(email__endswith="-{KEYS - 1}@example.com"):
    user.is_active = False
    user.save()
"""

PROMISES = (
    Promise(
        number=13,
        title="Silence cuts nothing, and a dead peer is found",
        goal="heartbeat ≤ 25 s, dead peer ≤ 50 s, no cut in 30 min of silence behind 60 s of patience",
        run=outlive_silence,
    ),
    Promise(
        number=14,
        title="A thousand do not come at once",
        goal="after a restart of web no second holds more than 10 % of 1,000 clients, all back ≤ 60 s; 4401 is final",
        run=come_back_spread,
    ),
)
