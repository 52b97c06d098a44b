"""Where a broker is: the one address type that all parts pass around. Its repr hides the password."""

from typing import Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from contract.errors import Invalid

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAddress(BaseModel):
    """`mqtt[s]://user:password@host:port`, and for TLS the file with the CA's certificate (PEM)."""

    model_config = ConfigDict(strict=True, frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: str | None = None

    @classmethod
    def parse(cls, url: str, *, ca_file: str | None = None) -> Self:
        """Read a URL. Raises Invalid, with a sentence that never repeats the password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Invalid(f"not a broker address: {error}") from None
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise Invalid("a broker address looks like mqtt://user:password@host:1883 or mqtts://…")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=SecretStr(unquote(parts.password)) if parts.password else None,
            tls=parts.scheme == "mqtts",
            ca_file=ca_file,
        )

    def signed_in_as(self, username: str, password: str) -> Self:
        """Give the same broker with another user."""
        return self.model_copy(update={"username": username, "password": SecretStr(password)})

    def url(self) -> str:
        """Write it as a URL, password included: for another process's environment, never for a log."""
        user = ""
        if self.username is not None:
            secret = f":{quote(self.password.get_secret_value(), safe='')}" if self.password else ""
            user = f"{quote(self.username, safe='')}{secret}@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{host}:{self.port}"
