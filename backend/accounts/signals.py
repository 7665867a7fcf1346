"""Open sockets end with their credential: on logout, password change, key revocation, deactivation."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.db.models.signals import post_delete, post_save
from django.db.transaction import on_commit
from django.dispatch import receiver

from accounts.models import ApiKey, User
from chattable.events import recheck


def recheck_sockets(user: Model) -> None:
    """Have all sockets of the user prove their credential again, once the change is committed."""
    user = User(pk=user.pk)
    on_commit(lambda: recheck(user), robust=True)


@receiver(post_delete, sender=Session)
def session_ended(instance: Session, **_: Any) -> None:
    """A logout, or a login or password change that renewed the session's key."""
    if pk := instance.get_decoded().get(SESSION_KEY):
        recheck_sockets(User(pk=User._meta.pk.to_python(pk)))


@receiver(post_save, sender=User)
def user_changed(instance: User, *, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A changed password, or a deactivation."""
    if not created and (update_fields is None or update_fields & {"password", "is_active"}):
        recheck_sockets(instance)


@receiver(post_delete, sender=User)
def user_deleted(instance: User, **_: Any) -> None:
    """A person who is gone."""
    recheck_sockets(instance)


@receiver(post_delete, sender=ApiKey)
def key_revoked(instance: ApiKey, **_: Any) -> None:
    """A revoked key."""
    recheck_sockets(User(pk=instance.user_id))
