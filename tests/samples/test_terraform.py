"""Terraform's configurations are read by python-hcl2, and by Terraform itself where it is installed."""

import hashlib
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.contract import contract_operations
from opencbr.samples import Call, missing_of, samples_of
from opencbr.samples.terraform import huaweicloud, opentelekomcloud
from opencbr.samples.terraform.blocks import Block
from opencbr.samples.terraform.hcl import Body, block, quoted

from .calls import HOSTILE, call_of, text_in

PROVIDERS = {
    "terraform-huaweicloud": huaweicloud.BLOCKS,
    "terraform-opentelekomcloud": opentelekomcloud.BLOCKS,
}
CASES = [(language, name) for language, blocks in PROVIDERS.items() for name in blocks]

SERVER = {"id": "s-1", "type": "OS::Nova::Server", "extra_info": {"exclude_volumes": ["d-1", "d-2"]}}
DISK = {"id": "d-3", "type": "OS::Cinder::Volume"}
LISTS = {
    "vault.resources": [SERVER, DISK],
    "vault.tags": [{"key": HOSTILE, "value": HOSTILE}],
    "vault.bind_rules.tags": [{"key": "a", "value": "b"}],
    "checkpoint.parameters.resource_details": [{"id": "s-1", "type": "OS::Nova::Server"}],
    "restore.mappings": [{"backup_id": "b", "volume_id": "v"}],
    "agent_status": [{"resource_id": "s-1", "resource_type": "OS::Nova::Server"}],
    "members": ["p-2", "p-3"],
    "add_policy_ids": ["policy-2"],
    "matches": [{"key": "resource_name", "value": HOSTILE}],
    "policy.trigger.properties.pattern": [
        "FREQ=WEEKLY;BYDAY=MO,SU;BYHOUR=14;BYMINUTE=00",
        "FREQ=WEEKLY;BYDAY=MO,SU;BYHOUR=20;BYMINUTE=05",
    ],
} | {
    name: [{"key": HOSTILE, "values": [HOSTILE, ""]}]
    for name in ("tags", "tags_any", "not_tags", "not_tags_any", "sys_tags")
}
NEVER_WITH_THE_REST = "policy.operation_definition.retention_duration_days"
"""Of two arguments of a policy only one may be given."""


def member(body: dict, path: str):
    for part in path.split("."):
        body = body[part]
    return body


def full(name: str, known: Block) -> Call:
    """Return a call with everything that the block has an argument for."""
    whole = call_of(contract_operations()[name], HOSTILE)
    body: dict = {}
    for path in (*known.arguments, *known.lists):
        if (known.type, path) == ("huaweicloud_cbr_policy", NEVER_WITH_THE_REST):
            continue
        if whole.body is None or path.split(".")[0] not in whole.body:
            continue  # of the path or the query
        inner = body
        *outer, last = path.split(".")
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = (
            LISTS.get(path) or member(whole.body, path)[:1]
            if path in known.lists
            else member(whole.body, path)
        )
    query = tuple((key, value) for key, value in dict(whole.query).items() if key in known.arguments)
    own = {"member_id": whole.project_id} if name == "UpdateMemberStatus" else {}
    return replace(
        whole, query=query, body=body if whole.body else None, path_values={**whole.path_values, **own}
    )


@pytest.mark.parametrize(("language", "name"), CASES)
def test_the_block_has_every_argument(language, name):
    known = PROVIDERS[language][name]
    call = full(name, known)
    read = hcl2.loads(text_in(call, language))
    [types] = read[{"data": "data", "resource": "resource"}[known.kind]]
    [(type_, blocks)] = types.items()
    assert type_.strip('"') == known.type
    [made] = [body for key, body in blocks.items() if key.strip('"') == "example"]
    given = {path for name, path in known.arguments.items() if name != NEVER_WITH_THE_REST or "." in path}
    assert {path.split(".")[0] for path in given} <= made.keys()
    assert len(made.keys() - {"__is_block__"}) >= len({path.split(".")[0] for path in given})


CONTRACT = (Path(__file__).parents[2] / "docs/contract/clients.md").read_text()
FACTS = {
    operation: {"terraform-huaweicloud": vendor, "terraform-opentelekomcloud": otc}
    for operation, vendor, otc in re.findall(r"^\| (\w+) \| (.*?) ?\| (.*?) ?\|$", CONTRACT, re.MULTILINE)
    if operation in contract_operations()
}
"""Contract 10.3: what each provider sends."""


@pytest.mark.parametrize("language", PROVIDERS)
@pytest.mark.parametrize("operation", contract_operations())
def test_a_provider_has_what_the_contract_knows_of(language, operation):
    fact = FACTS.get(operation, {}).get(language, "")
    if found := re.fullmatch(r"(data )?`(\w+)`", fact):
        known = PROVIDERS[language][operation]
        assert known.kind == ("data" if found[1] else "resource")
        assert known.type == f"{language.removeprefix('terraform-')}_cbr_{found[2]}"
        text_in(full(operation, known), language)
        return
    reason = called(operation)[language]
    if found := re.fullmatch(r"with (\w+)", fact):
        assert f"sends this by itself when {PROVIDERS[language][found[1]].type}" in reason
    else:
        assert fact == ""
        assert "neither a data source nor a resource" in reason


POLICY = {
    "name": "n",
    "operation_type": "backup",
    "operation_definition": {"max_backups": 5},
    "trigger": {"properties": {"pattern": ["FREQ=DAILY;INTERVAL=2;BYHOUR=01;BYMINUTE=30"]}},
}


def policy(*patterns: str, **kept) -> str:
    trigger = {"trigger": {"properties": {"pattern": list(patterns)}}} if patterns else {}
    body = {"policy": POLICY | {"operation_definition": POLICY["operation_definition"] | kept} | trigger}
    return called("CreatePolicy", body=body)["terraform-huaweicloud"]


def test_a_policy_s_schedule_is_the_provider_s():
    assert re.search(r'interval        = 2\n    execution_times = \["01:30"\]', policy())
    for pattern in (
        "FREQ=DAILY;INTERVAL=2;BYHOUR=1;BYMINUTE=30",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=01;BYMINUTE=30",
    ):
        assert "one interval or one set of days" in policy(pattern)
    weekly = "FREQ=WEEKLY;BYDAY=MO;BYHOUR=01;BYMINUTE=30"
    assert "one interval or one set of days" in policy(weekly, weekly.replace("MO", "TU"))


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        ({"retention_duration_days": 3}, "either backup_quantity or time_period"),
        ({"day_backups": 3}, "long_term_retention, time_zone and backup_quantity"),
        ({"timezone": "UTC+08:00"}, "long_term_retention, time_zone and backup_quantity"),
        ({"destination_region": "r"}, "project and region together"),
    ],
)
def test_what_the_provider_would_not_send_of_a_policy_has_a_reason(kept, reason):
    assert reason in policy(**kept)


def test_a_share_is_accepted_for_one_s_own_project():
    body = {"status": "accepted", "vault_id": "v"}
    assert "project that it signs in to" in called("UpdateMemberStatus", body=body)["terraform-huaweicloud"]
    two = {"sync": [{"backup_id": "a"}, {"backup_id": "b"}]}
    assert "one backup a resource" in called("ImportBackup", body=two | {})["terraform-huaweicloud"]


def test_what_is_bound_to_a_vault():
    text = text_in(full("CreateVault", huaweicloud.BLOCKS["CreateVault"]), "terraform-huaweicloud")
    assert re.search(r'resources \{\n    server_id = "s-1"\n    excludes  = \["d-1", "d-2"\]\n  \}', text)
    assert re.search(r'resources \{\n    includes = \["d-3"\]\n  \}', text)


@pytest.mark.parametrize("language", PROVIDERS)
def test_what_terraform_has_no_block_for_has_no_sample(language):
    known = contract_operations()
    made = {
        name
        for name, operation in known.items()
        for sample in samples_of(replace(call_of(operation), query=(), body=None))
        if sample.language == language
    }
    assert made <= PROVIDERS[language].keys() <= known.keys()


def called(name: str, query=(), body=None) -> dict[str, str]:
    """Return for each provider its sample, or the reason why there is none."""
    call = replace(call_of(contract_operations()[name]), query=query, body=body)
    made = {sample.language: sample.text for sample in samples_of(call)}
    return {one.language: one.reason for one in missing_of(call)} | made


@pytest.mark.parametrize("language", PROVIDERS)
def test_a_data_source_reads_all_pages_whatever_the_size_of_one(language):
    assert "data " in called("ListBackups", (("limit", 5),))[language]
    assert "no argument for offset" in called("ListBackups", (("offset", 5),))[language]


def test_a_resource_without_what_its_provider_wants_has_a_reason():
    checkpoint = {"checkpoint": {"vault_id": "v", "parameters": {"name": "n"}}}
    said = called("CreateCheckpoint", body=checkpoint)
    assert "wants checkpoint.parameters.resource_details too" in said["terraform-huaweicloud"]
    vault = {
        "vault": {"name": "n", "billing": {"size": 10, "object_type": "turbo", "protect_type": "backup"}}
    }
    assert "resource " in called("CreateVault", body=vault)["terraform-huaweicloud"]
    vault["vault"]["resources"] = [{"id": "a", "type": "OS::Sfs::Turbo"}]
    assert "servers with excluded disks" in called("CreateVault", body=vault)["terraform-huaweicloud"]
    assert "OS::Sfs::Turbo" in called("CreateVault", body=vault)["terraform-opentelekomcloud"]


def test_terraform_itself_would_write_it_so(tmp_path: Path):
    """`terraform fmt` parses every configuration and has nothing to change in it."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not installed")
    for language, name in CASES:
        text = text_in(full(name, PROVIDERS[language][name]), language)
        (tmp_path / f"{language}-{name}.tf").write_text(text)
    done = subprocess.run(
        [terraform, "fmt", "-check", "-diff", "-no-color", tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_terraform_itself_reads_the_texts(tmp_path: Path):
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not installed")
    texts = [
        HOSTILE,
        "${a} %{if} $${b} %%{c} $$$",
        'line\nbreak\ttab\r\x1b\u202e "q" \\',
        "$",
        "%",
        "{",
        "${",
        "%{",
    ]

    @settings(max_examples=5)
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=20))
    def reads(more):
        lines = "".join(f"  value{number} = {quoted(text)}\n" for number, text in enumerate([*texts, *more]))
        (tmp_path / "main.tf").write_text(f"locals {{\n{lines}}}\n")
        digests = ", ".join(f"sha256(local.value{number})" for number in range(len(texts) + len(more)))
        asked = f'join(" ", [{digests}])\n'
        done = subprocess.run(
            [terraform, "console"], cwd=tmp_path, input=asked, check=True, capture_output=True, text=True
        )
        assert done.stdout.strip().strip('"').split() == [digest(text) for text in [*texts, *more]]

    reads()


def digest(text: str) -> str:
    """Terraform normalizes every text."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


@settings(max_examples=30)  # python-hcl2 is slow
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_literal_stays_in_its_quotes(text):
    written = quoted(text)
    assert written.isprintable()
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', written)
    assert not re.search(r"(?<![$])(?:[$][$])*[$]\{", written)
    read = hcl2.loads(block("locals", Body({"value": text})))
    assert list(read) == ["locals"]
