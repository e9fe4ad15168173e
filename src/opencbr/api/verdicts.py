"""What a credential may do, asked by those who show it: the verdicts of sign-in and rights, without a request."""

from opencbr.api.auth import Authenticator, Token
from opencbr.api.rights import Rights
from opencbr.api.signature import Claim
from opencbr.model.clock import Clock


class Verdicts:
    """Answers for a token, or for an access key whose secret has been checked. Thread-safe."""

    def __init__(self, authenticator: Authenticator, rights: Rights, clock: Clock) -> None:
        self._authenticator = authenticator
        self._rights = rights
        self._clock = clock

    def of_token(self, token: str, right: str) -> bool:
        """Say whether the token's user has the right. Raises GatewayError 401, CloudError."""
        return self._allows(Token(token), right)

    def of_key(self, access: str, right: str) -> bool:
        """Say whether the key's owner has the right. Raises GatewayError 401, CloudError."""
        return self._allows(Claim(access, (), ""), right)

    def _allows(self, credential: Token | Claim, right: str) -> bool:
        now = self._clock.now()
        known = self._authenticator.recall(credential, now) or self._authenticator.ask(credential, now)
        return self._rights.allows(known.session, right)
