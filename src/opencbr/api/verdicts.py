"""What a credential may do, asked by those who show it: the verdicts of sign-in and rights, without a request."""

from opencbr.api.auth import Authenticator, SignIn, Token
from opencbr.api.rights import Rights
from opencbr.api.signature import Claim
from opencbr.model.clock import Clock


class Verdicts:
    """Answers for a token, or for an access key whose secret has been checked. Thread-safe."""

    def __init__(self, authenticator: Authenticator, rights: Rights, clock: Clock) -> None:
        self._authenticator = authenticator
        self._rights = rights
        self._clock = clock

    def check(self, credential: Token | Claim) -> None:
        """Raise GatewayError 401 where Keystone does not know it any more, CloudError where Keystone fails."""
        self._known(credential)

    def allows(self, credential: Token | Claim, right: str) -> bool:
        """Say whether its owner has the right. Raises as `check` does."""
        return self._rights.allows(self._known(credential).session, right)

    def _known(self, credential: Token | Claim) -> SignIn:
        now = self._clock.now()
        return self._authenticator.recall(credential, now) or self._authenticator.ask(credential, now)
