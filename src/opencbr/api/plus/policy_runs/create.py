"""Running a policy now."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.plus.policy_runs.body import PolicyRunRow, run_row
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import NO_SUCH_POLICY, NOTHING_TO_BACK_UP


class RunPolicyBody(Struct):
    """What was asked for: a run for each resource."""

    runs: Annotated[
        list[PolicyRunRow], Meta(description="the runs, one for each resource of the policy's vaults")
    ]


def run_policy(request: Request[None, None]) -> RunPolicyBody:
    """Answer RunPolicy: the runs wait, a worker starts them."""
    runs = request.services.policy_runs.create(request.ctx, request.path["policy_id"])
    return RunPolicyBody([run_row(one) for one in runs])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation(
            "RunPolicy", "POST", "/v3/{project_id}/policies/{policy_id}/run", "PolicyRun", 202
        ),
        handler=run_policy,
        right="cbr:policies:run",
        summary="Run a policy now",
        description=(
            "Asks for an automatic backup of each resource of the policy's vaults, or for the drills of a policy of drills, as "
            "if the policy were due now; also of a policy that is disabled. A resource for which a run waits already has no "
            "second one. The answer comes at once: ListPolicyRuns tells what has come of the runs. This operation is "
            "opencbr's own."
        ),
        errors=(NO_SUCH_POLICY, NOTHING_TO_BACK_UP),
    ),
)
