"""The form of a policy: made, changed, previewed, refused at its field; and a vault is given it, or it is taken away."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from api.api_server import ApiServer
from api.protected_cloud import new_vault
from api.test_drill_policies import listed
from api.test_policies import new_policy, room, shown
from api.test_retention import Scene
from opencbr.console.policy_form.refusal import field_of
from opencbr.console.policy_form.times import Times, times_of

from .browser import Browser, message

NEW = "/console/policies/new"


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def told(answer: requests.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def entered(text: str) -> dict[str, Any]:
    """Read what a form would send as it stands, the first value of each field; days are all of them."""
    form = text[text.index('<form id="policy"') :]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        kind, name, value = (
            re.search(rf'\b{attribute}="([^"]*)"', tag) for attribute in ("type", "name", "value")
        )
        if name and not (kind and kind[1] in {"radio", "checkbox"} and "checked" not in tag):
            given = html.unescape(value[1]) if value else ""
            fields[name[1]] = [*fields.get("days", []), given] if name[1] == "days" else given
    for name, text_ in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)<', form):
        fields[name] = html.unescape(text_)
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        fields[name] = (chosen[1] or chosen[2]) if chosen else ""
    del fields["csrf_token"]
    return fields


def sent(browser: Browser, path: str, **changes: Any) -> requests.Response:
    """Fill the form in and send it, as a browser without scripts does."""
    return browser.post(path, path, **(entered(browser.get(path).text) | changes))


def made(cbr: ApiServer, answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 303, told(answer)
    return shown(cbr, answer.headers["Location"].rpartition("/")[2])


def test_a_policy_is_made_as_it_was_entered(cbr: ApiServer, browser: Browser):
    policy = made(
        cbr,
        sent(
            browser,
            NEW,
            name="web-daily",
            at="2:30, 14:00",
            time_zone="Europe/Berlin",
            start_window_minutes="90",
            week_backups="4",
            timezone="UTC+01:00",
            full_backup_interval="7",
        ),
    )
    properties = policy["trigger"]["properties"]
    assert properties["pattern"] == [
        "FREQ=DAILY;BYHOUR=02;BYMINUTE=30",
        "FREQ=DAILY;BYHOUR=14;BYMINUTE=00",
    ]
    assert (properties["time_zone"], properties["start_window_minutes"]) == ("Europe/Berlin", 90)
    assert policy["operation_definition"] == {
        "max_backups": 14,
        "week_backups": 4,
        "timezone": "UTC+01:00",
        "full_backup_interval": 7,
    }
    assert (policy["name"], policy["enabled"]) == ("web-daily", True)


@pytest.mark.parametrize(
    ("entries", "patterns"),
    [
        (
            {"times": "weekly", "days": ["SA", "SU"], "at": "23:05"},
            ["FREQ=WEEKLY;BYDAY=SA,SU;BYHOUR=23;BYMINUTE=05"],
        ),
        ({"times": "hourly", "hours": "8", "minute": "15"}, ["FREQ=DAILY;BYHOUR=00,08,16;BYMINUTE=15"]),
        (
            {"times": "patterns", "patterns": "FREQ=DAILY;INTERVAL=2;BYHOUR=2;BYMINUTE=30;\r\n\r\n"},
            ["FREQ=DAILY;INTERVAL=2;BYHOUR=2;BYMINUTE=30;"],
        ),
    ],
    ids=["weekly", "hourly", "patterns"],
)
def test_times_of_each_kind_and_back(
    cbr: ApiServer, browser: Browser, entries: dict[str, Any], patterns: list[str]
):
    policy = made(cbr, sent(browser, NEW, name="p", keeps="all", **entries))
    assert policy["trigger"]["properties"]["pattern"] == patterns
    assert policy["operation_definition"] == {}
    again = entered(browser.get(f"/console/policies/{policy['id']}/edit").text)
    assert {name: again[name] for name in entries} == entries | (
        {"patterns": patterns[0]} if "patterns" in entries else {}
    )


def told_at(answer: Any, field: str, words: str) -> None:
    """See that a form was refused, with these words at its field and a link to that."""
    assert answer.status_code == 400, answer.text
    found = re.search(rf'<span class="wrong" id="{field}-wrong">([^<]*)</span>', answer.text)
    assert found, answer.text
    assert words in html.unescape(found[1])
    assert f'<a href="#{field}">' in answer.text


@pytest.mark.parametrize(
    ("entries", "field", "words"),
    [
        ({"name": "a b"}, "name", "its characters or its length are not allowed"),
        ({"at": "25:00"}, "times", "BYHOUR of the pattern"),
        ({"at": "half past two"}, "times", "BYHOUR of the pattern"),
        ({"times": "weekly", "days": []}, "times", "needs BYDAY"),
        ({"times": "patterns", "patterns": "every <b>night"}, "times", "is not known"),
        ({"times": "patterns", "patterns": ""}, "times", "at least 1 entries"),
        ({"time_zone": "Middle/Earth"}, "time_zone", "is no time zone"),
        ({"start_window_minutes": "59"}, "start_window_minutes", ">= 60"),
        ({"max_backups": "many"}, "max_backups", "expected a whole number"),
        ({"max_backups": "0"}, "max_backups", "would keep no backup"),
        (
            {"keeps": "days", "retention_duration_days": "0"},
            "retention_duration_days",
            "would keep no backup",
        ),
        ({"day_backups": "7"}, "day_backups", "it needs timezone"),
        ({"year_backups": "7", "timezone": "Berlin"}, "timezone", "at least 9"),
        ({"full_backup_interval": "101"}, "full_backup_interval", "<= 100"),
    ],
)
def test_what_is_refused_stands_at_its_field_and_what_was_entered_stays(
    cbr: ApiServer, browser: Browser, entries: dict[str, Any], field: str, words: str
):
    answer = sent(browser, NEW, **({"name": "kept"} | entries))
    told_at(answer, field, words)
    assert f'aria-describedby="{field}-wrong' in answer.text
    again = entered(answer.text)
    assert {name: again.get(name, []) for name in entries} == entries
    assert cbr.call("GET", "policies").json()["count"] == 0


def test_the_33rd_policy_is_refused_above_the_form(cbr: ApiServer, browser: Browser):
    for _ in range(32):
        new_policy(cbr)
    refused = sent(browser, NEW, name="one-more")
    assert refused.status_code in {400, 409}
    assert "has 32 policies of this type already" in message(refused)


def test_what_nobody_has_touched_stays_byte_for_byte_trap_t14(cbr: ApiServer, browser: Browser):
    patterns = [
        "FREQ=WEEKLY;BYHOUR=2;BYMINUTE=0;BYDAY=MO,TU;",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYMINUTE=30;BYHOUR=14",
    ]
    kept = {"max_backups": 5, "retention_duration_days": -1, "day_backups": 0}
    policy = new_policy(cbr, *patterns, operation_definition=kept)
    form = f"/console/policies/{policy['id']}/edit"
    fields = entered(browser.get(form).text)
    assert (fields["times"], fields["at"], fields["days"]) == ("weekly", "02:00, 14:30", ["MO", "TU"])
    changed = sent(browser, form, name="renamed", time_zone="Asia/Tokyo")
    assert changed.headers["Location"] == f"/console/policies/{policy['id']}"
    after = shown(cbr, policy["id"])
    assert (after["name"], after["trigger"]["properties"]["time_zone"]) == ("renamed", "Asia/Tokyo")
    assert after["trigger"]["properties"]["pattern"] == patterns
    assert after["operation_definition"] == kept
    assert sent(browser, form, time_zone="").status_code == 303
    assert shown(cbr, policy["id"])["trigger"]["properties"]["time_zone"] is None


def test_changed_retention_is_shown_before_it_is_saved(cbr: ApiServer, browser: Browser):
    scene = Scene(cbr, 3, max_backups=5)
    form = f"/console/policies/{scene.policy['id']}/edit"
    looked = sent(browser, form, max_backups="1")
    assert looked.status_code == 200
    assert "Nothing is saved yet" in told(looked)
    assert "1 kept, 2 to go" in told(looked)
    assert f'href="/console/backups/{scene.made[3].id}"' in looked.text
    assert shown(cbr, scene.policy["id"])["operation_definition"] == {"max_backups": 5}
    # Another retention than the one that was seen is shown again.
    again = browser.post(form, form, **entered(looked.text) | {"max_backups": "2"})
    assert "2 kept, 1 to go" in told(again)
    assert browser.post(form, form, **entered(again.text)).status_code == 303
    assert shown(cbr, scene.policy["id"])["operation_definition"] == {"max_backups": 2}
    assert "When it would run" in told(again)
    assert again.text.count('<span class="run">') >= 28
    assert "BYHOUR of the pattern" in told(sent(browser, form, at="26:00", preview="yes"))
    refused = sent(browser, form, max_backups="0", preview="yes")
    assert 'id="max_backups-wrong"' in refused.text


def test_a_new_policy_is_previewed_on_a_vault(cbr: ApiServer, browser: Browser):
    scene = Scene(cbr, 3, max_backups=5)
    looked = sent(browser, NEW, name="p", max_backups="2", vault_id=scene.vault.id, preview="yes")
    assert "2 kept, 1 to go" in told(looked)
    assert "it needs" not in told(looked)
    assert cbr.call("GET", "policies").json()["count"] == 1
    assert made(cbr, browser.post(NEW, NEW, **entered(looked.text)))["name"] == "p"


def test_a_policy_is_disabled_enabled_and_deleted_once_that_was_said_again(cbr: ApiServer, browser: Browser):
    policy = new_policy(cbr, name="old")
    page = f"/console/policies/{policy['id']}"
    new_vault(cbr, name="alone", backup_policy_id=policy["id"])
    for enabled in ("false", "true"):
        assert f'name="enabled" value="{enabled}"' in browser.get(page).text
        assert browser.post(f"{page}/enabled", page, enabled=enabled).status_code == 303
        assert shown(cbr, policy["id"])["enabled"] is (enabled == "true")
    asked = browser.get(f"{page}/delete")
    assert "Without a policy is then: alone" in told(asked)
    assert browser.post(f"{page}/delete", f"{page}/delete").headers["Location"] == "/console/policies"
    assert browser.get(page).status_code == 404
    assert browser.get(f"{page}/delete").status_code == 404


def test_a_policy_that_a_locked_vault_has_stays(cbr: ApiServer, browser: Browser):
    policy = new_policy(cbr)
    vault = new_vault(cbr, backup_policy_id=policy["id"])["id"]
    assert cbr.call("PUT", f"vaults/{vault}", {"vault": {"locked": True}}).status_code == 200
    page = f"/console/policies/{policy['id']}"
    refused = browser.post(f"{page}/delete", f"{page}/delete")
    assert refused.status_code in {400, 409}
    assert "The locked vault" in message(refused)
    for path, fields in (
        (f"{page}/vaults", {"vault_id": vault}),
        (f"/console/vaults/{vault}/policy", {"policy_id": policy["id"]}),
    ):
        refused = browser.post(path, page, take="yes", **fields)
        assert "is locked" in message(refused)


def test_a_vault_is_given_a_policy_and_it_is_taken_away_from_both_pages(cbr: ApiServer, browser: Browser):
    one, other = new_policy(cbr, name="one")["id"], new_policy(cbr, name="other")["id"]
    vault = new_vault(cbr, name="given")["id"]
    form = f"/console/vaults/{vault}/policy"

    def has() -> list[str]:
        found = cbr.call("GET", f"policies?vault_id={vault}").json()["policies"]
        return [row["id"] for row in found]

    assert "It has none: nothing is backed up by itself." in told(browser.get(form))
    assert browser.post(form, form, policy_id=one).headers["Location"] == f"/console/vaults/{vault}"
    assert has() == [one]
    page = f"/console/policies/{other}"
    assert f'<option value="{vault}">given' in browser.get(page).text
    assert browser.post(f"{page}/vaults", page, vault_id=vault).headers["Location"] == page
    assert has() == [other]
    assert browser.post(f"{page}/vaults", page, vault_id=vault, take="yes").status_code == 303
    assert has() == []
    assert browser.post(form, form, policy_id=one).status_code == 303
    assert browser.post(form, form, policy_id=one, take="yes").status_code == 303
    assert has() == []
    assert browser.post(form, form, policy_id="nonsense").status_code == 404


def test_another_project_s_policy_and_vault_are_nowhere(cbr: ApiServer, browser: Browser):
    foreign, own = new_policy(cbr, account="other")["id"], new_policy(cbr)["id"]
    vault = cbr.vault("other").id
    page = f"/console/policies/{own}"
    for path in (
        f"/console/policies/{foreign}/edit",
        f"/console/policies/{foreign}/delete",
        f"/console/vaults/{vault}/policy",
    ):
        assert browser.get(path).status_code == 404
        assert browser.post(path, page, policy_id=own).status_code == 404
    assert browser.post(f"/console/policies/{foreign}/enabled", page, enabled="false").status_code == 404
    assert browser.post(f"{page}/vaults", page, vault_id=vault).status_code == 404
    assert cbr.call("GET", f"policies/{foreign}", account="other").json()["policy"]["enabled"] is True


def test_a_form_of_elsewhere_changes_nothing(cbr: ApiServer, browser: Browser):
    policy = new_policy(cbr)["id"]
    for path in (
        NEW,
        *(f"/console/policies/{policy}/{act}" for act in ("edit", "enabled", "delete", "vaults", "runs")),
    ):
        answer = browser.session.post(
            browser.url + path, data={"name": "forged"}, allow_redirects=False, timeout=60
        )
        assert answer.status_code == 403, path
    assert [one["id"] for one in cbr.call("GET", "policies").json()["policies"]] == [policy]


@pytest.mark.parametrize(
    "patterns",
    [
        ["FREQ=DAILY;BYDAY=MO,FR;BYHOUR=02;BYMINUTE=30"],
        ["FREQ=DAILY;INTERVAL=2;BYHOUR=02;BYMINUTE=30"],
        ["FREQ=DAILY;BYHOUR=02;BYMINUTE=30", "FREQ=WEEKLY;BYDAY=SA;BYHOUR=22;BYMINUTE=00"],
    ],
)
def test_what_is_neither_daily_nor_weekly_is_entered_as_patterns(patterns: list[str]):
    assert times_of(patterns) == Times(times="patterns", patterns="\n".join(patterns))
    assert times_of(patterns).wanted() == patterns


DRILLS = f"{NEW}?operation_type=drill"


def test_a_policy_of_drills_is_made_and_changed_by_the_same_form(cbr: ApiServer, browser: Browser):
    begun = entered(browser.get(DRILLS).text)
    assert (begun["operation_type"], begun["times"], begun["days"]) == ("drill", "weekly", ["SU"])
    policy = made(cbr, sent(browser, DRILLS, name="weekly", drill_sample="3", time_zone="Europe/Berlin"))
    assert (policy["operation_type"], policy["operation_definition"]) == ("drill", {"drill_sample": 3})
    properties = policy["trigger"]["properties"]
    assert properties["pattern"] == ["FREQ=WEEKLY;BYDAY=SU;BYHOUR=03;BYMINUTE=00"]
    assert properties["time_zone"] == "Europe/Berlin"

    page = f"/console/policies/{policy['id']}"
    form = browser.get(f"{page}/edit").text
    assert f'href="{page}/edit"' in browser.get(page).text
    fields = entered(form)
    assert fields["drill_sample"] == "3"
    assert {"operation_type", "max_backups", "keeps", "full_backup_interval"} & fields.keys() == set()
    # What a drill tries is no retention: it is saved at once, also where a vault has it.
    vault = new_vault(cbr)["id"]
    assert browser.post(f"{page}/vaults", page, vault_id=vault).headers["Location"] == page
    changed = sent(browser, f"{page}/edit", drill_sample="", at="04:30", operation_type="backup")
    assert changed.headers["Location"] == page
    after = shown(cbr, policy["id"])
    assert (after["operation_type"], after["operation_definition"]) == ("drill", {})
    assert after["trigger"]["properties"]["pattern"] == ["FREQ=WEEKLY;BYDAY=SU;BYHOUR=04;BYMINUTE=30"]


def test_of_a_new_policy_only_the_fields_of_its_kind_count(cbr: ApiServer, browser: Browser):
    """A browser without scripts sends those of both."""
    drills = sent(browser, NEW, name="p", operation_type="drill", day_backups="7", drill_sample="2")
    assert made(cbr, drills)["operation_definition"] == {"drill_sample": 2}
    backups = sent(browser, DRILLS, name="p", operation_type="backup", max_backups="5", drill_sample="2")
    assert made(cbr, backups)["operation_definition"] == {"max_backups": 5}


@pytest.mark.parametrize(
    ("entries", "field", "words"),
    [
        ({"drill_sample": "0"}, "drill_sample", ">= 1"),
        ({"drill_sample": "101"}, "drill_sample", "<= 100"),
        ({"drill_sample": "all"}, "drill_sample", "expected a whole number"),
        ({"operation_type": "copy"}, "operation_type", "copy"),
        ({"at": "25:00"}, "times", "BYHOUR of the pattern"),
    ],
)
def test_what_is_refused_of_a_policy_of_drills_stands_at_its_field(
    cbr: ApiServer, browser: Browser, entries: dict[str, Any], field: str, words: str
):
    answer = sent(browser, DRILLS, **({"name": "kept"} | entries))
    told_at(answer, field, words)
    assert f'id="{field}"' in answer.text
    again = entered(answer.text)
    assert {name: again.get(name, "copy") for name in entries} == entries
    assert listed(cbr, "?operation_type=drill") == []


def test_a_policy_of_drills_is_previewed_by_its_calendar_alone(cbr: ApiServer, browser: Browser):
    scene = Scene(cbr, 3, max_backups=5)
    looked = sent(browser, DRILLS, name="p", vault_id=scene.vault.id, preview="yes")
    assert "Nothing is saved yet" in told(looked)
    assert "to go" not in told(looked)
    assert looked.text.count('<span class="run">') in {4, 5}
    policy = made(cbr, browser.post(DRILLS, DRILLS, **entered(looked.text)))
    assert (policy["operation_type"], policy["operation_definition"]) == ("drill", {"drill_sample": 1})
    again = sent(browser, f"/console/policies/{policy['id']}/edit", drill_sample="2", preview="yes")
    assert "deletes no backup" in told(again)
    assert shown(cbr, policy["id"])["operation_definition"] == {"drill_sample": 1}


def test_without_a_vault_a_new_policy_is_previewed_too(cbr: ApiServer, browser: Browser):
    looked = browser.post(NEW, NEW, **entered(browser.get(NEW).text) | {"vault_id": "", "preview": "yes"})
    assert "it deletes nothing" in told(looked)
    assert looked.text.count('<span class="run">') >= 28


def test_a_sentence_about_no_field_is_none_s():
    assert field_of("The locked vault x has policy y: it stays.") == ""
    assert field_of("operation_definition: max_backups: 0 would keep no backup.") == "max_backups"
    assert field_of("policy.trigger.properties.pattern[0]: expected at least 1 characters.") == "times"
