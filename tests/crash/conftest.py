"""Where the crash tests keep their state: SQLite always, PostgreSQL when it is asked for."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is empty, and dropped after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/opencbr.db"
        return
    server = os.environ.get("OPENCBR_TEST_POSTGRES")
    if server is None:
        pytest.skip("OPENCBR_TEST_POSTGRES names no server")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"crash_{uuid.uuid4().hex[:12]}"
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
