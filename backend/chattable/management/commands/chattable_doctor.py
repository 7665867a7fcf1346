"""`manage.py chattable_doctor --url https://chat.example.com --key ck_…`: says what is wrong, and the cure."""

import asyncio
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chattable.doctor.address import Address
from chattable.doctor.findings import Finding
from chattable.doctor.parts import examine


class Command(BaseCommand):
    """Examines the parts, then streams a short answer through the real address; exit code 1 for a finding."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address and whose key to use there."""
        parser.add_argument("--url", default="", help="the address that people open; without it only the parts")
        parser.add_argument("--key", default="", help="an API key for that address")
        parser.add_argument("--model", default="", help="the model of the answer; else the default one")
        parser.add_argument("--wait", type=float, default=60.0, help="seconds to wait for the answer")

    def handle(self, *, url: str, key: str, model: str, wait: float, **_: Any) -> None:
        """Print each finding with its cure."""
        if url and not key:
            raise CommandError("Give an API key with --key, too.")
        found = [*examine(), *(asyncio.run(visit(url, key=key, model=model, wait=wait)) if url else [])]
        for finding in found:
            self.stdout.write(f"{finding.code}: {finding.what}\n    Cure: {finding.cure}")
        if found:
            sys.exit(1)
        self.stdout.write("All is well." if url else "The parts are well. Give --url and --key to try the address.")


async def visit(url: str, *, key: str, model: str, wait: float) -> list[Finding]:
    """What is wrong at the address."""
    async with Address.at(url, key=key) as address:
        return await address.findings(model=model, wait=wait)
