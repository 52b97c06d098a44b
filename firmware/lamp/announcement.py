"""Announcement to Home Assistant: made unless somebody has deleted the light there since it was set up.

The broker keeps the discovery message, and beside it a mark: which setting-up of the light announced it. The mark
without the message says that it was deleted, also while the light was away. Neither says that the broker is new or has
forgotten; what this light heard of a deletion itself is kept on its flash.
"""

NOTHING, MARK, ANNOUNCE = range(3)
"""Messages to publish: none, the mark, or the discovery message and then the mark."""


def kept(text: memoryview, ours: bytes) -> int:
    """Compare what the broker keeps with `ours`: 0 nothing, 1 another text, 2 the same."""
    return 0 if len(text) == 0 else 1 + (text == ours)


class Announcement:
    """State of one light's announcement. `is_deleted`: nobody wants it; to be kept over a power cut.

    `message`, `mark`: what the broker keeps of each, as `kept` gives it.
    """

    def __init__(self, is_deleted: bool) -> None:
        self.is_deleted = is_deleted
        self.clear()

    def clear(self) -> None:
        """Begin a connection: what the broker keeps is not known yet."""
        self.message = self.mark = 0
        self._is_over = False

    def hear(self, text: memoryview, ours: bytes) -> None:
        """Take a discovery message of the broker, which should be `ours`; an empty one is a deletion.

        Not where the mark was emptied before: then a bridge forgot the light, which is there.
        """
        self.message = kept(text, ours)
        if self.message:
            self.is_deleted = False
        elif self.mark:
            self.is_deleted = True
        else:
            self._is_over = False

    def judge(self) -> "int | None":
        """Decide what to publish, once the broker has sent its retained messages; None: decided already."""
        if self._is_over:
            return None
        self._is_over = True
        if self.mark == 2 and self.message == 0:
            self.is_deleted = True
        if self.is_deleted:
            return NOTHING
        if self.message != 2:
            return ANNOUNCE
        return NOTHING if self.mark == 2 else MARK
