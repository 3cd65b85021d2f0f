"""Columns that name blobs, and the lock between whoever names one and whoever collects it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.apps import apps
from django.db import connection, models, transaction

_LOCKS: Final = 0x626C6F62
"""The class of our advisory locks: the word "blob"."""


class BlobDigestField(models.CharField[str, str]):
    """The digest of a blob that is kept as long as a row names it."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """A column of text: what it means changes nothing in the database."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def digest_fields() -> Iterator[models.Field[Any, Any]]:
    """Every column that names blobs: digests, and foreign keys to rows that a digest identifies."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:  # noqa: SLF001
            target = field.target_field if isinstance(field, models.ForeignKey) else field
            names_itself = target is field and field.primary_key
            if isinstance(target, BlobDigestField) and not names_itself:
                yield field


def digests_named(digests: Iterable[str]) -> set[str]:
    """Those of `digests` that a row names."""
    wanted = list(digests)
    return {
        digest
        for field in digest_fields()
        for digest in field.model._base_manager.filter(  # noqa: SLF001
            **{f"{field.attname}__in": wanted}
        ).values_list(field.attname, flat=True)
    }


def blobs_hold(digests: Iterable[str]) -> None:
    """Keep blobs from being collected until this transaction ends, whether they are there or not.

    To be called before looking whether they are, in the transaction that will name them. Raises
    TransactionManagementError outside of one.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Blobs are held by a transaction.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(%s, shard) FROM unnest(%s::int[]) AS shard",
            [_LOCKS, sorted({int(digest[:2], 16) for digest in digests})],
        )


def shard_seize(shard: int) -> bool:
    """Keep others from holding blobs whose digests begin with the byte `shard`.

    Until this transaction ends. False, and nothing is kept, if somebody holds one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCKS, shard])
        row = cursor.fetchone()
    return bool(row and row[0])
