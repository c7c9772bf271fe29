#!/usr/bin/env python3
"""Adds up test reports and prints one summary line.

Usage: summarize.py NAME=FORMAT:STATUS:FILE ...

FORMAT is `junit` (ctest, fuzz.sh), `lit` (lit's --output JSON) or `status` (no
report: one test, which passed if STATUS is 0). STATUS is the runner's exit
status. A runner that failed without naming a failed test counts as one failed
test, so that a crash never looks like success.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

LIT_PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
LIT_SKIPPED = {"UNSUPPORTED", "SKIPPED"}
LIT_IGNORED = {"EXCLUDED"}  # left out by a filter

# What ctest writes for a test that skipped itself, or that is switched off. Its
# other "skipped" entries, such as a program that was never built, are failures.
CTEST_SKIPPED = ("SKIP_REGULAR_EXPRESSION_MATCHED", "SKIP_RETURN_CODE", "Disabled")


@dataclass
class Tally:
    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    def line(self) -> str:
        text = f"{self.passed} passed, {len(self.failures)} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def read_lit(path: str) -> Tally:
    tally = Tally()
    with open(path, encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    for test in tests:
        code = test["code"]
        if code in LIT_PASSED:
            tally.passed += 1
        elif code in LIT_SKIPPED:
            tally.skipped += 1
        elif code not in LIT_IGNORED:
            tally.failures.append(f"{test['name']} ({code})")
    return tally


def read_junit(path: str) -> Tally:
    tally = Tally()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?")
        if case.get("classname") not in (None, "", name):
            name = f"{case.get('classname')}.{name}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failures.append(name)
        elif skipped is None:
            tally.passed += 1
        else:
            # Only ctest gives a testcase a status.
            reason = skipped.get("message") or "not run"
            if case.get("status") is None or reason.startswith(CTEST_SKIPPED):
                tally.skipped += 1
            else:
                tally.failures.append(f"{name} ({reason})")
    return tally


def read_report(spec: str) -> tuple[str, Tally]:
    name, _, rest = spec.partition("=")
    kind, status, path = rest.split(":", 2)
    tally = Tally()
    if kind == "status":
        tally.passed = int(status == "0")
    else:
        try:
            tally = {"lit": read_lit, "junit": read_junit}[kind](path)
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
            tally.failures.append(f"{name}: no usable report: {error}")
    if status != "0" and not tally.failures:
        tally.failures.append(f"{name}: exit status {status}")
    return name, tally


def main(specs: list[str]) -> int:
    total = Tally()
    for name, tally in map(read_report, specs):
        print(f"{name:<7} {tally.line()}")
        total.passed += tally.passed
        total.skipped += tally.skipped
        total.failures += tally.failures
    if total.failures:
        print("\nfailed:")
        for failure in total.failures:
            print(f"  {failure}")
    print()
    print(total.line())
    return 1 if total.failures or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
