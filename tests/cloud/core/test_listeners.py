from presslight.cloud.core.listeners import tell_each
from presslight.cloud.core.ports import OutcomeListener
from tests.cloud.ports import Defects, Listener, key


def test_each_is_told_though_one_fails_or_stops_listening() -> None:
    listeners, observer = [Listener() for _ in range(3)], Defects()
    told: list[OutcomeListener] = []

    def tell(listener: OutcomeListener) -> None:
        told.append(listener)
        if listener is first:
            listeners.remove(first)
            raise RuntimeError

    first, *others = tuple(listeners)
    tell_each(listeners, tell, key(), observer)
    assert told == [first, *others]
    assert observer.defects == [key()]
