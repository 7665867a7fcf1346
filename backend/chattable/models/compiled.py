"""Statements that Django compiles once: over a short one its compiler takes far longer than the database does.

What a call gives stands in it as a `Param`; all else, settings included, stays as it was at the first call.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from django.core.signals import setting_changed
from django.db import connections, models, router
from django.db.models import sql
from django.db.models.expressions import DatabaseDefault, Expression
from django.db.models.sql.constants import ROW_COUNT


class Param(Expression):
    """The place of a value that each call gives by this name, stored as by this field; where it filters, never None."""

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The place."""
        return "%s", [self]


class Select[T]:
    """Reads what is in the queryset that `build` makes: instances, or the values of one field."""

    def __init__(self, build: Callable[[], Iterable[T]]) -> None:
        self._build = build

    def __call__(self, **values: Any) -> list[T]:
        """What is there for these values."""
        compiler = _compiled(self, self._compiler).fill(values)
        return list(compiler.iterable(_Rows(compiler)))

    def first(self, **values: Any) -> T | None:
        """The first of what is there for these values, or None."""
        return next(iter(self(**values)), None)

    def _compiler(self) -> Any:
        queryset: Any = self._build()
        compiler = queryset.query.get_compiler(using=queryset.db)
        compiler.iterable = queryset._iterable_class
        return compiler


class Update:
    """Makes changes to the rows of a queryset; `build` gives both."""

    def __init__(self, build: Callable[[], tuple[models.QuerySet[Any], Mapping[str, Any]]]) -> None:
        self._build = build

    def __call__(self, **values: Any) -> int:
        """How many rows there were for these values."""
        count: int = _compiled(self, self._compiler).fill(values).execute_sql(ROW_COUNT)
        return count

    def _compiler(self) -> Any:
        queryset, changes = self._build()
        query: Any = queryset.query.chain(sql.UpdateQuery)
        query.add_update_values(changes)
        return query.get_compiler(using=router.db_for_write(queryset.model))


class CompiledSaves(models.Model):
    """Is saved by compiled statements, where no field gets an expression."""

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: str, fields: Any, returning_fields: Any, raw: bool) -> Any:
        values = {
            field.attname: getattr(self, field.attname) if raw else field.pre_save(self, True) for field in fields
        }
        computed = {name: value for name, value in values.items() if hasattr(value, "resolve_expression")}
        if not all(isinstance(value, DatabaseDefault) for value in computed.values()):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]

        def compiler() -> Any:
            places = {field.attname: Param(field.attname, field) for field in fields} | computed
            query: Any = sql.InsertQuery(type(self))
            query.insert_values(fields, [SimpleNamespace(**places)], raw=True)
            insert = query.get_compiler(using=using)
            insert.returning_fields = returning_fields
            return insert

        key = (type(self), "insert", using, *values, *computed)
        return _compiled(key, compiler).fill(values).execute_sql(returning_fields)

    def _do_update(
        self,
        base_qs: Any,
        using: Any,
        pk_val: Any,
        values: Any,
        update_fields: Any,
        forced_update: bool,
        returning_fields: Any,
    ) -> Any:
        given = {field.attname: value for field, _, value in values}
        if not forced_update or returning_fields or not given:
            return super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update, returning_fields)

        def compiler() -> Any:
            query = base_qs.filter(pk=Param("pk", self._meta.pk)).query.chain(sql.UpdateQuery)
            query.add_update_fields([(field, None, Param(field.attname, field)) for field, _, _ in values])
            return query.get_compiler(using=using)

        key = (type(self), "update", using, *given)
        return [()] * _compiled(key, compiler).fill({**given, "pk": pk_val}).execute_sql(ROW_COUNT)


class _Statement:
    """A compiler of Django's that has done its work."""

    def __init__(self, compiler: Any) -> None:
        self._compiler = compiler
        written = compiler.as_sql()
        # Those of an INSERT are a list, which has one statement here.
        self._is_list = isinstance(written, list)
        self._sql, self._params = written[0] if self._is_list else written

    def fill(self, values: Mapping[str, Any]) -> Any:
        """A compiler for this thread's connection that has its SQL at hand, with these values in place."""
        compiler = copy.copy(self._compiler)
        compiler.connection = connection = connections[compiler.using]
        params = tuple(
            param.output_field.get_db_prep_save(values[param.name], connection) if isinstance(param, Param) else param
            for param in self._params
        )
        written = [(self._sql, params)] if self._is_list else (self._sql, params)
        compiler.as_sql = lambda *_, **__: written
        return compiler


class _Rows:
    """What Django's reading of rows asks of a queryset."""

    _fetch_mode = models.FETCH_ONE
    _known_related_objects: Mapping[Any, Any] = {}

    def __init__(self, compiler: Any) -> None:
        self.query, self.db, self._compiler = self, compiler.using, compiler

    def get_compiler(self, using: str) -> Any:
        return self._compiler


_statements: dict[Any, _Statement] = {}


def _compiled(key: Any, compiler: Callable[[], Any]) -> _Statement:
    """The statement of this key, made where it is missing; by two threads at once too, which does no harm."""
    if (statement := _statements.get(key)) is None:
        statement = _statements[key] = _Statement(compiler())
    return statement


def _forget(**_: Any) -> None:
    _statements.clear()


setting_changed.connect(_forget)
