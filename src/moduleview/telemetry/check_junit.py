"""A check's findings as JUnit XML, which build servers read: a test case for each check."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from moduleview.telemetry.check_report import CheckReport, CheckTraits, is_fault, message_of
from moduleview.telemetry.records import Finding

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_to_junit(report: CheckReport) -> str:
    """One suite; a failure for each finding that counts against the model, information as output of its case."""
    cases = [(check, [f for f in report.findings if f.id == check.id]) for check in report.checks]
    n_failed = sum(any(map(is_fault, findings)) for _, findings in cases)
    n_skipped = sum(not check.was_run for check in report.checks)
    counts = {"tests": str(len(cases)), "failures": str(n_failed), "skipped": str(n_skipped)}
    counts["errors"] = "1" if report.failure else "0"
    if report.failure:
        counts["tests"] = str(len(cases) + 1)
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": _text(f"moduleview check {report.target}"), **counts})
    for check, findings in cases:
        _add_case(suite, check, findings)
    if report.failure:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "moduleview", "name": "training steps"})
        ElementTree.SubElement(case, "error", {"message": _text(report.failure)})
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False)


def _add_case(suite: ElementTree.Element, check: CheckTraits, findings: list[Finding]) -> None:
    case = ElementTree.SubElement(suite, "testcase", {"classname": "moduleview", "name": f"{check.id} {check.name}"})
    if not check.was_run:
        ElementTree.SubElement(case, "skipped", {"message": "It takes training steps."})
    faults = [finding for finding in findings if is_fault(finding)]
    if faults:  # readers expect one failure a case
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        failure = ElementTree.SubElement(
            case, "failure", {"type": faults[0].severity.value, "message": _text(message_of(faults[0]) + more)}
        )
        failure.text = _text("\n\n".join(map(_paragraph, faults)))
    notes = [finding for finding in findings if not is_fault(finding)]
    if notes:
        ElementTree.SubElement(case, "system-out").text = _text("\n\n".join(map(_paragraph, notes)))


def _paragraph(finding: Finding) -> str:
    parts = [message_of(finding), finding.source, *finding.evidence, finding.advice, finding.fix]
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
