"""The page of rules is honest: what it calls kept or core is cited by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([A-Z]\d+) \| .* \| (\w+) \|$", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.MULTILINE
)
TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name
)


@pytest.mark.parametrize(("rule", "state"), ROWS)
def test_what_is_said_to_be_built_is_named_by_a_test(rule: str, state: str) -> None:
    assert state in ("kept", "core", "later")
    if state != "later":
        assert re.search(rf"\b{rule}\b", TESTS), f"{rule} is called {state}, and no test names it."


def test_every_rule_stands_once() -> None:
    names = [rule for rule, _ in ROWS]
    assert len(names) == len(set(names)) == 78
