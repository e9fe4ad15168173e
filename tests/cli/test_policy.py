"""`opencbr policy preview`: as a table and as JSON, for what is no policy yet, and what is wrong is said."""

import json


def test_what_is_no_policy_yet_is_previewed(on_demo):
    (chain,) = json.loads(on_demo("record", "chain", "--json").stdout)["chains"]
    project, backup_id = chain["project_id"], chain["links"][-1]["backup_id"]
    (log, *_) = json.loads(on_demo("operation-logs", "list", "--json", "--project", project).stdout)[
        "operation_logs"
    ]
    asked = ("policy", "preview", "--project", project, "--vault", log["vault_id"])
    done = on_demo(*asked, "--definition", '{"max_backups": 1}', "--json")
    assert done.returncode == 0, done.stderr
    (resource,) = json.loads(done.stdout)["retention_preview"]["resources"]
    assert [row["backup_id"] for row in resource["backups"]] == [backup_id]
    table = on_demo(*asked, "--definition", '{"max_backups": 1}').stdout
    assert "kept because it is number 1 of the 1 newest" in table
    for wrong, word in (('{"max_backups": "x"}', "max_backups"), ("{", "cannot be used")):
        done = on_demo(*asked, "--definition", wrong)
        assert (done.returncode, word in done.stderr) == (1, True)
    done = on_demo("policy", "preview", "--project", project)
    assert (done.returncode, "name a policy" in done.stderr) == (1, True)
