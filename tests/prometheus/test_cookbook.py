"""The cookbook: questions, and queries that answer them."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.prometheus import promql
from tests.prometheus.serving import Server

COOKBOOK = (promql.ROOT / "prometheus" / "COOKBOOK.md").read_text(encoding="utf-8")


class Recipe(NamedTuple):
    """One question, its query, and the result that is printed with it."""

    number: int
    question: str
    query: str
    result: str


RECIPES = [
    Recipe(int(number), question, query.strip(), result)
    for number, question, query, result in re.findall(
        r"^## (\d+)\. (.*?)$.*?```promql\n(.*?)```.*?```text\n(.*?)```", COOKBOOK, re.DOTALL | re.MULTILINE
    )
]


def test_they_are_numbered() -> None:
    """Numbered through, each a question, and no heading without a query."""
    assert [recipe.number for recipe in RECIPES] == list(range(1, 23))
    assert len(re.findall(r"^## ", COOKBOOK, re.MULTILINE)) == 22
    assert all(recipe.question.endswith("?") for recipe in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe.number))
def test_it_answers(recipe: Recipe, server: Server) -> None:
    """It asks for what is published, brings something, and labelled as the printed result is."""
    assert promql.problems(recipe.query) == []
    answer = server.instant(recipe.query)

    assert answer.series
    shown = set(re.findall(r"(\w+)=", recipe.result))
    assert shown <= set(answer.series[0]["metric"])
