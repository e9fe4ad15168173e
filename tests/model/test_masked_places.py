"""Every place where OpenStack's bodies hold what is not for everybody, and what stands in clear beside it."""

import json

import pytest

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.secrets import MASKED, mask, reveal

CANARY = "canary-7Qx9"
SECRET_NAMES = [
    "OS-EXT-SRV-ATTR:user_data",
    "user_data",
    "adminPass",
    "admin_pass",
    "adminPassword",
    "admin_password",
    "password",
    "private_key",
    "auth_key",
    "auth_password",
    "secret",
    "secret_key",
    "personality",
    "keyring",
]
INFRASTRUCTURE_NAMES = [
    "OS-EXT-SRV-ATTR:host",
    "OS-EXT-SRV-ATTR:hypervisor_hostname",
    "OS-EXT-SRV-ATTR:instance_name",
    "binding:host_id",
    "binding:profile",
    "binding:vif_details",
    "os-vol-host-attr:host",
    "host_name",
    "cluster_name",
    "encryption_key_id",
    "cinder_encryption_key_id",
    "qos_specs_id",
    "direct_url",
    "locations",
    "backup_url",
    "provider:network_type",
    "provider:physical_network",
    "provider:segmentation_id",
    "os-vol-mig-status-attr:migstat",
    "host_status",
    "binding:vif_type",
    "resource_request",
    "segment_id",
    "migration_status",
    "provider_id",
    "service_uuid",
    "connection_info",
]
SUSPICIOUS_NAMES = [
    "password",
    "DB_PASSWORD",
    "dbPasswd",
    "passphrase",
    "client_secret",
    "auth-token",
    "accessToken",
    "credentials",
    "api_key",
    "API-KEY",
    "access.key",
    "signingkey",
    "db_pass",
    "pwd",
    "wifi-psk",
    "pass1",
]
INNOCENT_NAMES = [
    *("max_tokens", "password_policy", "secretary"),
    "compass",
    "bypass",
    "role",
    "keyboard",
    "pwdx",
    "key_name",
]
SUSPICIOUS_VALUES = [
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----{CANARY}",
    f"echo root:{CANARY} | chpasswd",
    f"$6$rounds=5000$salt${CANARY}",
    f"$2y$10${CANARY}",
    f"$argon2id$v=19${CANARY}",
    f"mysql://root:{CANARY}@db.example.org/app",
    f"see https://user:{CANARY}@[::1]:8443/x",
    f"https://:{CANARY}@example.org",
    f"AKIA0123456789ABCDEF {CANARY}",
    f"ghp_{'a' * 36} {CANARY}",
    f"xoxb-1 {CANARY}",
    f"eyJhbGciOiJI.eyJzdWIiOiIx.{CANARY}",
]
INNOCENT_VALUES = [
    "https://example.org:8443/path",
    "http://example.org/a:b@c",
    "ssh-rsa AAAAB3 user@host",
    "-----BEGIN CERTIFICATE-----",
    "costs $5 a day",
    "2026-11-24T01:42:15Z",
    "fa:16:3e:cc:cb:61",
]
# A secret as a string, inside an object, inside an array, and as what is not text.
HOLDERS = [CANARY, {"deep": {"x": [CANARY]}}, [{"path": "/x", "contents": CANARY}], [[CANARY]]]


def kinds(document, body):
    """The classes masked in a body; nothing of a planted canary may be left, and everything comes back."""
    text = json.dumps(body).encode()
    masked = mask(document, text, lambda _: "0" * 16)
    assert not (masked.kinds and CANARY.encode() in masked.body)
    assert reveal(masked.body, masked.splices, masked.kinds) == text
    return masked.kinds


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_name_hides_its_value_at_any_depth_of_any_document(name, holder):
    for body in ({name: holder}, {"server": {"a": [{name: holder}]}}):
        assert kinds("server", body) == {SECRETS}
        assert kinds("nobody-knows-it/1", body) == {SECRETS}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("name", INFRASTRUCTURE_NAMES)
def test_so_does_an_infrastructure_name(name, holder):
    assert kinds("port/1", {"port": {name: holder}}) == {INFRASTRUCTURE}


@pytest.mark.parametrize("free", ["metadata", "volume_image_metadata", "image_metadata", "properties"])
@pytest.mark.parametrize("name", SUSPICIOUS_NAMES)
def test_what_a_tenant_named_like_a_secret_is_hidden_in_free_maps_and_images(name, free):
    assert kinds("volume/1", {"volume": {free: {"role": "db", name: CANARY}}}) == {SECRETS}
    assert kinds("image/1", {"id": "i", name: CANARY}) == {SECRETS}


@pytest.mark.parametrize("name", SUSPICIOUS_NAMES)
def test_key_material_is_hidden_wherever_a_service_has_put_it(name):
    for document in ("server", "port/1", "nobody-knows-it/1"):
        assert kinds(document, {"thing": {"driver_info": [{"a": {name: CANARY}}]}}) == {SECRETS}


@pytest.mark.parametrize("name", INFRASTRUCTURE_NAMES)
@pytest.mark.parametrize("free", ["metadata", "volume_image_metadata", "image_metadata", "properties"])
def test_what_a_tenant_called_so_is_the_tenants(name, free):
    assert kinds("volume/1", {"volume": {free: {name: CANARY}}}) == MASKED


@pytest.mark.parametrize(("inside", "name"), [("fault", "details"), ("port", "hints")])
def test_a_name_that_is_everybodys_word_is_judged_with_where_it_stands(inside, name):
    assert kinds("server", {"server": {inside: {name: CANARY}}}) == {INFRASTRUCTURE}
    assert kinds("server", {"server": {"other": {name: CANARY}}}) == MASKED


@pytest.mark.parametrize("document", ["encryption/1", "qos_specs/1", "export/1"])
def test_of_what_no_tenant_is_given_every_value_is_infrastructure(document):
    assert kinds(document, {"thing": {"specs": {"a": CANARY, "b": [7]}}, "c": CANARY}) == {INFRASTRUCTURE}
    assert kinds(document, {"thing": {}, "specs": [], "c": None}) == MASKED


SHOWN_MACHINES = {
    "locations": [{"url": "swift+https://storage.example.org/c", "metadata": {"password": CANARY}}],
    "connection_info": {"driver_volume_type": "iscsi", "data": {"auth_password": CANARY, "target_lun": 1}},
    "binding:profile": {"hosts": ["10.0.0.1"], "keys": {"api_token": CANARY}},
}


@pytest.mark.parametrize("name", SHOWN_MACHINES)
def test_who_may_see_machines_does_not_see_the_secrets_among_them(name):
    text = json.dumps({"thing": {name: SHOWN_MACHINES[name]}}).encode()
    masked = mask("port/1", text, lambda _: "0" * 16)
    assert masked.kinds == {SECRETS, INFRASTRUCTURE}
    assert CANARY.encode() not in reveal(masked.body, masked.splices, frozenset({INFRASTRUCTURE}))
    shown = json.loads(reveal(masked.body, masked.splices, frozenset({SECRETS})))
    assert CANARY in json.dumps(shown)
    leaves = [SHOWN_MACHINES[name][0]["url"]] if name == "locations" else ["iscsi", "10.0.0.1"]
    assert not any(leaf in json.dumps(shown) for leaf in leaves)
    assert reveal(masked.body, masked.splices, masked.kinds) == text


@pytest.mark.parametrize(
    "option",
    [
        {"opt_name": "tftp-password", "opt_value": CANARY, "ip_version": 4},
        {"opt_value": CANARY, "ip_version": 4, "opt_name": "tftp-password"},
        {"name": "DB_PASS", "value": CANARY},
        {"key": "api_key", "value": [CANARY]},
    ],
)
def test_an_option_is_judged_by_the_name_beside_it(option):
    assert kinds(
        "port/1", {"port": {"extra_dhcp_opts": [{"opt_name": "mtu", "opt_value": "9000"}, option]}}
    ) == {SECRETS}


def test_other_options_stay():
    options = [
        {"opt_name": "bootfile-name", "opt_value": CANARY},
        {"opt_name": "bypass", "opt_value": CANARY},
    ]
    assert kinds("port/1", {"port": {"extra_dhcp_opts": options}}) == MASKED


def test_a_secret_where_a_name_should_stand_is_hidden_and_comes_back():
    name = f"ghp_{'a' * 36} {CANARY}"
    assert kinds("server", {"server": {"metadata": {name: "x", "b": "c"}}}) == {SECRETS}
    assert kinds("nobody-knows-it/1", [{name: {"b": None}}]) == {SECRETS}


@pytest.mark.parametrize("name", INNOCENT_NAMES)
def test_an_innocent_name_hides_nothing(name):
    assert kinds("server", {"server": {"metadata": {name: CANARY}}}) == MASKED


@pytest.mark.parametrize("value", SUSPICIOUS_VALUES)
def test_text_that_looks_like_a_secret_is_hidden_wherever_it_stands(value):
    assert kinds("server", {"server": {"description": value}}) == {SECRETS}
    assert kinds("network/1", {"network": {"tags": ["a", value]}}) == {SECRETS}


@pytest.mark.parametrize("value", INNOCENT_VALUES)
def test_innocent_text_stays(value):
    assert kinds("server", {"server": {"description": value, "metadata": {"note": value}}}) == MASKED


def test_extra_specs_of_a_volume_type_name_back_ends_and_three_do_not():
    specs = {"multiattach": "<is> True", "RESKEY:availability_zones": "nova", "replication_enabled": "x"}
    assert kinds("volume_type/1", {"volume_type": {"extra_specs": specs}}) == MASKED
    assert kinds("volume_type/1", {"volume_type": {"extra_specs": specs | {"backend": CANARY}}}) == {
        INFRASTRUCTURE
    }
    assert kinds("flavor", {"flavor": {"extra_specs": {"hw:cpu": CANARY}}}) == MASKED


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_is_hidden_where_there_is_nothing(nothing):
    names = [*SECRET_NAMES, *INFRASTRUCTURE_NAMES]
    assert kinds("server", {"server": dict.fromkeys(names, nothing)}) == MASKED


@pytest.mark.parametrize("falsy", [0, False])
def test_a_number_or_a_no_is_something(falsy):
    assert kinds("network/1", {"provider:segmentation_id": falsy}) == {INFRASTRUCTURE}


def test_escapes_and_doubled_members_hide_no_secret():
    text = rb'{"pass\u0077ord" : "canary-7Qx9", "password":"\u0063anary-7Qx9" ,"password":1}'
    masked = mask("server", text, lambda _: "0" * 16)
    assert len(masked.splices) == 3
    assert b"anary" not in masked.body
