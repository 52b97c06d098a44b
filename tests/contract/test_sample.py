import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from presslight.contract.errors import ContractError, ErrorCode, refusal
from presslight.contract.mqtt import Discovery, decode_availability, decode_report, decode_set, encode_set
from presslight.contract.phone_codec import decode_bridge_frame, decode_phone_frame, decode_press_body
from presslight.contract.sample import FOLDER, Kind, Sample, samples
from presslight.contract.words import Key

KINDS: tuple[Kind, ...] = get_args(Kind)


def decode_discovery(payload: bytes) -> Discovery:
    try:
        return Discovery.model_validate_json(payload)
    except ValidationError as error:
        raise refusal(error) from None


DECODERS: dict[Kind, Callable[[bytes], Any]] = {
    "set": decode_set,
    "report": decode_report,
    "availability": decode_availability,
    "discovery": decode_discovery,
    "phone": decode_phone_frame,
    "bridge": decode_bridge_frame,
    "press_body": decode_press_body,
}


def verdict(kind: Kind, payload: bytes) -> ErrorCode | None:
    try:
        DECODERS[kind](payload)
    except ContractError as error:
        return error.code
    return None


def answerable(sample: Sample) -> str | None:
    """The valid key that stands once in a message whose grammar is good."""
    keys = [value for name, value in json.loads(sample.payload, object_pairs_hook=list) if name == "key"]
    try:
        return TypeAdapter[str](Key).validate_python(keys[0], strict=True) if len(keys) == 1 else None
    except ValidationError:
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_example_is_judged_by_the_models_as_it_says(kind: Kind) -> None:
    judged = {sample.name: verdict(kind, sample.payload) for sample in samples(kind)}
    assert judged == {sample.name: sample.code for sample in samples(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_examples_hold_valid_and_invalid_ones_under_names_of_their_own(kind: Kind) -> None:
    assert len({sample.name for sample in samples(kind)}) == len(samples(kind))
    assert {sample.code is None for sample in samples(kind)} == {True, False}
    assert all(sample.why for sample in samples(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_examples_stand_one_a_line_in_plain_ascii(kind: Kind) -> None:
    lines = (FOLDER / f"{kind}.json").read_bytes().decode("ascii").splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    assert [json.loads(line.removesuffix(","))["name"] for line in lines[1:-1]] == [s.name for s in samples(kind)]


def test_examples_folder_holds_every_kind_and_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{kind}.json" for kind in KINDS}


def test_set_examples_are_many_and_fit_a_small_memory() -> None:
    assert len(samples("set")) >= 120
    assert (FOLDER / "set.json").stat().st_size < 72 * 1_024


def test_set_example_means_what_the_model_reads() -> None:
    for sample in samples("set"):
        means = json.loads(encode_set(decode_set(sample.payload))) if sample.code is None else None
        assert sample.means == means, sample.name


def test_set_example_names_the_key_that_hears_of_a_bad_field() -> None:
    for sample in samples("set"):
        assert sample.key == (answerable(sample) if sample.code is ErrorCode.INVALID else None), sample.name


@pytest.mark.parametrize("kind", KINDS)
def test_examples_that_are_json_cover_every_code_their_reader_gives(kind: Kind) -> None:
    codes = {sample.code for sample in samples(kind)}
    expected: dict[Kind, set[ErrorCode]] = {
        "availability": {ErrorCode.INVALID},
        "discovery": {ErrorCode.INVALID, ErrorCode.MALFORMED},
        "phone": {ErrorCode.INVALID, ErrorCode.MALFORMED, ErrorCode.TOO_LARGE, ErrorCode.UNKNOWN_TYPE},
        "bridge": {ErrorCode.INVALID, ErrorCode.MALFORMED, ErrorCode.UNKNOWN_TYPE},
    }
    assert codes - {None} == expected.get(kind, {ErrorCode.INVALID, ErrorCode.MALFORMED, ErrorCode.TOO_LARGE})
