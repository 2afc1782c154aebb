"""A check's findings as SARIF 2.1.0, which code hosts show beside the lines (OASIS, sarif-v2.1.0-os)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from moduleview import __version__
from moduleview.telemetry.check_report import CheckReport, CheckTraits, message_of, split_source
from moduleview.telemetry.records import Finding, Severity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"  # the name that code hosts know for the root of the checkout
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}


def check_to_sarif(report: CheckReport) -> dict[str, Any]:
    """One run, a rule for each check, a result for each finding."""
    rules = {check.id: number for number, check in enumerate(report.checks)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "moduleview",
                "version": __version__,
                "rules": [_rule(check) for check in report.checks],
            }
        },
        "results": [_result(finding, rules) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": _folder_uri(Path.cwd())}},
        "invocations": [{"executionSuccessful": not report.failure}],
    }
    if report.failure:
        run["invocations"][0]["toolExecutionNotifications"] = [{"level": "error", "message": {"text": report.failure}}]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: CheckTraits) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.name.split()),
        "shortDescription": {"text": check.name},
        "fullDescription": {"text": check.explanation},
    }


def _result(finding: Finding, rules: dict[str, int]) -> dict[str, Any]:
    lines = [message_of(finding), *finding.evidence, finding.advice]
    text = "\n".join(line for line in lines if line)
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{text}\n{finding.fix}" if finding.fix else text},
        "locations": [_location(finding)],
        "properties": {"tier": finding.tier.value, "fqn": finding.fqn, "fix": finding.fix},
    }
    if finding.id in rules:
        result["ruleIndex"] = rules[finding.id]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": finding.fqn or "(model)", "kind": "object"}]
    }
    file, line = split_source(finding.source)
    if file:
        location["physicalLocation"] = {
            "artifactLocation": _artifact(Path(file)),
            "region": {"startLine": max(line, 1)},
        }
    return location


def _artifact(file: Path) -> dict[str, str]:
    """Relative to the folder that the program runs in, where the file is below it."""
    absolute = Path(os.path.abspath(file))
    here = Path.cwd()
    if absolute.is_relative_to(here):
        return {"uri": quote(absolute.relative_to(here).as_posix()), "uriBaseId": _ROOT}
    return {"uri": absolute.as_uri()}


def _folder_uri(folder: Path) -> str:
    """It ends with a slash, as the standard asks for (3.14.14)."""
    uri = folder.as_uri()
    return uri if uri.endswith("/") else f"{uri}/"
