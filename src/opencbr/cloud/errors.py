"""What can go wrong between this service and the cloud, in words that name the call.

No error carries a token, a header or a whole body: only the service, the call without its host, the status,
the
upstream request id and the sentence that OpenStack put in its fault.
"""

_REQUEST_ID_LENGTH = 100
_TOO_LARGE = 413
_OVER_QUOTA = "Quota exceeded"


def readable_request_id(header: str | None) -> str | None:
    """Return the request id that a service sent, as far as it can be one: a line of a log and a cell of a table hold it."""
    if not header:
        return None
    return "".join(one for one in header[:_REQUEST_ID_LENGTH] if "!" <= one <= "~") or None


class BadSettings(ValueError):
    """The cloud is described wrongly (`clouds.yaml` or the settings); the sentence says what to change."""


class CloudError(Exception):
    """An upstream call that failed for good, all retries included. `status` is None when nothing answered."""

    def __init__(
        self,
        *,
        service: str,
        method: str,
        path: str,
        status: int | None = None,
        request_id: str | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(service, method, path, status, request_id, reason)
        self.service = service
        self.method = method
        self.path = path
        self.status = status
        self.request_id = request_id
        self.reason = reason

    @property
    def is_over_quota(self) -> bool:
        """Whether a quota is used up: Cinder has a status for that, Nova says it in a 403 and Neutron in a 409."""
        return self.status == _TOO_LARGE or self.reason.startswith(_OVER_QUOTA)

    def __str__(self) -> str:
        call = f"{self.service} {self.method} {self.path}"
        came = "gave no usable answer" if self.status is None else f"answered {self.status}"
        request = f" ({self.request_id})" if self.request_id else ""
        return f"{call} {came}{request}" + (f": {self.reason}" if self.reason else "")

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only construction does not pickle by itself, and a job engine stores errors pickled.
        return (_rebuild, (type(self), dict(vars(self))))


def _rebuild(kind: type[CloudError], fields: dict[str, object]) -> CloudError:
    return kind(**fields)  # type: ignore[arg-type]


class NotFound(CloudError):
    """404: the object does not exist, or not for the credential that asked."""


class Denied(CloudError):
    """401 or 403: the credential is not accepted, or lacks a role."""


class Refused(CloudError):
    """Any other 4xx (400, 409, 413 ...): asking again the same way cannot help."""


class Unreachable(CloudError):
    """No answer, a 5xx, 429 to the end, or a body that is not what the API promises."""


class CredentialRefused(Unreachable):
    """Keystone gives the service's own credential no token: nothing can be asked until an operator has corrected it.

    Unlike `Denied`, which is about one call or one tenant's project, it passes by itself: what can wait, waits.
    """


class InvalidToken(Exception):
    """Keystone does not vouch for this token, or it is not scoped to a project."""


class UnknownKey(Exception):
    """No usable access key: unknown, bound to a trust, or its user, project or domain is disabled."""


class SignInRefused(Exception):
    """Keystone does not accept what a person has signed in with; it does not say what of it was wrong."""


class PasscodeWanted(Exception):
    """Keystone wants the one-time password of a second factor; `receipt` says that the first one was right."""

    def __init__(self, receipt: str) -> None:
        super().__init__("a one-time password is asked for")
        self.receipt = receipt
