"""How fresh backups are in the console: on the first page, on a vault's page, and as a list."""

from datetime import timedelta

from api.api_server import ApiServer
from opencbr.store import resources
from store.samples import resource

from .browser import Browser

DAY = timedelta(days=1)


def test_where_nothing_is_bound_it_says_so(cbr: ApiServer, browser: Browser):
    page = browser.get("/console/freshness").text
    assert "Nothing is bound to a vault, so nothing is protected" in page
    assert "<p>Nothing is bound.</p>" in page
    assert "Longest unprotected" not in browser.get("/console").text  # there is no vault either
    vault = cbr.vault()
    assert "Nothing is bound to a vault, so nothing is protected" in browser.get("/console").text
    assert "How fresh its backups are" not in browser.get(f"/console/vaults/{vault.id}").text


def test_ages_are_told_in_words_on_each_page(cbr: ApiServer, browser: Browser):
    vault = cbr.vault(name="home")
    bound = cbr.clock.now() - 3 * DAY
    stale, fresh = (resource(vault, name=name, created_at=bound) for name in ("<b>stale</b>\u202e", "fresh"))
    with cbr.database.write() as conn:
        for one in (stale, fresh):
            resources.bind(conn, one)
    partial = cbr.backup(vault, resource_id=stale.id, verdict="partial")
    complete = cbr.backup(
        vault, resource_id=fresh.id, verdict="complete", created_at=cbr.clock.now() - timedelta(hours=5)
    )
    first, own, listed = (
        browser.get(path).text
        for path in ("/console", f"/console/vaults/{vault.id}", "/console/freshness?vault_id=" + vault.id)
    )
    for page in (first, own, listed):
        assert "none since it was bound 3 days ago" in page
        assert (
            f'href="/console/backups/{partial.id}">the newest is partial, less than a minute ago</a>' in page
        )
        assert f'href="/console/backups/{complete.id}">5 hours ago</a>' in page
        assert page.index("stale&lt;/b&gt;") < page.index(">5 hours ago<")
        assert "<b>" not in page
        assert "\u202e" not in page
    assert "<strong>3 days</strong> oldest unprotected age" in first
    assert "without a backup" not in first
    assert "2 resources bound, the oldest unprotected age is 3 days." in own
    assert "no policy" in listed
    nothing = browser.get("/console/freshness?has_backup=false").text
    assert "Nothing that is bound fits these filters" in nothing
