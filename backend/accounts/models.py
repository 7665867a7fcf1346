"""People who sign in by email, and the keys of their scripts."""

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chattable.models import Chattable
from chattable.models.compiled import Param, Select


class UserManager(BaseUserManager["User"]):
    """Makes users from an email address and a password."""

    def create_user(self, email: str, *, password: str | None = None, **fields: Any) -> "User":
        """A saved user; without a password nobody can sign in as this user."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, *, password: str | None = None, **fields: Any) -> "User":
        """A saved user who may do everything in the admin."""
        return self.create_user(email, password=password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this email address in any case; raises `User.DoesNotExist`."""
        return self.get(email=(username or "").lower())


class User(Chattable, AbstractBaseUser, PermissionsMixin):
    """A person, who owns chats; the email address, kept in lower case, is the login."""

    email = models.EmailField(
        _("email address"), unique=True, error_messages={"unique": _("This email address is taken.")}
    )
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May use the admin."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Unset this instead of deleting people."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the email address in lower case."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class ApiKeyManager(models.Manager["ApiKey"]):
    """Makes keys and finds them again by their secret."""

    def issue(self, user: User, *, name: str) -> "tuple[ApiKey, str]":
        """A saved key and its secret, which exists nowhere else and cannot be read again."""
        key, secret = self.model.draft(user, name=name)
        key.save()
        return key, secret

    def find(self, secret: str) -> "ApiKey | None":
        """The key of this secret with its user, if the key is valid and the user active."""
        return _with_hash.first(hash=hash_of(secret))


class ApiKey(models.Model):
    """A revocable key for a person's scripts; only the hash of its secret is kept. Revoked means deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=11, editable=False)
    # The secret has 256 random bits, so that a plain hash suffices and one look in an index finds it.
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[ApiKeyManager] = ApiKeyManager()

    class Meta:
        verbose_name = _("API key")
        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def draft(cls, user: User, *, name: str) -> "tuple[ApiKey, str]":
        """An unsaved key and its secret."""
        secret = f"ck_{secrets.token_urlsafe(32)}"
        return cls(user=user, name=name, prefix=secret[:11], hash=hash_of(secret)), secret

    def touch(self) -> None:
        """Note that the key is in use, at most once a minute."""
        now = timezone.now()
        minute_ago = now - timedelta(minutes=1)
        if self.last_used_at is None or self.last_used_at < minute_ago:
            stale = Q(last_used_at=None) | Q(last_used_at__lt=minute_ago)
            ApiKey.objects.filter(stale, pk=self.pk).update(last_used_at=now)


_with_hash = Select(
    lambda: ApiKey.objects.select_related("user").filter(hash=Param("hash", models.CharField()), user__is_active=True)
)


def hash_of(secret: str) -> str:
    """The hash under which a secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
