"""What can go wrong with a broker. Each error is one sentence for people and a `code` that callers branch on.

The tree::

    BrokerError
    ├── UnknownUser          there is no such account
    ├── BadCredentials       the credentials file is not one of ours
    ├── MosquittoMissing     no mosquitto on this machine
    ├── CannotListen         the address cannot be listened on
    │   └── PortInUse        … because another program does
    ├── BrokerDied           mosquitto ended by itself; the text has its last line
    ├── BrokerSilent         mosquitto runs and does not answer
    ├── OpensslMissing       no openssl on this machine
    ├── OpensslFailed        openssl refused; the text has its last line
    ├── AuthorityExists      the folder has a certificate authority already
    └── AuthorityMissing     the folder has none yet
"""

from typing import ClassVar

from presslight.contract.errors import PresslightError


class BrokerError(PresslightError):
    """The base of all of them."""

    code: ClassVar[str] = "broker_error"


class UnknownUser(BrokerError):
    """There is no such account."""

    code = "unknown_user"


class BadCredentials(BrokerError):
    """The credentials file is not one of ours."""

    code = "bad_credentials"


class MosquittoMissing(BrokerError):
    """No mosquitto on this machine."""

    code = "mosquitto_missing"


class CannotListen(BrokerError):
    """The address cannot be listened on."""

    code = "cannot_listen"


class PortInUse(CannotListen):
    """Another program listens on that port."""

    code = "port_in_use"


class BrokerDied(BrokerError):
    """Mosquitto ended by itself."""

    code = "broker_died"


class BrokerSilent(BrokerError):
    """Mosquitto runs and does not answer."""

    code = "broker_silent"


class OpensslMissing(BrokerError):
    """No openssl on this machine."""

    code = "openssl_missing"


class OpensslFailed(BrokerError):
    """Openssl refused."""

    code = "openssl_failed"


class AuthorityExists(BrokerError):
    """The folder has a certificate authority already."""

    code = "authority_exists"


class AuthorityMissing(BrokerError):
    """The folder has no certificate authority yet."""

    code = "authority_missing"
