import xml.etree.ElementTree as ET

from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.measure.junit import xml, xml_of_error
from presslight.mobile_sim.measure.result import conclude
from tests.mobile_sim.measure.test_result import PLAN, applied, tally_of


def test_run_within_budget_is_four_passed_cases() -> None:
    suite = ET.fromstring(xml(conclude(tally_of(*[applied(50)] * 100), PLAN, "b")))
    assert suite.attrib | {"tests": "4", "failures": "0", "errors": "0"} == suite.attrib
    assert len(suite.findall("testcase")) == 4
    assert not suite.findall("testcase/*")
    assert float(suite.findall("testcase")[1].attrib["time"]) == 0.05


def test_promise_that_was_broken_is_a_failure() -> None:
    suite = ET.fromstring(
        xml(conclude(tally_of(*[applied(50)] * 99, Journey("k", "l", PhoneStatus.OFFLINE)), PLAN, "b"))
    )
    assert suite.attrib["failures"] == "1"
    messages = [failure.attrib["message"] for failure in suite.findall("testcase/failure")]
    assert messages == ["99 of 100 presses were applied; the others: 1 offline"]


def test_run_that_says_nothing_is_all_errors() -> None:
    suite = ET.fromstring(xml(conclude(tally_of(*[applied(50)] * 100, late_ms=500), PLAN, "b")))
    assert (suite.attrib["errors"], len(suite.findall("testcase/error"))) == ("4", 4)


def test_bridge_that_was_not_there_is_all_errors_with_a_code() -> None:
    suite = ET.fromstring(xml_of_error("unreachable", "no bridge <here> & there"))
    errors = suite.findall("testcase/error")
    assert {error.attrib["type"] for error in errors} == {"unreachable"}
    assert {error.attrib["message"] for error in errors} == {"no bridge <here> & there"}
    assert len(errors) == 4
