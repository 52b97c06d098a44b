import pytest

from tests.order import HERE, LONGEST, place


def test_the_longest_files_are_there() -> None:
    assert [name for name in LONGEST if not (HERE / name).is_file()] == []


def test_the_longest_come_first_and_the_others_stay_as_they_were() -> None:
    files = [HERE / name for name in ("broker/test_acl.py", *reversed(LONGEST), "cloud/http/test_idempotency_key.py")]
    assert sorted(files, key=place) == [
        HERE / name for name in (*LONGEST, "broker/test_acl.py", "cloud/http/test_idempotency_key.py")
    ]


def test_this_run_goes_in_that_order(request: pytest.FixtureRequest) -> None:
    places = [place(item.path) for item in request.session.items]
    assert places == sorted(places)
