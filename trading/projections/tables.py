"""Set-based writes: rows go to PostgreSQL by COPY, changed ones through a staging table of the session."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.db.models.fields.composite import CompositePrimaryKey


class Table:
    """The table of a model. Rows are tuples of all columns in the order of the model's fields."""

    def __init__(self, model: type[Model]) -> None:
        self.name = model._meta.db_table
        self.columns = tuple(field.column for field in model._meta.concrete_fields if field.column)
        key = model._meta.pk
        self.key = tuple(key.field_names) if isinstance(key, CompositePrimaryKey) else (key.column,)
        self._staging = f"staged_{self.name}"

    def prepare(self, cursor: Any) -> None:
        """Make the session's staging table. It is emptied at COMMIT, so a transaction upserts once."""
        cursor.execute("SET LOCAL client_min_messages = warning")
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self._staging} (LIKE {self.name}) ON COMMIT DELETE ROWS")

    def empty_staging(self, cursor: Any) -> None:
        """For a transaction with several upserts: call it between them."""
        cursor.execute(f"TRUNCATE {self._staging}")

    def read(self, cursor: Any, *, where: str = "true") -> list[tuple[Any, ...]]:
        cursor.execute(f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE {where}")
        return cursor.fetchall()

    def clear(self, cursor: Any) -> None:
        """Delete every row. Not TRUNCATE: others go on reading the old rows until COMMIT."""
        cursor.execute(f"DELETE FROM {self.name}")

    def append(self, cursor: Any, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows with new keys."""
        if rows:
            self._copy(cursor, self.name, rows)

    def upsert(self, cursor: Any, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows or replace those with the same key; a key may come once."""
        if rows:
            self._copy(cursor, self._staging, rows)
            columns, key = ", ".join(self.columns), ", ".join(self.key)
            changes = ", ".join(f"{name} = excluded.{name}" for name in self.columns if name not in self.key)
            cursor.execute(
                f"INSERT INTO {self.name} ({columns}) SELECT {columns} FROM {self._staging} "
                f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
            )

    def delete(self, cursor: Any, keys: list[tuple[int, ...]]) -> None:
        """Delete the rows with these integer keys."""
        if keys:
            arrays = [list(column) for column in zip(*keys, strict=True)]
            wanted = ", ".join(["%s::bigint[]"] * len(arrays))
            cursor.execute(
                f"DELETE FROM {self.name} WHERE ({', '.join(self.key)}) IN (SELECT * FROM unnest({wanted}))", arrays
            )

    def _copy(self, cursor: Any, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with cursor.copy(f"COPY {target} ({', '.join(self.columns)}) FROM STDIN") as copy:
            write = copy.write_row
            for row in rows:
                write(row)
