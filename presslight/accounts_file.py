"""The file of a stack's accounts, which other programs change while it runs."""

from pathlib import Path

from presslight.broker.accounts import Accounts


class AccountsFile:
    """Tells what changed in `file` since `accounts` were read from it."""

    def __init__(self, file: Path, accounts: Accounts) -> None:
        self._file = file
        self._accounts = accounts
        self._seen = self._stamp()

    def read(self) -> frozenset[str] | None:
        """Take in what changed; answers the users whose password is not good any more, None where nothing changed.

        Raises BadCredentials, once a change.
        """
        seen, self._seen = self._seen, self._stamp()
        return None if seen == self._seen else self._accounts.update(Accounts.load(self._file))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
