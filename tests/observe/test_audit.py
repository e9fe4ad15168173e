"""Who read secrets is in the log whatever its level."""

import io
import logging

import pytest

from opencbr.observe import log


@pytest.fixture(name="written")
def _written():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = before, level


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_audit_line_is_written_at_every_level(written, level):
    log.configure(level, stream=written)
    logging.getLogger("opencbr.audit").info("secrets read: metadata of backup b")
    logging.getLogger("opencbr.api").info("something else")
    assert "secrets read: metadata of backup b" in written.getvalue()
    assert ("something else" in written.getvalue()) == (level in {"debug", "info"})
