from presslight.cloud.core.claims import RESTS_NS, Claims


def test_what_was_shown_before_the_question_is_judged_by_its_answer() -> None:
    claims = Claims()
    assert (claims.is_due(0), claims.refute(0)) == (False, False)
    claims.note((7, 2))
    assert claims.is_due(0)
    assert not claims.refute(0)  # the light was not asked since
    claims.ask(0)
    claims.note((7, 1))
    assert claims.refute(1)
    assert not claims.refute(1)


def test_what_is_shown_after_a_false_claim_is_judged_after_a_rest() -> None:
    claims = Claims()
    claims.note((9, 0))
    claims.ask(0)
    claims.refute(0)
    claims.note((9, 0))
    claims.ask(RESTS_NS - 1)
    assert (claims.is_due(RESTS_NS - 1), claims.refute(RESTS_NS - 1)) == (False, False)
    claims.ask(RESTS_NS)
    assert claims.refute(RESTS_NS)


def test_what_the_light_has_come_to_is_true() -> None:
    claims = Claims()
    claims.note((7, 1))
    claims.ask(0)
    claims.note((7, 3))
    claims.hear((7, 2))
    assert (claims.is_due(0), claims.refute(0)) == (True, False)
    claims.hear((7, 3))
    assert not claims.is_due(0)
