"""``moduleview check``: what it finds in each bad sample, its exit status, and the forms that machines read."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import moduleview
from moduleview import cli
from moduleview.engine.check_command import run_check
from moduleview.errors import TaskError
from moduleview.introspect.structure_findings import all_checks
from moduleview.telemetry.records import Severity

BAD = sorted((Path(__file__).parents[1] / "bad_samples").glob("*.py"))
GOOD = ("digits", "transformer", "vanishing", "exploding")
KEYS = {"id", "tier", "severity", "fqn", "step", "rank", "message", "evidence", "fix", "source"}
NET = """
import torch
from torch import nn
print("printed while it opens")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(2, 2)]

    def forward(self, x):
        return self.layers[0](x)

net = Net()
"""


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a net.py"
    path.write_text(NET)
    return path


def checked(target: object, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    status = cli.main(["check", str(target), *options])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_fault_of_each_bad_sample_is_found_with_its_line_and_code(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = checked(path, capsys, "--json")
    assert status == 1
    planted = path.stem.partition("_")[0].upper()
    findings = [f for f in json.loads(out)["findings"] if f["severity"] != "information"]
    assert planted in {finding["id"] for finding in findings}
    assert {finding["id"] for finding in findings} <= {planted, "S7"}
    for finding in findings:
        assert not any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(_parsed(finding)))
        file, _, line = finding["source"].rpartition(":")
        assert Path(file) == path
        assert Path(file).read_text().splitlines()[int(line) - 1].strip()


def _parsed(finding: dict[str, str]) -> ast.Module:
    assert finding["fix"]
    return ast.parse(finding["fix"])


def test_every_check_has_a_bad_sample() -> None:
    assert {path.stem.partition("_")[0].upper() for path in BAD} == {check.id for check in all_checks()}


@pytest.mark.parametrize("name", GOOD)
def test_good_samples_have_no_fault(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = checked(f"sample:{name}", capsys, "--json")
    assert status == 0
    assert {finding["severity"] for finding in json.loads(out)["findings"]} <= {"information"}


def test_the_unregistered_sample_fails(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = checked("sample:unregistered", capsys)
    assert status == 1
    assert "self.hidden = nn.ModuleList([nn.Linear(width, width)])" in out


def test_json_has_what_was_promised_and_nothing_else_on_stdout(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(bad), "--json"]) == 1
    written = capsys.readouterr()
    assert "printed while it opens" in written.err
    (finding,) = json.loads(written.out)["findings"]
    assert finding.keys() == KEYS
    assert (finding["id"], finding["tier"], finding["severity"], finding["rank"]) == ("S1", "fact", "error", 0)


def test_sarif_names_rule_level_and_place(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = checked(bad, capsys, "--sarif")
    assert status == 1
    log = json.loads(out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in all_checks()]
    assert all(re.fullmatch(r"\w+", rule["name"]) and rule["fullDescription"]["text"] for rule in rules)
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("S1", "error")
    assert rules[result["ruleIndex"]]["id"] == "S1"
    assert result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20net.py"
    assert NET.splitlines()[place["region"]["startLine"] - 1].strip().startswith("self.layers")


def test_junit_has_a_case_for_each_check(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = checked(bad, capsys, "--junit")
    assert status == 1
    suite = ElementTree.fromstring(out).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == len(all_checks()) == int(suite.attrib["tests"])
    failed = [case.attrib["name"] for case in cases if case.find("failure") is not None]
    skipped = [case.attrib["name"].split()[0] for case in cases if case.find("skipped") is not None]
    assert failed == ["S1 Unregistered module"]
    assert skipped == [check.id for check in all_checks() if check.needs_steps]
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", str(len(skipped)))


def test_junit_has_what_the_schemas_of_ant_and_jenkins_ask_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read off windyroad's JUnit.xsd, the stricter of the two: what it requires, in its order, and nothing more."""
    path = tmp_path / "net.py"
    path.write_text(
        "from torch import nn\nfrom moduleview import TrainingTask\n"
        "net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))\nnet[1].weight = net[0].weight\n"
        "def step():\n    raise OSError('disk')\ntask = TrainingTask(net, step=step)\n"
    )
    status, out = checked(path, capsys, "--junit")
    assert status == 2
    suites = ElementTree.fromstring(out)
    assert (suites.tag, suites.attrib) == ("testsuites", {})
    (suite,) = suites
    needed = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}
    assert set(suite.attrib) == needed
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert suite.attrib["hostname"]
    assert float(suite.attrib["time"]) > 0
    n_cases = int(suite.attrib["tests"])
    assert [part.tag for part in suite] == ["properties", *["testcase"] * n_cases, "system-out", "system-err"]
    for case in suite.findall("testcase"):
        assert set(case.attrib) == {"classname", "name", "time"}
        assert [part.tag for part in case] in ([], ["skipped"], ["failure"], ["error"])
    assert all("type" in part.attrib for part in suite.iter() if part.tag in ("failure", "error"))
    assert suite.attrib["errors"] == str(len(list(suite.iter("error")))) == "1"
    assert "Tied parameters" in suite.findtext("system-out", "")
    assert "disk" in suite.findtext("system-err", "")


def test_names_that_xml_cannot_hold_are_written_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.py"
    path.write_text("from torch import nn\nnet = nn.Module()\nnet.__dict__['a\\x00<b>'] = nn.Linear(1, 1)\n")
    status, out = checked(path, capsys, "--junit")
    assert status == 1
    assert ElementTree.fromstring(out).find(".//failure") is not None


def test_information_is_listed_and_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.py"
    path.write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))\nnet[1].weight = net[0].weight\n"
    )
    status, out = checked(path, capsys)
    assert status == 0
    assert "information: S5 Tied parameters" in out


def test_without_steps_it_says_what_was_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    status, out = checked("sample:digits", capsys, "--steps", "0")
    assert status == 0
    assert "Not checked, since it takes training steps: S7, S8, S18." in out


def test_what_is_not_there_and_what_raises_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(tmp_path / "no.py")]) == 2
    path = tmp_path / "raises.py"
    path.write_text(
        "import torch\nfrom torch import nn\nfrom moduleview import TrainingTask\nnet = nn.Linear(2, 2)\n"
        "def step():\n    raise OSError('disk')\ntask = TrainingTask(net, step=step)\n"
    )
    assert cli.main(["check", str(path), "--json"]) == 2
    written = capsys.readouterr()
    assert "disk" in json.loads(written.out)["failure"]
    assert "raises.py" in written.err
    with pytest.raises(TaskError):
        run_check(str(_bare(tmp_path)), 3, "text")


def _bare(folder: Path) -> Path:
    path = folder / "bare.py"
    path.write_text("from torch import nn\nnet = nn.Linear(2, 2)\n")
    return path


def test_check_is_there_for_scripts() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert moduleview.check(model) == ()
    one, other = (torch.optim.SGD(part.parameters(), lr=0.1) for part in model)
    (finding,) = moduleview.check(model, one)
    assert isinstance(finding, moduleview.Finding)
    assert (finding.id, finding.fqn, finding.severity) == ("S3", "1", Severity.WARNING)
    assert moduleview.check(model, [one, other]) == ()
    with pytest.raises(TypeError, match=r"moduleview\.check\(\) takes an nn\.Module"):
        moduleview.check([model])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes optimizers of torch"):
        moduleview.check(model, [model])  # type: ignore[list-item]
