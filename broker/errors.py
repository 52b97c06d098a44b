"""Errors of a broker. The text is one sentence for people; callers branch on `code`.

The tree::

    BrokerError
    ├── UnknownUser          there is no such account
    ├── BadCredentials       the credentials file is not one of ours
    ├── MosquittoMissing     no mosquitto on this machine
    ├── CannotListen         the address cannot be bound
    │   └── PortInUse        … because another program listens there
    ├── BrokerDied           mosquitto ended unasked; the text has its last line
    ├── BrokerSilent         mosquitto runs and does not respond
    ├── OpensslMissing       no openssl on this machine
    ├── OpensslFailed        openssl failed; the text has its last line
    ├── AuthorityExists      the folder has a certificate authority already
    └── AuthorityMissing     the folder has none yet
"""

from typing import ClassVar

from presslight.contract.errors import PresslightError


class BrokerError(PresslightError):
    """Base class of a broker's errors."""

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
    """The address cannot be bound."""

    code = "cannot_listen"


class PortInUse(CannotListen):
    """Another program listens on that port."""

    code = "port_in_use"


class BrokerDied(BrokerError):
    """Mosquitto ended unasked."""

    code = "broker_died"


class BrokerSilent(BrokerError):
    """Mosquitto runs and does not respond."""

    code = "broker_silent"


class OpensslMissing(BrokerError):
    """No openssl on this machine."""

    code = "openssl_missing"


class OpensslFailed(BrokerError):
    """Openssl failed."""

    code = "openssl_failed"


class AuthorityExists(BrokerError):
    """The folder has a certificate authority already."""

    code = "authority_exists"


class AuthorityMissing(BrokerError):
    """The folder has no certificate authority yet."""

    code = "authority_missing"
