"""What tenants write down: secrets are masked whatever they are called, and ordinary things stay readable."""

import json
import re
import time
from pathlib import Path
from re import _parser as regexes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.model import secret_detection as suspicion
from opencbr.model import secret_forms, secret_names
from opencbr.model.field_classes import SECRETS
from opencbr.model.secret_detection import public_keys, secret_text
from opencbr.model.secret_names import secret_name
from opencbr.model.secrets import mask

DATA = Path(__file__).parents[1] / "data" / "openstack"
PUBLIC_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDQpassw0rdKey+key/pw== demo@host"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEr5s2FqUuYHmQvX8pwXkey0TokenPassAbcdEfghI"


def words(text: str) -> list[str]:
    return text.split()


SECRET_NAMES = words("""
    password passwd PASSWORD db_password dbPassword admin-password MYSQL_ROOT_PASSWORD passwd_hash passphrase
    DBPASS db_pass dbPass rootpass PGPASS pass userPass1 mysql_pw MYSQLPW rootPw pw pw2 pwd DBPWD smtp.pwd
    ssh_key sshKey SSHKEY ssh-key-1 encryption_key encryptionKey license-key license_key LicenseKey LICENCEKEY
    private_key api_key apikey API-KEY accessKey access_key_id signing_key aes256_key master_key luks_key deploy_keys
    hmac.key wg-psk psk host_key_pem ssh_key_b64 recovery_key_value key client_secret secret token auth_token
    tokens credential credentials aws_creds cred otp_seed jwt keyring bindpw bind_password max_password
    discovery_auth_password tokenSecrets total_secret adminPassw Passwort db_pswd snmp_community community_string
""")

OPEN_NAMES = words("""
    key_name keyname keypair key_pair keypair_name keypairs public_key ssh_public_key publicKey pubkey ssh_pubkeys
    authorized_keys ssh-authorized-keys known_host_keys monkey donkey turkey monkeys whiskey hotkey sort_key partition_key
    primary_key keyboard keyboard_layout keymap hw_keymap keystone keystone_url key_size key_type key_id keywords
    img_signature_key_type img_signature_hash_method img_signature_certificate_uuid cinder_encryption_key_deletion_policy
    bypass bypass_cache compass passthrough pci_passthrough:alias hw_pci_numa_affinity_policy hw_disk_bus hw_vif_model
    hw_qemu_guest_agent hw_cpu_policy hw_tpm_model hw_firmware_type hw_machine_type hw_rng_model hw_video_model
    os_distro os_version os_type os_admin_user os_require_quiesce min_disk min_ram base_image_ref owner_specified.openstack.md5
    max_tokens maxTokens MAX_TOTAL_TOKENS num_secrets password_policy passwordPolicy PASSWORD_MIN_LENGTH token_ttl
    token_type token-endpoint secret_rotation_days credential_expiry secretary SECRETARY secretariat tokenizer tokenise
    password_enabled key_algorithm RESKEY:availability_zones
    power_policy powered passed passenger Passau owner role env tier cost-centre backup_window app name description
""")

SECRET_TEXTS = [
    "--password=hunter2",
    "mysql --password hunter2",
    "run --db-pass hunter2 now",
    "password=hunter2",
    "password: hunter2",
    "Password = hunter2",
    "the root password: hunter2, please change",
    "DBPASS=hunter2",
    "export PGPASSWORD=hunter2; psql",
    "host=db;user=sa;Password=hunter2;",
    "Server=db;Pwd=hunter2",
    '{"db_password": "hunter2"}',
    "{'passwd': 'hunter2'}",
    '"{\\"password\\": \\"hunter2\\"}"',
    "password => hunter2",
    "password := hunter2",
    "<password>hunter2</password>",
    '<user name="a" password="hunter2"/>',
    "api_key=0123456789",
    "ssh_key: abcdef",
    "license-key: AAAA-BBBB",
    "https://example.org/?user=a&token=abcdef",
    "password=no-way",
    "pw: 12345",
    "Basic dXNlcjpwYXNz",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==",
    "Bearer 0123456789abcdef0123",
    "curl -u admin:hunter2 https://example.org",
    "curl --user=admin:hunter2 https://example.org",
    "sshpass -p hunter2 ssh root@db",
    "postgres://cbr:hunter2@db/cbr",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA",
    "$6$rounds$abcdef",
    "echo root:hunter2 | chpasswd",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "glpat-0123456789abcdefghij",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "gAAAAABm0123456789abcdefghijklmnopqrstuv",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    f"{PUBLIC_KEY}\npassword=hunter2",
    "github_pat_11ABCDEFG0aBcDeFgHiJkL_0123456789abcdefghijABCDEFGHIJ",
    "glrt-0123456789abcdefghij",
    "gldt-0123456789abcdefghij",
    "npm_0123456789abcdefghijABCDEFGHIJ012345",
    "pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3",
    "dckr_pat_0123456789abcdefghijABCDEFG",
    "hvs.CAESIJ0123456789abcdefghijklmnop",
    "sk_live_0123456789abcdefghijABCD",
    "SG.0123456789abcdefghij.0123456789abcdefghijABCDEFGHIJ",
    "xapp-1-A0123456789-0123456789",
    "ya29.a0AfH6SM0123456789abcdefgh",
    "AGE-SECRET-KEY-1QQPQZRFP0123456789ABCDEFGHJ",
    "123456789:AAF0123456789abcdefghijABCDEFGHIJKL",
    "https://api.telegram.org/bot123456789:AAF0123456789abcdefghijABCDEFGHIJKL/sendMessage",
    "https://open.feishu.cn/open-apis/bot/v2/hook/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "hf_abcdefghijABCDEFGHIJ0123456789abcd",
    "glsa_abcdefghijABCDEFGHIJ0123456789ab_0f1e2d3c",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz",
    "https://contoso.webhook.office.com/webhookb2/0a1b2c3d@0a1b/IncomingWebhook/0a1b2c3d4e5f/0a1b",
    "https://chat.example.org/hooks/abcdefghijklmnopqrstuvwxyz",
    "https://b.s3.amazonaws.com/k?X-Amz-Date=20260301T000000Z&X-Amz-Signature=0123456789abcdef",
    "https://storage.googleapis.com/b/k?x-goog-signature=0123456789abcdef",
    "https://obs.example.org/b/k?AWSAccessKeyId=A&Expires=1&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D",
    "https://swift.example.org/v1/AUTH_a/c/o?temp_url_sig=da39a3ee5e6b4b0d3255&temp_url_expires=1",
    "https://a.blob.core.windows.net/c/b?sv=2022-11-02&sp=r&sig=abcdefghijklmnop%3D",
    "SharedAccessSignature=sv=2022-11-02&sig=abcdefghijklmnop%3D",
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none",
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    "-----BEGIN OpenVPN Static key V1-----",
    "machine ftp.example.org login anna password hunter2",
    "machine ftp.example.org\n  login anna\n  password hunter2",
    "default login anonymous password anna",
    "bindpw hunter2",
    "rootpw  {SSHA}abcdefgh",
    "userPassword:: {SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
    "anna:$apr1$ab12cd34$0123456789abcdefghijk.",
    "$7$CU..../....salt$hash",
    'password="&hunter2"',
    """{'password': '=hunter2'}""",
    json.dumps({"a": json.dumps({"b": json.dumps({"password": "hunter2"})})}),
    "password:\n  hunter2",
    "passwords:\n  - hunter2",
    "password: >-\n  hunter2",
    "<db:password>hunter2</db:password>",
    '<password crypt="no">\n  hunter2\n</password>',
    "<password><![CDATA[hunter2]]></password>",
    '<property name="db.password" value="hunter2"/>',
    "- name: DB_PASSWORD\n  value: hunter2",
    json.dumps([{"key": "db_password", "value": "hunter2"}]),
    json.dumps({"auths": {"registry.example.org": {"auth": "dXNlcjpwYXNzd29yZA=="}}}),
    "CREATE USER cbr IDENTIFIED BY 'hunter2'",
    "ALTER USER cbr IDENTIFIED WITH caching_sha2_password BY 'hunter2'",
    "ALTER ROLE cbr WITH PASSWORD 'hunter2'",
    ': PSK "hunter2"',
    "mysql -uroot -phunter2 cbr",
    "mysqldump -phunter2 cbr",
    "echo hunter2 | passwd --stdin root",
    "https://0123456789abcdef0123456789abcdef01234567@git.example.org/a.git",
]

OPEN_TEXTS = [
    "",
    "db1",
    "password",
    "passwordless login",
    "Forgot your password? See the wiki: https://wiki.example.org/password-reset",
    "password reset server",
    "password=",
    "password: true",
    "requires_password=false",
    "password = none",
    "token",
    "key=value",
    "key: value",
    "monkey: business",
    "compass: north",
    "bypass=on",
    "key_name: demo-key",
    "public_key: see the key pair",
    "Basic monitoring of the db",
    "Basic authentication is off",
    "Bearer of bad news, the server is slow",
    "docker run -u 1000:1000 app",
    "2026-03-01T12:00:00Z",
    "http://10.0.0.1:8774/v2.1/servers/0a1b2c3d",
    "https://keystone.example.org:5000/v3?passive=1",
    "fa:16:3e:0a:0b:0c",
    "2001:db8::1",
    "a -> b, x >= y",
    PUBLIC_KEY,
    OTHER_KEY,
    f"{PUBLIC_KEY}\n{OTHER_KEY}\n",
    "Debian GNU/Linux 12 (bookworm)",
    "a turnkey appliance: ready",
    "max_tokens=4096",
    "max_tokens: 4096, token_type: bearer",
    "password_policy: strong",
    "the secretary: Anna",
    "login and password must be changed",
    "virtual machine root password reset",
    "github_pattern, glpath-1, hooks/pre-commit, /hooks/a",
    "https://example.org/?sig=1&signature=none",
    "sigma=0.5 design=flat",
    "sk-ssh-ed25519@openssh.com",
    "RESKEY:availability_zones",
    "the fee is $1$ or {MD5}",
    "password:\n  policy: strong\n  required: true",
    "password:\nname: db1",
    '{"password": "", "role": "db"}',
    '{"password": ""}',
    "connect(password='')",
    "<password></password><has_password>false</has_password>",
    "<password/>",
    "- name: DB_HOST\n  value: db1",
    '<property name="db.password" value=""/>',
    "identified by Anna, see the keynote",
    "mysql -P 3306 and mysql-port -p",
    "auth: 'keystone', tokens are Fernet",
    "ssh://git@git.example.org/a.git",
    "the community of key users",
]


def masked_in(document, body):
    masked = mask(document, json.dumps(body).encode(), lambda _value: "0" * 16)
    return [one.verbatim.decode() for one in masked.splices if one.kind == SECRETS]


def in_free_maps(name, value):
    """A body of each kind that has `name: value` where a tenant may write it."""
    yield "server", {"server": {"id": "s", "metadata": {name: value}}}
    yield "volume", {"volume": {"id": "v", "metadata": {"a": "b", name: value}}}
    yield "volume@newest", {"volume": {"volume_image_metadata": {name: value}}}
    yield "image/1", {"id": "i", name: value}
    yield "server_group", {"properties": {name: value}}


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_is_masked_whatever_it_is_called(name):
    assert secret_name(name)
    for document, body in in_free_maps(name, "hush"):
        assert masked_in(document, body) == ['"hush"'], document


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_ordinary_names_stay(name):
    assert not secret_name(name)
    for document, body in in_free_maps(name, "db-server"):
        assert masked_in(document, body) == [], document


@pytest.mark.parametrize("name", ["ssh_key", "sshKey", "deploy_keys", "key"])
@pytest.mark.parametrize("value", [PUBLIC_KEY, OTHER_KEY, f"{PUBLIC_KEY}\r\n\n{OTHER_KEY}\n"])
def test_a_public_key_is_public_whatever_it_is_called(name, value):
    for document, body in in_free_maps(name, value):
        assert masked_in(document, body) == []


@pytest.mark.parametrize("more", ["\nhush", " and more, ssh", "\n-----BEGIN RSA PRIVATE KEY-----"])
def test_what_is_no_public_key_alone_is_masked(more):
    assert not public_keys(PUBLIC_KEY + more)
    assert masked_in("server", {"server": {"metadata": {"ssh_key": PUBLIC_KEY + more}}})


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_secret_in_a_text_is_masked_wherever_it_stands(text):
    assert secret_text(text)
    shown = json.dumps(text)
    for body in (
        {"server": {"description": text}},
        {"server": {"name": text, "metadata": {"note": text}}},
        {"server": {"tags": ["a", text]}},
        {"security_group": {"security_group_rules": [{"description": text}]}},
    ):
        assert set(masked_in("server", body)) == {shown}


@pytest.mark.parametrize("text", OPEN_TEXTS)
def test_ordinary_texts_stay(text):
    assert not secret_text(text)
    body = {"server": {"name": text, "description": text, "tags": [text], "metadata": {"note": text}}}
    assert masked_in("server", body) == []


ASSIGNED = [name for name in SECRET_NAMES if name.lower() != "key"]


@given(
    st.sampled_from(ASSIGNED),
    st.sampled_from(["=", ":", ": ", " = ", " := ", "=>", " => "]),
    st.sampled_from(["{}", '"{}"', "'{}'"]),
    st.from_regex(r"[A-Za-z0-9!$%/@#*(]{6,20}", fullmatch=True),
    st.sampled_from(["", "see ", "a, ", "x\n", "-", "{"]),
)
def test_every_name_tells_in_every_way_of_writing(name, sign, quotes, value, before):
    assert secret_text(f"{before}{name}{sign}{quotes.format(value)} after")


@given(
    st.sampled_from(OPEN_NAMES),
    st.sampled_from(["=", ": ", " = "]),
    st.from_regex(r"[a-z]{3,12}", fullmatch=True),
)
def test_no_ordinary_name_tells(name, sign, value):
    assert not secret_text(f"{name}{sign}{value}")


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_form_has_one_of_its_marks(text):
    """What the cheap question lets pass would not be found by the dear one."""
    found = secret_forms.FORM.search(text)
    assert found is None or any(mark in found[0].lower() for mark in secret_forms.FORM_MARKS)


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_secret_that_stands_where_a_name_should_is_masked_like_a_value(text):
    for document, body in in_free_maps(text, "shown"):
        assert masked_in(document, body)[0] == json.dumps(text), document


@pytest.mark.parametrize("text", OPEN_TEXTS)
def test_ordinary_names_of_entries_stay(text):
    assert json.dumps(text) not in masked_in("server", {"server": {"metadata": {text: "shown"}}})


def test_nothing_in_the_bodies_of_a_real_cloud_looks_like_a_secret():
    """Names, links, times, ids and a public key: no server of these has user data or a password."""
    paths = sorted(DATA.glob("*.json"))
    assert len(paths) > 30
    for path in paths:
        for kind in ("server", "image", "volume"):
            assert masked_in(kind, json.loads(path.read_text())) == [], path.name


PIECES = [
    *(
        "-eyJ",
        "eyJaaaaaaaa.",
        "-----BEGIN ",
        "://",
        "://a:",
        "a=",
        "aaaaaaaaa=",
        "key=",
        "key",
        "=",
        ":",
        ">",
        "<a>",
    ),
    *(
        "pw = ",
        "--a",
        "--",
        "-u a",
        "Basic AAAAAAAA ",
        "Bearer a",
        "gAAAAA",
        "$6$",
        "password",
        "pass:",
        "\\\"'",
        "A" * 40,
    ),
    *(
        "machine a ",
        "machine a login ",
        "default login ",
        "login a password",
        "bindpw\t",
        "sig=",
        "&sig=",
        "?Signature=",
    ),
    *(
        "X-Amz-Signature=",
        "github_pat_",
        "glpat-",
        "hooks.slack.com/services/",
        "/hooks/a",
        "{SSHA}",
        "{PBKDF2-",
        "SG.a.",
    ),
    *(
        "SG.aaaaaaaaaaaaaaaaa",
        "eyJaaaaaaaa.bbbbbbbb",
        "123456789:AA",
        "gl",
        "sk-",
        "$apr1$",
        "hvs.",
        "PuTTY-User-Key-File-",
    ),
    *("ssh-rsa AAAA", "aA", "a-", "x.", "\t", "pw\t\t\t", "ghp_", "xoxb", "AKIA", "é", "AIza"),
]


def hostile(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length] + " pw $"


def spent(text: str) -> float:
    """Seconds of this thread's processor time, whoever else is busy."""
    begin = time.thread_time()
    secret_text(text)
    public_keys(text)
    return time.thread_time() - begin


def growth(piece: str) -> float:
    """How much longer a text of four times the length takes."""
    return spent(hostile(piece, 40_000)) / max(spent(hostile(piece, 10_000)), 1e-4)


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_texts_take_no_longer_than_their_length(piece):
    """Of what each pattern begins with: four times the text takes four times as long, not sixteen times."""
    # A disturbed measurement is repeated; what is quadratic stays above in each.
    assert any(growth(piece) < 6 for _ in range(3))


def test_in_hostile_texts_the_names_looked_at_are_few_and_short(monkeypatch):
    looked: list[int] = []
    real = suspicion.secret_name
    monkeypatch.setattr(suspicion, "secret_name", lambda name: looked.append(len(name)) or real(name))
    for one in PIECES:
        text = hostile(one, 16_000)
        looked.clear()
        secret_text(text)
        real(text)
        assert sum(looked) <= 64 * len(text), repr(one)


def test_a_flood_of_signs_has_no_names_to_look_at(monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr(suspicion, "_tells", lambda name: bool(looked.append(name)))
    assert not secret_text("key" + "=" * 2_000_000)
    assert looked == ["key"]
    looked.clear()
    assert not secret_text("key" * 500_000 + "=")
    assert looked == [], "no name is so long"


PATTERNS = [
    (name, value)
    for module in (suspicion, secret_forms, secret_names)
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
]


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_no_pattern_has_an_endless_repeat_inside_another(name, pattern):
    def walk(part, inside):
        for kind, what in part:
            repeat = str(kind) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
            endless = repeat and what[1] > 1000
            assert not (endless and inside), name
            for below in flat(what):
                walk(below, inside or endless)

    def flat(what):
        if isinstance(what, regexes.SubPattern):
            yield what
        elif isinstance(what, (tuple, list)):
            for one in what:
                yield from flat(one)

    walk(regexes.parse(pattern.pattern, pattern.flags & ~re.UNICODE), inside=False)
