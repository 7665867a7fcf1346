"""Make users with API keys for load tests."""

import json
import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import ApiKey, User


class Command(BaseCommand):
    """Writes a JSON list of new API keys, one new user each."""

    help = "Make users with one API key each, for load tests, and write the keys as a JSON list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's options."""
        parser.add_argument("--count", type=int, required=True, help="how many users and keys")
        parser.add_argument("--output", type=Path, required=True, help="file to write the JSON list of keys to")
        parser.add_argument("--force", action="store_true", help="also outside DEBUG")

    def handle(self, *, count: int, output: Path, force: bool, **_: Any) -> None:
        """Make them all, or nothing."""
        if not (settings.DEBUG or force):
            raise CommandError("These users are for load tests. Outside DEBUG this needs --force.")
        if count < 1:
            raise CommandError("--count must be 1 or more.")
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file, transaction.atomic():
            json.dump(make_keys(count), file)
        self.stdout.write(f"{count} keys are in {output}.")


def make_keys(count: int) -> list[str]:
    """The secrets of new keys, each of a new user who has no password."""
    run = secrets.token_hex(4)
    people = [User(email=f"load-{run}-{n}@example.com", password=make_password(None)) for n in range(count)]
    drafts = [ApiKey.draft(user, name="load test") for user in User.objects.bulk_create(people, batch_size=500)]
    ApiKey.objects.bulk_create([key for key, _ in drafts], batch_size=500)
    return [secret for _, secret in drafts]
