"""Keys: made once, at the very first start, for the owner alone, however many start at once."""

import os
import subprocess
import sys
import threading

from keys.key_state import FILES, opened, state
from opencbr.keys.check import check_keys
from opencbr.model.secrets import VERBATIM
from opencbr.records.archive import open_records
from records.protected import Watch, protect, server_reading
from store.samples import PROJECT


def test_the_first_start_makes_keys_for_the_owner_alone(database, key_folder):
    umask = os.umask(0)
    try:
        opened(database, key_folder)
    finally:
        os.umask(umask)
    files, _, _ = state(database, key_folder)
    assert {name: mode for name, (mode, _) in files.items()} == {"keys": 0o700, **dict.fromkeys(FILES, 0o600)}
    assert len({content for _, content in files.values()}) == 3
    for name in FILES:
        assert len(bytes.fromhex(files[name][1].decode())) == 32


def test_no_key_is_in_the_database(database, key_folder):
    public = opened(database, key_folder).public_key
    _, remembered, _ = state(database, key_folder)
    kept = "".join(value for _, value in remembered)
    for name in FILES:
        secret = (key_folder / name).read_text().strip()
        assert secret[:16] not in kept
    assert public in kept


def test_every_later_start_opens_the_same_keys_and_reads_what_was_written(database, records, key_folder):
    top, _, _ = protect(database, records, server_reading())
    before = state(database, key_folder)
    again = open_records(database, key_folder, Watch())
    assert again.public_key == records.public_key
    assert again.export(PROJECT, top.id, VERBATIM) == records.export(PROJECT, top.id, VERBATIM)
    again.shut()
    assert check_keys(database, key_folder) is None
    assert state(database, key_folder) == before


START = """
import pathlib, sys
from opencbr.clock import SystemClock
from opencbr.store.database import Database
from opencbr.records.archive import open_records
url, folder = sys.argv[1:]
database = Database(url)
print("ready", flush=True)
sys.stdin.readline()
print(open_records(database, pathlib.Path(folder), SystemClock()).public_key)
"""


def test_processes_that_start_first_at_once_agree_on_one_key(database, key_folder):
    command = [sys.executable, "-c", START, database.url, str(key_folder)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for one in started:
        assert one.stdout.readline() == "ready\n"
    for one in started:
        one.stdin.write("\n")
        one.stdin.flush()
    keys = {one.communicate(timeout=60)[0].strip() for one in started}
    assert keys == {opened(database, key_folder).public_key}
    assert [one.returncode for one in started] == [0] * 4
    assert sorted(path.name for path in key_folder.iterdir()) == FILES


def test_threads_that_make_a_projects_first_records_at_once_share_one_key(database, records, key_folder):
    made, gate = [], threading.Barrier(4)

    def work():
        own = open_records(database, key_folder, Watch())
        gate.wait()
        made.append(protect(database, own, server_reading(resource_id=threading.current_thread().name))[0])
        own.shut()

    threads = [threading.Thread(target=work, name=f"server-{n}") for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 4
    for top in made:
        assert records.export(PROJECT, top.id, VERBATIM)["manifest"]["backup_id"] == top.id
    assert len(state(database, key_folder)[2]) == 1
