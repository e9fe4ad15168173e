"""The console beside the API: one process, one port, its own threads."""

from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix

from opencbr.api.app import Application
from opencbr.api.auth import Token as ApiToken
from opencbr.api.dispatch import Dependencies
from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES
from opencbr.api.signature import Claim
from opencbr.api.verdicts import Verdicts
from opencbr.api.wsgi import wsgi_responder
from opencbr.console.application import create_console
from opencbr.console.browser_session import Seal
from opencbr.console.console import Console
from opencbr.console.credential import Credential, Token
from opencbr.console.sign_in.keystone import Accounts, Keystone
from opencbr.service.browser_sessions import BrowserSessions

PATHS = ("/console", "/explorer")


def mount_console(
    application: Application,
    dependencies: Dependencies,
    *,
    verdicts: Verdicts,
    keystone: Keystone,
    sessions: BrowserSessions,
    seal: Seal,
    accounts: Accounts = (),
    proxies: int = 0,
) -> None:
    """Serve the console below PATHS, with the API of `application` behind it; `proxies` say from where they are asked."""
    console = Console(
        ask=application.ask,
        check=lambda credential: verdicts.check(_vouched(credential)),
        allows=lambda credential, right: verdicts.allows(_vouched(credential), right),
        document=document(ROUTES),
        keystone=keystone,
        sessions=sessions,
        clock=dependencies.clock,
        endpoint=dependencies.endpoint,
        accounts=accounts,
    )
    # One click signs anybody in who reaches the demo, so that no page elsewhere may pretend to be on this host.
    host = urlsplit(dependencies.endpoint).hostname
    hosts = ["localhost", "127.0.0.1", "[::1]", *([host] if host else [])] if accounts else None
    pages = create_console(console, seal, hosts=hosts)
    # Its own address alone is taken from a proxy: host and scheme are those of `endpoint`.
    pages.wsgi_app = ProxyFix(pages.wsgi_app, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    responder = wsgi_responder(pages, dependencies.pools.pages, dependencies.bodies)
    for path in PATHS:
        application.mount(path, responder)


def _vouched(credential: Credential) -> ApiToken | Claim:
    """Return a credential that Keystone or a signature has vouched for as the API's sign-in knows it."""
    if isinstance(credential, Token):
        return ApiToken(credential.value)
    return Claim(credential.access, (), "")
