"""The tags of a vault in the console: shown in the list and on its page, changed on a page of their own, without scripts."""

import html

from api.api_server import ApiServer
from opencbr.store import resources, vaults
from store.samples import resource

from .browser import Browser, message

ODD = "<b>&\"'\u202e文"


def shown(cbr: ApiServer, vault_id: str) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in cbr.call("GET", f"vault/{vault_id}/tags").json()["tags"]}


def test_tags_are_shown_in_the_list_and_on_the_page(cbr: ApiServer, browser: Browser):
    vault = cbr.vault(name="tagged", tags=(("stage", "production"), ("alone", ""), (ODD, ODD)))
    page = f"/console/vaults/{vault.id}"
    for path in (page, "/console/vaults?name=tagged"):
        text = browser.get(path).text
        assert '<span class="tag">stage=production</span>' in text
        assert '<span class="tag">alone</span>' in text
        assert "<b>" not in text
    assert f'href="{page}/tags">Change the tags</a>' in browser.get(page).text


def test_tags_are_given_and_taken_off(cbr: ApiServer, browser: Browser):
    vault = cbr.vault(tags=(("stage", "test"), (ODD, ODD)))
    form = f"/console/vaults/{vault.id}/tags"
    done = browser.post(form, form, action="create", key=" stage ", value="live")
    assert (done.status_code, done.headers["Location"]) == (303, form)
    assert shown(cbr, vault.id) == {"stage": "live", ODD: ODD}
    # What the page has shown meanwhile is not what the vault bears: nothing is taken off.
    assert browser.post(form, form, action="delete", key="stage", value="test").status_code == 303
    assert shown(cbr, vault.id) == {"stage": "live", ODD: ODD}
    text = browser.get(form).text
    assert (
        f'value="{html.escape(ODD, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")}"'
        in text
    )
    assert browser.post(form, form, action="delete", key=ODD, value=ODD).status_code == 303
    assert browser.post(form, form, action="delete", key="stage", value="live").status_code == 303
    assert shown(cbr, vault.id) == {}
    assert "It has no tags." in browser.get(form).text


def test_an_entry_that_is_refused_is_shown_again_with_the_sentence(cbr: ApiServer, browser: Browser):
    vault = cbr.vault()
    form = f"/console/vaults/{vault.id}/tags"
    refused = browser.post(form, form, action="create", key="a b", value="<i>")
    assert refused.status_code == 400
    assert "tags[0].key" in message(refused)
    assert 'value="a b"' in refused.text
    assert "<i>" not in refused.text
    assert browser.post(form, form, action="nonsense").status_code == 400
    assert shown(cbr, vault.id) == {}


def test_no_vault_no_page(cbr: ApiServer, browser: Browser):
    foreign = cbr.vault("other", tags=(("secret", "theirs"),))
    for path in (f"/console/vaults/{foreign.id}/tags", "/console/vaults/nonsense/tags"):
        answer = browser.get(path)
        assert (answer.status_code, "theirs" in answer.text) == (404, False)
    own = f"/console/vaults/{cbr.vault().id}/tags"
    fields = {"action": "delete", "key": "secret", "value": "theirs"}
    assert browser.post(f"/console/vaults/{foreign.id}/tags", own, **fields).status_code == 404
    with cbr.database.read() as conn:
        found = vaults.get(conn, cbr.project("other"), foreign.id)
    assert found is not None
    assert found.tags == (("secret", "theirs"),)


def test_a_vault_that_binds_by_itself_says_so(cbr: ApiServer, browser: Browser):
    rules = {"tags": [{"key": "backup", "value": "yes"}, {"key": ODD, "value": ""}]}
    vault = cbr.vault(auto_bind=True, bind_rules=rules)
    server = resource(vault, bound_by_rules=True)
    with cbr.database.write() as conn:
        resources.bind(conn, server)
    text = browser.get(f"/console/vaults/{vault.id}").text
    assert '<span class="tag">backup=yes</span>' in text
    assert f'{server.id}</code> <span class="note">by the bind rules</span>' in text
    bare = browser.get(f"/console/vaults/{cbr.vault(auto_bind=True).id}").text
    assert "nothing: it has no bind rules" in bare
