"""`opencbr register`: service user, roles and catalogue entry, once, with an admin's credential."""

import os

import click

from opencbr import wiring
from opencbr.cli.app import Session, pass_session
from opencbr.cli.output import say


@click.command()
@click.option(
    "--as", "admin", metavar="CLOUD", required=True, help="Entry of clouds.yaml with an admin's credential."
)
@click.option("--user", default="opencbr", show_default=True, help="The service user.")
@click.option("--user-domain", default="Default", show_default=True, help="Domain of user and home project.")
@click.option("--home-project", default="service", show_default=True, help="The service user's own project.")
@click.option(
    "--tenant-domain", default="Default", show_default=True, help="Domain whose projects are served."
)
@click.option("--role", default="member", show_default=True, help="Role inherited by the tenants' projects.")
@click.option("--endpoint", metavar="URL", help="Address for the catalogue; default [api] endpoint.")
@pass_session
def register(
    session: Session,
    *,
    admin: str,
    user: str,
    user_domain: str,
    home_project: str,
    tenant_domain: str,
    role: str,
    endpoint: str | None,
) -> None:
    """Prepare the cloud: the service user's two roles, and service type cbr in the catalogue.

    A second run changes nothing and says so. A user that does not exist yet is created with the password in
    $OPENCBR_SERVICE_PASSWORD (a variable, since command lines can be read by others).

    \b
    Example, with an entry `admin` in clouds.yaml:
      read -rs OPENCBR_SERVICE_PASSWORD && export OPENCBR_SERVICE_PASSWORD
      opencbr register --as admin --endpoint https://backup.example.org
      opencbr config check
    """  # noqa: D301 -- click's own mark for lines that stay as they are
    done = wiring.open_cloud(session.config, name=admin).register(
        endpoint=endpoint or session.config.api.endpoint or None,
        user=user,
        user_domain=user_domain,
        password=os.environ.get("OPENCBR_SERVICE_PASSWORD"),
        home_project=home_project,
        tenant_domain=tenant_domain,
        role=role,
    )
    for sentence in done:
        say(sentence)
