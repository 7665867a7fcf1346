"""`make dev`: the whole application in one terminal, with a reload at every change of the code."""

import asyncio
import os
import sys
import time

from dotenv import dotenv_values

from config.stack import ROOT, SETTINGS, Options, Stack, keep_running
from config.supervisor import StackError

STARTED = time.monotonic()


def options() -> Options:
    """What to start, with the values of `.env`; what is set in the real environment wins."""
    values = {**dotenv_values(ROOT / ".env"), **os.environ}
    chosen = {name: value for name in SETTINGS - {"DEBUG"} if (value := values.get(name))}
    return Options(
        page="vite",
        reload=True,
        database_url=chosen.pop("DATABASE_URL", ""),
        web_port=8000,
        page_port=int(values.get("PORT") or 5173),
        settings=chosen,
        demo_user=True,
        echo=True,
    )


def welcome(stack: Stack) -> None:
    """Print the one line that a newcomer waits for."""
    email, password = stack.demo_login.split()
    answers = "the demo provider" if stack.provider_url else stack.env.get("OPENAI_BASE_URL", "OpenAI")
    print(f"dev      | ready in {time.monotonic() - STARTED:.1f} s; answers come from {answers}; Ctrl-C stops all")
    print(f"\n  Open {stack.url} and log in with {email} / {password}\n", flush=True)


def main() -> None:
    """Run until Ctrl-C; exit code 1 when something does not start or ends."""
    print("dev      | starting Valkey, database, web, worker and page", flush=True)
    try:
        asyncio.run(keep_running(Stack(options()), on_ready=welcome))
    except StackError as error:
        sys.exit(f"\ndev: {error}")


if __name__ == "__main__":
    main()
