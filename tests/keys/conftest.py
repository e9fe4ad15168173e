"""A test of keys that asks for `database` runs on SQLite and on PostgreSQL."""

from records.conftest import key_folder, records

__all__ = ["key_folder", "records"]
