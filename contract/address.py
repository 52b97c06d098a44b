"""The address of a broker: the one type for it in all parts. Its repr hides the password."""

from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from presslight.contract import url as urls
from presslight.contract.errors import Invalid

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
            parts = urls.split(url)
            usual_port = DEFAULT_PORTS[parts.scheme]
        except (KeyError, ValueError):
            raise Invalid(_LOOKS_LIKE) from None
        if parts.path not in ("", "/") or parts.query is not None or parts.fragment is not None or parts.user == "":
            raise Invalid(_LOOKS_LIKE)
        return cls(
            host=parts.host,
            port=parts.port or usual_port,
            username=parts.user,
            password=None if parts.password is None else SecretStr(parts.password),
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
            secret = f":{quote(self.password.get_secret_value(), safe='')}" if self.password is not None else ""
            user = f"{quote(self.username, safe='')}{secret}@"
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{urls.authority(self.host, self.port)}"
