"""What the program makes on disk is for its owner alone, also where the umask would share it."""

import stat


def test_databases_keys_and_settings_of_a_running_installation(demo):
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in demo.state.glob("opencbr.db*")}
    assert {"opencbr.db", "opencbr.db.jobs"} <= found.keys()
    assert set(found.values()) == {0o600}, found
