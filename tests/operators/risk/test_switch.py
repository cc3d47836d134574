import math

import pytest

from operators.risk.switch import Switch, SwitchState, obey, watch
from tests.operators.portfolio.decision_stream import command

START = Switch(peak_equity=1000.0)


def follow(*equities, switch=START, flat=False):
    said = []
    for equity in equities:
        switch, events = watch(switch, equity, is_flat=lambda: flat, max_drawdown=0.1)
        said += [event.event for event in events]
    return switch, said


def test_warning_comes_once_at_four_fifths_and_reducing_at_the_limit():
    switch, said = follow(921.0, 919.0, 918.0, 930.0, 915.0, 901.0, 899.0, 800.0)
    assert said == ["warning", "reducing"]
    assert switch.state is SwitchState.REDUCING


def test_a_new_peak_is_what_drawdown_counts_from():
    _, said = follow(2000.0, 1850.0, 1839.0)
    assert said == ["warning"]


def test_reducing_ends_halted_once_flat_and_never_active_by_itself():
    switch, _ = follow(899.0)
    for equity in (1e6, 100.0, 1000.0):
        assert follow(equity, switch=switch)[0].state is SwitchState.REDUCING
    switch, said = follow(5000.0, 6000.0, switch=switch, flat=True)
    assert (switch.state, said) == (SwitchState.HALTED, ["halted"])


def test_an_account_without_positions_is_halted_at_once():
    assert follow(899.0, flat=True)[1] == ["reducing", "halted"]


def test_only_a_command_leads_back_and_the_peak_starts_anew():
    switch, _ = follow(899.0, flat=True)
    switch, (event,) = obey(switch, command(1, "resume"), 899.0)
    assert (switch, event.event, event.reason) == (Switch(899.0), "resumed", "a person")
    assert follow(850.0, switch=switch)[1] == []


@pytest.mark.parametrize("equity", [0.0, -1.0, math.nan, math.inf])
def test_resume_needs_positive_equity(equity):
    halted = START._replace(state=SwitchState.HALTED)
    switch, (event,) = obey(halted, command(1, "resume"), equity)
    assert (switch.state, event.event) == (SwitchState.HALTED, "refused")


def test_a_person_may_halt_and_reduce_at_any_time():
    for state in SwitchState:
        assert obey(START._replace(state=state), command(1, "halt"), 1.0)[0].state is SwitchState.HALTED
        assert obey(START._replace(state=state), command(1, "reduce"), 1.0)[0].state is SwitchState.REDUCING


def test_equity_that_is_not_finite_moves_nothing():
    assert follow(math.nan, math.inf) == (START, [])


def test_reducing_may_begin_before_the_limit_so_that_closing_still_fits():
    switch, said = START, []
    for equity in (921.0, 919.0, 906.0, 904.0, 950.0):
        switch, events = watch(switch, equity, is_flat=lambda: False, max_drawdown=0.1, reducing_share=0.95)
        said += [(event.event, event.values["equity"]) for event in events]
    assert said == [("warning", 919.0), ("reducing", 904.0)]
    assert switch.state is SwitchState.REDUCING
