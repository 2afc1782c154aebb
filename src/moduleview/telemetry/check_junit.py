"""A check's findings as JUnit XML, which build servers read: a test case for each check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from moduleview.telemetry.check_report import CheckReport, CheckTraits, is_fault, message_of
from moduleview.telemetry.records import Finding

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_to_junit(report: CheckReport) -> str:
    """One suite; a failure for each check that found something, information as the suite's output.

    It has what the schemas of Ant and of Jenkins ask for; no time is measured for a single check.
    """
    cases = [(check, [f for f in report.findings if f.id == check.id]) for check in report.checks]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", _traits(report, cases))
    ElementTree.SubElement(suite, "properties")
    for check, findings in cases:
        _add_case(suite, check, [finding for finding in findings if is_fault(finding)])
    if report.failure:
        case = _case(suite, "training steps")
        ElementTree.SubElement(case, "error", {"type": "failed step", "message": _text(report.failure)})
    notes = [finding for finding in report.findings if not is_fault(finding)]
    ElementTree.SubElement(suite, "system-out").text = _text("\n\n".join(map(_paragraph, notes)))
    ElementTree.SubElement(suite, "system-err").text = _text(report.failure)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False)


def _traits(report: CheckReport, cases: Sequence[tuple[CheckTraits, Sequence[Finding]]]) -> dict[str, str]:
    began = datetime.fromtimestamp(report.began_s, tz=UTC)
    return {
        "name": _text(f"moduleview check {report.target}"),
        "package": "moduleview",
        "id": "0",
        "timestamp": began.strftime("%Y-%m-%dT%H:%M:%S"),  # the schema has no place for a time zone
        "hostname": _text(report.host),
        "tests": str(len(cases) + bool(report.failure)),
        "failures": str(sum(any(map(is_fault, findings)) for _, findings in cases)),
        "errors": str(int(bool(report.failure))),
        "skipped": str(sum(not check.was_run for check in report.checks)),
        "time": f"{report.took_s:.3f}",
    }


def _add_case(suite: ElementTree.Element, check: CheckTraits, faults: Sequence[Finding]) -> None:
    case = _case(suite, f"{check.id} {check.name}")
    if not check.was_run:
        ElementTree.SubElement(case, "skipped", {"message": "It takes training steps."})
    elif faults:  # readers expect one failure a case
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        failure = ElementTree.SubElement(
            case, "failure", {"type": faults[0].severity.value, "message": _text(message_of(faults[0]) + more)}
        )
        failure.text = _text("\n\n".join(map(_paragraph, faults)))


def _case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", {"classname": "moduleview", "name": name, "time": "0"})


def _paragraph(finding: Finding) -> str:
    parts = [message_of(finding), finding.source, *finding.evidence, finding.advice, finding.fix]
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
