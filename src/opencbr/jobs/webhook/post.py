"""One POST to the operator's URL: TLS verified, no redirect followed, and over within its time."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from urllib3 import PoolManager, Timeout, exceptions

from opencbr.cloud.timed_response import POOLS
from opencbr.jobs.settings import WebhookSettings


class NoAnswer(Exception):
    """Nobody answered; the message says why, and has nothing of the URL but its host."""


class Post:
    """Sends to one URL. `ca_file` names the certificates to trust instead of the system's."""

    def __init__(self, settings: WebhookSettings) -> None:
        """Take the settings; raises OSError when `ca_file` cannot be used (ssl.SSLError is one)."""
        self._url = settings.url
        self._host = urlsplit(settings.url).hostname
        self._seconds = settings.timeout_seconds
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        self._pools = PoolManager(num_pools=1, ssl_context=context)
        self._pools.pool_classes_by_scheme = POOLS

    def __call__(self, body: str, headers: Mapping[str, str]) -> int:
        """Send a text and return the status that is answered, a redirect's as any other. Raises NoAnswer."""
        try:
            response = self._pools.request(
                "POST",
                self._url,
                body=body.encode(),
                headers=headers,
                timeout=Timeout(connect=self._seconds, read=self._seconds),
                retries=False,
                redirect=False,
                preload_content=False,  # whatever it says beside the status is nobody's business
            )
        except exceptions.SSLError as error:
            raise NoAnswer(f"{self._host}: its certificate is not trusted, or it speaks no TLS") from error
        except exceptions.NewConnectionError as error:  # a timeout too, by its class
            raise NoAnswer(f"{self._host}: no connection can be made to it") from error
        except exceptions.TimeoutError as error:
            raise NoAnswer(f"{self._host}: no answer within {self._seconds:g} seconds") from error
        except (exceptions.HTTPError, OSError) as error:
            raise NoAnswer(f"{self._host}: the connection was cut") from error
        response.close()
        return response.status
