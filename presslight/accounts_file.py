"""The file of a stack's accounts, which `presslight accounts` and `forget` change while the stack runs."""

from pathlib import Path

from presslight.broker.accounts import Accounts


class AccountsFile:
    """Reloads `accounts` from `file` when the file has changed."""

    def __init__(self, file: Path, accounts: Accounts) -> None:
        self._file = file
        self._accounts = accounts
        self._seen = self._stamp()

    def read(self) -> frozenset[str] | None:
        """Reload changed accounts; the users whose password is no longer valid, None without a change.

        Raises BadCredentials, once for each change.
        """
        seen, self._seen = self._seen, self._stamp()
        return None if seen == self._seen else self._accounts.update(Accounts.load(self._file))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
