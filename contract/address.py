"""Where a broker is: the one address type that all parts pass around. Its repr hides the password."""

from typing import Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from contract.errors import Invalid

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}

_LOOKS_LIKE = (
    "a broker address looks like mqtt://user:password@host:1883 or mqtts://…, "
    "and user and password write / ? # @ : % as %2F %3F %23 %40 %3A %25"
)


class BrokerAddress(BaseModel):
    """`mqtt[s]://user:password@host:port`, and for TLS the file with the CA's certificate (PEM)."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: str | None = None

    @classmethod
    def parse(cls, url: str, *, ca_file: str | None = None) -> Self:
        """Read a URL. Raises Invalid, with a sentence that repeats nothing of it: any part may be the password's."""
        try:
            parts = urlsplit(url)
            port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
            address = cls(
                host=parts.hostname or "",
                port=port,
                username=unquote(parts.username) if parts.username else None,
                password=SecretStr(unquote(parts.password)) if parts.password is not None else None,
                tls=parts.scheme == "mqtts",
                ca_file=ca_file,
            )
        except (KeyError, ValueError):
            raise Invalid(_LOOKS_LIKE) from None
        if parts.path not in ("", "/") or parts.query or parts.fragment or (parts.password and not parts.username):
            raise Invalid(_LOOKS_LIKE)
        return address

    def signed_in_as(self, username: str, password: str) -> Self:
        """Give the same broker with another user."""
        return self.model_copy(update={"username": username, "password": SecretStr(password)})

    def url(self) -> str:
        """Write it as a URL, password included: for another process's environment, never for a log."""
        user = ""
        if self.username is not None:
            secret = f":{quote(self.password.get_secret_value(), safe='')}" if self.password is not None else ""
            user = f"{quote(self.username, safe='')}{secret}@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{host}:{self.port}"
