"""A configuration is what the file and the environment say, or a sentence about what is wrong with them."""

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.cloud.config import CloudSettings
from opencbr.config import SECTIONS, Api, Config, ConfigError, dumps, listen_address, load, loading, shown
from opencbr.jobs.settings import WorkerSettings
from opencbr.wiring import build


def write(folder, text):
    path = folder / "opencbr.toml"
    path.write_text(text)
    return path


def test_without_any_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "PLACES", (tmp_path / "opencbr.toml",))
    found = load(None, {})
    assert found.api.listen == "127.0.0.1:8780"
    assert found.database.url == f"sqlite:///{tmp_path}/opencbr.db"


def test_the_environment_wins_over_the_file(tmp_path):
    path = write(tmp_path, '[api]\nthreads = 3\nprocesses = 2\n[cloud]\nconfig_files = ["a.yaml"]\n')
    environ = {
        "OPENCBR_API_THREADS": "5",
        "OPENCBR_WORKER_POLL_SECONDS": "0.5",
        "OPENCBR_CLOUD_CONFIG_FILES": "/etc/one.yaml, two.yaml",
    }
    found = load(path, environ)
    assert (found.api.threads, found.api.processes, found.worker.poll_seconds) == (5, 2, 0.5)
    assert found.cloud.config_files == ("/etc/one.yaml", str(tmp_path / "two.yaml"))


def test_the_variable_names_the_file(tmp_path):
    path = write(tmp_path, "[api]\nthreads = 3\n")
    assert load(None, {"OPENCBR_CONFIG": str(path)}).api.threads == 3


def test_relative_paths_start_at_the_file(tmp_path):
    path = write(
        tmp_path,
        '[keys]\nfolder = "k"\n[policy]\nfile = "policy.yaml"\n[database]\nurl = "sqlite:///a/b.db"\n',
    )
    found = load(path, {})
    assert found.keys.folder == str(tmp_path / "k")
    assert found.policy.file == str(tmp_path / "policy.yaml")
    assert found.database.url == f"sqlite:///{tmp_path}/a/b.db"


def test_a_webhook_is_looked_at_before_a_worker_starts_and_its_address_is_not_shown(tmp_path):
    text = '[webhook]\nurl = "https://hooks.example.org/T0/hushhush"\nsecret_file = "webhook.secret"\n'
    config = load(write(tmp_path, text), {})
    assert config.webhook.secret_file == str(tmp_path / "webhook.secret")
    assert shown(config)["webhook"]["url"] == "https://hooks.example.org/(hidden)"
    with pytest.raises(ConfigError, match=r"webhook\.secret_file: the file .* cannot be read"):
        build(config)._webhook()
    secret = tmp_path / "webhook.secret"
    secret.write_text("whsec_" + "A" * 32)
    secret.chmod(0o600)
    assert len(build(config)._webhook()) == 1
    assert build(load(write(tmp_path, ""), {}))._webhook() == []
    again = {"OPENCBR_WEBHOOK_CA_FILE": "nothing.pem"}
    with pytest.raises(ConfigError, match=r"webhook\.ca_file: it cannot be used: No such file"):
        build(load(write(tmp_path, text), again))._webhook()


def test_a_worker_has_every_duty(tmp_path):
    wiring = build(load(write(tmp_path, ""), {}))
    vars(wiring)["cloud"] = None  # nothing is asked of it here
    ctx = SimpleNamespace(
        database=None, cloud=None, clock=None, settings=wiring.config.worker, guard=lambda: None
    )
    names = [make(ctx).name for make in wiring.duties()]
    assert names == [
        "janitor",
        "bind-rules",
        "scheduler",
        "expiry",
        "policy-retention",
        "plan-expiry",
        "late-cancellations",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[api]\nlistn = 'x'", "section [api] has no key 'listn'; did you mean listen?"),
        ("[databse]\nurl = 'x'", "unknown section [databse]; did you mean [database]?"),
        ("[zzz]\nurl = 'x'", "unknown section [zzz]; known: [api], [cloud]"),
        ("[api]\nthreads = 'many'", "api.threads: Expected int, got str"),
        ("[cloud]\nconfig_files = [1]", "cloud.config_files"),
        ("[api]\nthreads = 0", "api.threads: Expected int >= 1, not 0"),
        ("[log]\nlevel = 'loud'", "log.level: must be one of debug, info, warning, error, not 'loud'"),
        ("[api]\nlisten = '8780'", "is not HOST:PORT"),
        ("[api]\nlisten = 'a:99999'", "is not HOST:PORT"),
        ("api = 3", "write [api] on a line of its own"),
        ("[api", "is not TOML"),
        ("[[drill.checks]]\nname = 'x'", "needs one of command, tcp and console"),
        ("[[drill.checks]]\nname = 'x'\ntcp = 22", "needs drill.enter"),
        ("[[drill.checks]]\nname = 'x'\nshell = 'y'", "drill.checks"),
        ("[worker]\npoll_seconds = nan", "worker.poll_seconds: Expected float >= 0.01, not nan"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, text, sentence):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("OPENCBR_API_LISTN", "section [api] has no key 'listn'; did you mean listen?"),
        ("OPENCBR_DATABSE_URL", "did you mean OPENCBR_DATABASE_URL?"),
        ("OPENCBR_API_THREADS", "OPENCBR_API_THREADS must be a number, not 'x'"),
    ],
)
def test_a_variable_that_overrides_nothing_is_refused(tmp_path, name, sentence):
    with pytest.raises(ConfigError) as refused:
        load(write(tmp_path, ""), {name: "x"})
    assert sentence in str(refused.value)


def test_the_variables_of_clients_are_not_ours(tmp_path):
    names = ["ENDPOINT", "PROJECT_ID", "AK", "SK", "TOKEN", "BACKUP_ID", "TEST_POSTGRES"]
    load(write(tmp_path, ""), {f"OPENCBR_{name}": "x" for name in names})


def test_a_missing_file_that_was_named_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", {})


def test_what_is_shown_holds_no_password(tmp_path):
    path = write(tmp_path, '[database]\nurl = "postgresql+psycopg://cbr:hushhush@db/cbr"\n')
    assert "hushhush" not in str(shown(load(path, {})))


@given(st.text(), st.text(), st.integers(1), st.lists(st.text(min_size=1), max_size=3))
def test_what_is_written_is_read_back(cloud, region, threads, files):
    wanted = Config(
        api=Api(threads=threads % 2**62 + 1),
        cloud=CloudSettings(cloud=_utf8(cloud), region=_utf8(region), config_files=tuple(map(_utf8, files))),
    )
    import tomllib

    assert msgspec.convert(tomllib.loads(dumps(wanted)), Config) == wanted


def _utf8(text):
    return text.encode(errors="replace").decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:8780", ("::1", 8780)), ("localhost:0", ("localhost", 0))],
)
def test_addresses(text, address):
    assert listen_address(text) == address


@pytest.mark.parametrize("section", SECTIONS)
def test_every_number_has_its_bounds_where_it_stands(section):
    for setting in msgspec.inspect.type_info(SECTIONS[section]).fields:
        if isinstance(setting.type, msgspec.inspect.IntType | msgspec.inspect.FloatType):
            assert setting.type.ge is not None, f"{section}.{setting.name} has no lower bound"
        if isinstance(setting.type, msgspec.inspect.FloatType):
            assert setting.type.le is not None, f"{section}.{setting.name} may be infinite"


def test_the_settings_of_worker_and_cloud_stand_once():
    assert SECTIONS["worker"] is WorkerSettings
    assert SECTIONS["cloud"] is CloudSettings
