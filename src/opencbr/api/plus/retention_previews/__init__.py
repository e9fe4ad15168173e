"""What the retention of a policy would do, by the policy or by what is no policy yet."""

from opencbr.api.plus.retention_previews import of_definition, of_policy

ROUTES = (*of_policy.ROUTES, *of_definition.ROUTES)
