"""A result as JUnit XML, for CI systems: one test case per promise."""

import xml.etree.ElementTree as ET

from presslight.mobile_sim.measure.result import Check, Result

SUITE = "presslight measure"
NAMES = {
    "press_to_light": "press to light is within the budget at p99",
    "press_to_confirmation": "press to confirmation is within the budget at p99",
    "last_words": "every press has a last word",
    "applied": "every press was applied",
}


def xml(result: Result) -> str:
    """One test case per check; all of them are errors if the run was too late to say anything."""
    failures = 0 if result.verdict == "unmeasured" else sum(not check.passed for check in result.checks)
    suite = _suite(len(result.checks), failures, len(result.checks) if result.verdict == "unmeasured" else 0)
    for check in result.checks:
        case = _case(suite, check.name, _seconds(result, check))
        if result.verdict == "unmeasured":
            ET.SubElement(case, "error", message=result.notes[0])
        elif not check.passed:
            ET.SubElement(case, "failure", message=check.text)
    ET.SubElement(suite, "system-out").text = result.model_dump_json(indent=2)
    return _written(suite)


def xml_of_error(code: str, text: str) -> str:
    """Nothing could be measured at all."""
    suite = _suite(len(NAMES), 0, len(NAMES))
    for name in NAMES:
        ET.SubElement(_case(suite, name, 0), "error", type=code, message=text)
    return _written(suite)


def _suite(tests: int, failures: int, errors: int) -> ET.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors}
    return ET.Element("testsuite", {"name": SUITE} | {name: str(count) for name, count in counts.items()})


def _case(suite: ET.Element, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=SUITE, name=NAMES[name], time=f"{seconds:.4f}")


def _seconds(result: Result, check: Check) -> float:
    figures = {
        "press_to_light": result.press_to_light,
        "press_to_confirmation": result.press_to_confirmation,
    }.get(check.name)
    return figures.p99 / 1_000 if figures else 0


def _written(suite: ET.Element) -> str:
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
