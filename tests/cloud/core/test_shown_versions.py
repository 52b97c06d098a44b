from presslight.cloud.core.shown_versions import RESTS_NS, ShownVersions


def test_what_was_shown_before_the_question_is_judged_by_its_answer() -> None:
    shown_versions = ShownVersions()
    assert (shown_versions.is_due(0), shown_versions.refute(0)) == (False, False)
    shown_versions.on_shown((7, 2))
    assert shown_versions.is_due(0)
    assert not shown_versions.refute(0)  # the light was not asked since
    shown_versions.on_probe(0)
    shown_versions.on_shown((7, 1))
    assert shown_versions.refute(1)
    assert not shown_versions.refute(1)


def test_what_is_shown_after_a_false_claim_is_judged_after_a_rest() -> None:
    shown_versions = ShownVersions()
    shown_versions.on_shown((9, 0))
    shown_versions.on_probe(0)
    shown_versions.refute(0)
    shown_versions.on_shown((9, 0))
    shown_versions.on_probe(RESTS_NS - 1)
    assert (shown_versions.is_due(RESTS_NS - 1), shown_versions.refute(RESTS_NS - 1)) == (False, False)
    shown_versions.on_probe(RESTS_NS)
    assert shown_versions.refute(RESTS_NS)


def test_what_the_light_has_come_to_is_true() -> None:
    shown_versions = ShownVersions()
    shown_versions.on_shown((7, 1))
    shown_versions.on_probe(0)
    shown_versions.on_shown((7, 3))
    shown_versions.on_version((7, 2))
    assert (shown_versions.is_due(0), shown_versions.refute(0)) == (True, False)
    shown_versions.on_version((7, 3))
    assert not shown_versions.is_due(0)
