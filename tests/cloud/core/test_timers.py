from presslight.cloud.core.timers import Timers


def test_names_come_out_in_the_order_they_are_due() -> None:
    alarms = Timers(lambda _: None)
    for at, name in ((3, "c"), (1, "a"), (2, "b"), (1, "a")):
        alarms.set(at, name)
    assert alarms.next_at == 1
    assert alarms.due(0) == []
    assert alarms.due(2) == ["a", "a", "b"]
    assert alarms.due(9) == ["c"]
    assert len(alarms) == 0


def test_only_a_sooner_alarm_is_said() -> None:
    said: list[int] = []
    alarms = Timers(said.append)
    for at in (5, 7, 3, 3, 4):
        alarms.set(at, "a")
    assert said == [5, 3]
