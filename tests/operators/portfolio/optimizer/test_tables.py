import math
import re
from pathlib import Path

import pytest

from market.messages import Solution
from operators.portfolio.optimizer.tables import PROBLEM, SOLUTION, problem_rows, solution_rows
from tests.operators.portfolio.optimizer.problems import a_problem, covariance_of

SCHEMA = Path(__file__).parents[4] / "sql" / "schema"

ANSWER = Solution(
    venue="", instrument="", time_ns=7, account="paper", request=3, rung="relaxed", reason="turnover by 0.1",
    names=("v|a", "v|b"), weights=(0.1, -0.2), duals={"gross": 0.01}, slack={"turnover": 0.1}, solver="CLARABEL",
    elapsed_ms=12.5,
)  # fmt: skip


@pytest.mark.parametrize(("file", "columns"), [("032_solutions.sql", SOLUTION), ("033_problems.sql", PROBLEM)])
def test_rows_have_the_columns_of_their_table(file, columns):
    found = re.findall(r"^    `?(\w+)`? .* comment '", (SCHEMA / file).read_text(), re.MULTILINE)
    assert found == list(columns)


def test_a_solution_is_one_row():
    (row,) = solution_rows([(ANSWER, "too old")], receive_time=9, offset=11).iter_rows(named=True)
    assert (row["request"], row["rung"], row["time"], row["receive_time"], row["offset"]) == (3, "relaxed", 7, 9, 11)
    assert row["refused"] == "too old"
    assert row["weights"] == [{"key": "v|a", "value": 0.1}, {"key": "v|b", "value": -0.2}]
    assert row["duals"] == [{"key": "gross", "value": 0.01}]
    assert row["slack"] == [{"key": "turnover", "value": 0.1}]


def test_a_problem_is_one_row_with_volatilities():
    problem = a_problem(3, limits={"gross": 1.0}, expected=(0.1, math.nan, 0.3))
    (row,) = problem_rows([problem], receive_time=9, offset=11).iter_rows(named=True)
    found = {pair["key"]: pair["value"] for pair in row["volatility"]}
    assert found == pytest.approx({f"v|{i}": math.sqrt(covariance_of(3)[i, i]) for i in range(3)})
    assert [pair["key"] for pair in row["expected"]] == ["v|0", "v|2"]
    assert row["clusters"][0] == {"key": "g0", "value": ["v|0"]}
    assert row["limits"] == [{"key": "gross", "value": 1.0}]


def test_a_malformed_problem_has_a_row_as_well():
    problem = a_problem(3, covariance=(1.0,), caps=(0.1,), groups={"g": (9,)})
    assert problem_rows([problem], receive_time=9, offset=11).height == 1


def test_no_messages_make_no_rows():
    assert solution_rows([], 0, 0).is_empty()
    assert problem_rows([], 0, 0).is_empty()
