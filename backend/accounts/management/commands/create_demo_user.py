"""Make the user of the demo login."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    """Prints the email address and the password of the demo user, who then exists."""

    help = "Make the demo user, or reset it, and print its login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's options."""
        parser.add_argument("--force", action="store_true", help="also outside DEBUG")

    def handle(self, *, force: bool, **_: Any) -> None:
        """Make the user, or give the existing one its password back."""
        if not (settings.DEBUG or force):
            raise CommandError("The demo login is known to everyone. Outside DEBUG this needs --force.")
        login = settings.DEMO_LOGIN
        user, _created = User.objects.get_or_create(email=login["email"])
        if not (user.is_active and user.check_password(login["password"])):
            user.is_active = True
            user.set_password(login["password"])
            user.save()
        self.stdout.write(f"{login['email']} {login['password']}")
