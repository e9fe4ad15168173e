"""What the cloud says about a failure goes to users and logs: without the secrets that it may quote."""

import json

import pytest

from opencbr.cloud.answer import fault_sentence
from opencbr.cloud.objects import backup_of

SAID = [
    ("rbd: command failed: rbd export --id cinder --password=hunter2", "hunter2"),
    ("cannot log in to https://admin:hunter2@nas.example.org/share", "hunter2"),
    ("the token gAAAAABlZ" + "x" * 100 + " was refused", "x" * 40),
]


@pytest.mark.parametrize(("words", "secret"), SAID)
def test_a_fault_is_told_without_what_it_quotes(words, secret):
    sentence = fault_sentence(json.dumps({"badRequest": {"message": words}}).encode())
    assert secret not in sentence
    assert "(hidden)" in sentence
    assert sentence[:3] == words[:3]


@pytest.mark.parametrize(("words", "secret"), SAID)
def test_the_reason_of_a_failed_backup_too(words, secret):
    body = {"id": "b", "volume_id": "v", "status": "error", "fail_reason": words}
    assert secret not in backup_of(body, None).fail_reason
    assert backup_of(body | {"fail_reason": None}, None).fail_reason == ""


def test_a_sentence_of_any_length_is_cut():
    sentence = fault_sentence(json.dumps({"badRequest": {"message": "a b " * 100_000}}).encode())
    assert len(sentence) <= 300
