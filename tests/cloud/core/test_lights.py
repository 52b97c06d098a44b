from typing import Any

from presslight.cloud.core.lights import Lights
from presslight.cloud.core.report_effect import Kind
from presslight.contract.mqtt import Cause, Dropped, Report
from presslight.contract.phone import MAX_LIGHTS, Change, Have
from tests.cloud.ports import ASKS_AS, BOOT, S, key, nobody, report

NOW = 1_000 * S


def house(first: Report | None = None, *, live: bool = True) -> Lights:
    made = Lights(nobody, ASKS_AS)
    made.on_report("kitchen", first or report(), NOW, live=live)
    return made


def test_first_report_makes_a_light_known() -> None:
    made = Lights(nobody, ASKS_AS)
    effect = made.on_report("kitchen", report(), NOW, live=False)
    assert (effect.kind, effect.tell) == (Kind.NEWS, True)
    view = made.view("kitchen", NOW + S)
    assert (view.id, view.state, view.brightness, view.version, view.boot) == ("kitchen", "ON", 200, (1, 0), BOOT)
    assert (view.up, view.age_ms) == (1_999, 1_000)


def test_availability_counts_whether_it_comes_before_or_after_the_report() -> None:
    made = Lights(nobody, ASKS_AS)
    assert not made.on_availability("kitchen", "online", NOW)
    made.on_report("kitchen", report(), NOW, live=False)
    assert made.by_name["kitchen"].online
    assert made.on_availability("kitchen", "offline", NOW)
    assert not made.on_availability("kitchen", "offline", NOW)
    assert not made.by_name["kitchen"].online


def test_kept_report_alone_does_not_make_a_light_online() -> None:
    assert not house(live=False).by_name["kitchen"].online
    assert house(live=True).by_name["kitchen"].online


def test_light_that_speaks_is_online() -> None:
    made = house()
    made.on_availability("kitchen", "offline", NOW)
    assert made.on_report("kitchen", report(), NOW, live=True).tell
    assert made.by_name["kitchen"].online


def missed(made: Lights, until_s: int) -> list[int]:
    """In which s after NOW the light was missed, the broker delivering each s from NOW on."""
    return [(now - NOW) // S for now in range(NOW, NOW + until_s * S + 1, S) if made.miss(now)]


def test_light_that_is_silent_for_35_s_is_offline_until_it_speaks() -> None:
    made = house()
    assert missed(made, 60) == [35]
    assert not made.by_name["kitchen"].online
    assert made.on_report("kitchen", report(up=61_000), NOW + 60 * S, live=True).tell
    assert made.by_name["kitchen"].online


def test_light_that_only_the_broker_remembers_is_missed_as_well() -> None:
    made = house(live=False)
    made.on_availability("kitchen", "online", NOW)
    assert missed(made, 60) == [35]


def test_light_that_does_not_answer_once_the_broker_is_found_is_offline_after_6_s() -> None:
    made = house()
    made.on_report("hall", report(), NOW, live=True)
    made.found(NOW + S)
    assert made.on_report("hall", report(up=2_500), NOW + 2 * S, live=True).kind is Kind.NEWS
    assert missed(made, 30) == [7]
    assert [light.online for light in made.by_name.values()] == [False, True]


def test_heartbeats_keep_a_light_online() -> None:
    made = house()
    for second in range(60):
        if second % 10 == 0:
            made.on_report("kitchen", report(up=1_000 + 1_000 * second), NOW + second * S, live=True)
        assert not made.miss(NOW + second * S)


def test_silence_counts_only_while_the_broker_delivers_and_the_bridge_runs() -> None:
    made = house()
    made.found(NOW - S)
    assert missed(made, 30) == []
    back = NOW + 100 * S
    assert not any(made.miss(now) for now in range(back, back + 35 * S, S))
    assert made.miss(back + 35 * S) == ["kitchen"]


def test_newest_version_wins() -> None:
    made = house(report((key(1), "applied"), (key(2), "applied"), state="ON"))
    effect = made.on_report("kitchen", report((key(1), "applied"), state="OFF"), NOW, live=True)
    assert (effect.kind, effect.tell) == (Kind.NEWS, False)
    assert made.by_name["kitchen"].report.state == "ON"


def test_missed_answers_are_seen() -> None:
    answers = [(key(number), "applied") for number in range(1, 9)]
    made = house(report())
    assert not made.on_report("kitchen", report(*answers[:4]), NOW, live=True).missed
    assert not made.on_report("kitchen", report(*answers[:4]), NOW, live=True).missed
    assert made.on_report("kitchen", report(*answers[5:8], decided=9), NOW, live=True).missed


def test_higher_epoch_is_a_new_boot_even_if_the_broker_had_kept_it() -> None:
    made = house()
    effect = made.on_report("kitchen", report(boot="0000beef", epoch=2, up=5), NOW, live=False)
    assert (effect.kind, effect.over, effect.tell, effect.missed) == (Kind.NEWS, BOOT, True, True)
    assert made.by_name["kitchen"].bound.at(NOW) == 5
    assert not made.by_name["kitchen"].live


def test_report_of_a_boot_that_is_over_is_stale() -> None:
    made = house()
    made.on_report("kitchen", report(boot="0000beef", epoch=2), NOW, live=True)
    effect = made.on_report("kitchen", report(up=10**6), NOW, live=True)
    assert (effect.kind, effect.tell, effect.over) == (Kind.STALE, False, None)
    assert made.by_name["kitchen"].report.boot == "0000beef"


def test_late_report_of_a_boot_that_this_bridge_never_saw_is_no_new_boot() -> None:
    made = house(report(epoch=7))
    assert made.on_report("kitchen", report(boot="0000beef"), NOW + 90 * S, live=True).kind is Kind.STALE
    assert made.by_name["kitchen"].report.boot == BOOT


def test_late_report_of_a_boot_that_is_over_ends_no_boot_that_is_silent() -> None:
    made = house()
    made.on_report("kitchen", report(boot="0000beef", epoch=2), NOW, live=True)
    made.on_report("kitchen", report(boot="0000cafe", epoch=3), NOW, live=True)
    for boot, epoch in ((BOOT, 1), ("0000beef", 2)):
        effect = made.on_report("kitchen", report(boot=boot, epoch=epoch), NOW + 40 * S, live=True)
        assert effect.kind is Kind.STALE


def test_heartbeat_is_told_only_to_refresh_the_clock() -> None:
    made = house()
    told = []
    for beat in range(1, 8):
        up = 1_000 + 10_000 * beat
        told.append(made.on_report("kitchen", report(up=up), NOW + 10 * beat * S, live=True).tell)
    assert told == [False, False, True, False, False, True, False]


def test_much_better_bound_is_told_at_once() -> None:
    made = house()
    assert not made.on_report("kitchen", report(up=1_400), NOW, live=True).tell
    assert made.on_report("kitchen", report(up=2_000), NOW, live=True).tell


def test_phone_gets_only_what_is_newer() -> None:
    made = house(report((key(), "applied")))
    made.on_report("hall", report(), NOW, live=True)

    def news(**have: Have) -> list[str]:
        return [view.id for view in made.news_for(have, NOW)]

    assert news() == ["kitchen", "hall"]
    assert news(kitchen=Have(version=(1, 0), online=True)) == ["kitchen", "hall"]
    assert news(kitchen=Have(version=(1, 1), online=True)) == ["hall"]
    assert news(kitchen=Have(version=(1, 1), online=False)) == ["kitchen", "hall"]


def test_house_takes_only_so_many_lights() -> None:
    made = Lights(nobody, ASKS_AS)
    kinds = [made.on_report(f"light-{n}", report(), NOW, live=True).kind for n in range(MAX_LIGHTS + 1)]
    assert set(kinds[:-1]) == {Kind.NEWS}
    assert kinds[-1] is Kind.CROWDED
    for number in range(2 * MAX_LIGHTS):
        made.on_availability(f"ghost-{number}", "online", NOW)
    assert len(made._availability) == MAX_LIGHTS


def change(made: Lights, now: int = NOW) -> Change | None:
    return made.view("kitchen", now).change


def test_change_is_told_with_its_age_on_the_lights_own_clock() -> None:
    made = house(report(cause=Cause(by="button", up=400)))
    assert change(made) == Change(by="button", age_ms=600)
    assert change(made, NOW + 10 * S) == Change(by="button", age_ms=10_590)


def test_change_that_the_light_does_not_tell_is_not_told() -> None:
    assert change(house()) is None


def test_change_of_a_light_that_was_not_heard_itself_is_not_told_until_it_is() -> None:
    made = house(report(cause=Cause(by="start", up=0)), live=False)
    made.on_availability("kitchen", "online", NOW)
    assert change(made) is None
    effect = made.on_report("kitchen", report(up=1_001, cause=Cause(by="start", up=0)), NOW, live=True)
    assert effect.tell
    assert change(made) == Change(by="start", age_ms=1_001)


def test_change_that_lies_ahead_of_the_lights_clock_is_of_now() -> None:
    assert change(house(report(cause=Cause(by="button", up=9_000)))) == Change(by="button", age_ms=0)


def test_change_of_an_older_version_is_not_told_of_a_newer() -> None:
    made = house(report(version=(1, 5), cause=Cause(by="button", up=900)))
    made.on_report("kitchen", report(version=(1, 4), cause=Cause(by="command", up=100)), NOW, live=True)
    told = change(made)
    assert told is not None
    assert told.by == "button"


def test_messages_that_a_light_dropped_are_told_at_its_next_power_of_ten_in_each_boot() -> None:
    made = Lights(nobody, ASKS_AS)

    def dropped(count: int, **more: Any) -> tuple[tuple[str, int], ...]:
        heard = report(dropped=Dropped(malformed=count), **{"up": 1_000 + count} | more)
        return made.on_report("kitchen", heard, NOW, live=True).dropped

    assert dropped(3) == (("malformed", 3),)
    assert dropped(9) == ()
    assert dropped(10) == (("malformed", 10),)
    assert dropped(9) == ()  # a report that was long under way
    assert dropped(11) == ()
    assert dropped(1, epoch=2, boot="00000002") == (("malformed", 1),)


def test_forgotten_light_is_another_one_when_its_name_comes_again() -> None:
    made = house(report(epoch=9))
    made.on_availability("hall", "online", NOW)
    for name in ("kitchen", "hall"):
        made.forget(name)
    assert (made.by_name, made.knows("hall"), made.is_gone("kitchen")) == ({}, False, True)
    assert made.on_report("kitchen", report(boot="0000beef", epoch=1), NOW, live=True).began
    assert made.view("kitchen", NOW).version == (1, 0)
    assert not made.is_gone("kitchen")


def test_phone_that_shows_a_forgotten_light_hears_of_it_also_where_another_has_its_name() -> None:
    made = house(report(epoch=9))
    shown = {"kitchen": Have(version=(9, 0), online=True)}
    assert made.gone_for(shown) == ()
    made.forget("kitchen")
    assert made.gone_for(shown) == made.gone_for({}) == ("kitchen",)
    made.on_report("kitchen", report(boot="0000beef", epoch=1), NOW, live=True)
    assert made.gone_for(shown) == ("kitchen",)
    assert [view.version for view in made.news_for(shown, NOW)] == [(1, 0)]
    anew = {"kitchen": Have(version=(1, 0), online=True)}
    assert (made.gone_for(anew), made.gone_for({}), made.news_for(anew, NOW)) == ((), (), ())


def test_light_that_was_forgotten_before_the_bridge_started_is_gone_once_the_broker_does_not_speak_of_it() -> None:
    made, shown = Lights(nobody, ASKS_AS), {"kitchen": Have(version=(9, 0), online=True)}
    for name in ("kitchen", "hall"):
        made.recall(name)
    assert (made.is_gone("kitchen"), made.gone_for(shown)) == (False, ())
    made.found(NOW)
    made.on_report("hall", report(boot="0000beef", epoch=1), NOW, live=False)
    assert made.not_back(NOW + 5 * S) == []
    assert made.not_back(NOW + 6 * S) == ["kitchen"]
    assert made.not_back(NOW + 7 * S) == []
    assert made.is_gone("kitchen")
    assert not made.is_gone("hall")
    assert made.gone_for({"hall": Have(version=(9, 0), online=True)}) == ("kitchen", "hall")


def test_names_of_forgotten_lights_are_bounded() -> None:
    made = Lights(nobody, ASKS_AS)
    for number in range(MAX_LIGHTS + 2):
        made.forget(f"light-{number}")
    assert len(made.forgotten) == MAX_LIGHTS
    assert "light-0" not in made.forgotten
