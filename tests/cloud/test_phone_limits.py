from presslight.cloud.phone_limits import PhoneLimits

S = 10**9


def test_rate_of_presses_is_per_phone() -> None:
    limits = PhoneLimits(press_rate=1, press_burst=2)
    assert [limits.is_within_press_rate("ann", 0) for _ in range(3)] == [True, True, False]
    assert limits.is_within_press_rate("bob", 0)
    assert limits.is_within_press_rate("ann", S)


def test_connections_with_one_token_share_an_allowance() -> None:
    limits = PhoneLimits(press_rate=1, press_burst=2)
    assert limits.allowance_of("a", 0) is limits.allowance_of("a", S)
    assert limits.allowance_of("a", 0) is not limits.allowance_of("b", 0)
