"""Telling each of several listeners: one that fails keeps no other from being told. Pure."""

from collections.abc import Callable, Iterable

from presslight.cloud.core.ports import Observer, OutcomeListener


def tell_each(
    listeners: Iterable[OutcomeListener], tell: Callable[[OutcomeListener], None], key: str, observer: Observer
) -> None:
    """Call `tell` with each listener of the press `key`; a defect is counted."""
    for listener in tuple(listeners):  # one may stop listening as it is told
        try:
            tell(listener)
        except Exception as error:
            observer.on_defect(key, error)
