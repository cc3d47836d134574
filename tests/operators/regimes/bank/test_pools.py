import numpy as np
import pytest

from operators.regimes.bank import pools
from operators.regimes.bank.stack import GARCH, LINEAR, NONE, stack

POOLS = {
    "two volatilities": (pools.volatilities(2), (2,)),
    "three volatilities": (pools.volatilities(3), (3,)),
    "two directions": (pools.directions(2), (2,)),
    "three directions": (pools.directions(3), (3,)),
    "dynamics": (pools.dynamics(), (3,)),
    "volatility and trend": (pools.volatility_and_trend(), (4,)),
    "four time scales": (pools.four_timescales(), (2, 2, 2, 2)),
}
TEMPLATES = [(template, labels) for pool, labels in POOLS.values() for template in pool]
each = pytest.mark.parametrize(("template", "labels"), TEMPLATES, ids=[template.name for template, _ in TEMPLATES])


def anywhere(template, seed=0):
    """Parameters drawn from all of their ranges."""
    random = np.random.default_rng(seed)
    return [random.uniform(parameter.low, parameter.high) for parameter in template.parameters]


@each
def test_parameters_begin_within_their_ranges(template, labels):
    for parameter in template.parameters:
        assert parameter.low <= parameter.mean <= parameter.high
        assert parameter.sd > 0
    assert [parameter.name for parameter in template.parameters][:2] == ["scale", "tail"]
    assert len({parameter.name for parameter in template.parameters}) == len(template.parameters)


@each
def test_every_state_has_a_label_in_every_view(template, labels):
    assert [len(row) for row in template.labels] == [template.states] * len(labels)
    assert all(0 <= label < count for row, count in zip(template.labels, labels, strict=True) for label in row)


@each
def test_chains_have_as_many_states_as_the_template(template, labels):
    assert int(np.prod([len(chain.stays) for chain in template.chains])) == template.states
    for chain in template.chains:
        for k, routes in enumerate(chain.routes):
            assert [sum(route) for route in routes] == [1.0, 1.0]
            assert [route[k] for route in routes] == [0.0, 0.0]  # a state that is left is left


@pytest.mark.parametrize("count", [2, 3])
def test_volatilities_never_change_their_order(count):
    for template in pools.volatilities(count):
        for seed in range(20):
            assert (np.diff(template.table(template.log_scale) @ anywhere(template, seed)) > 0).all()


@pytest.mark.parametrize("count", [2, 3])
def test_a_bear_falls_and_a_bull_rises_whatever_is_learned(count):
    for template in pools.directions(count):
        for seed in range(20):
            mean = template.table(template.mean) @ anywhere(template, seed)
            assert mean[0] < 0 < mean[-1]


def test_what_reverts_leans_against_the_past_whatever_is_learned():
    for template in pools.dynamics():
        slope = template.table(template.slope) @ anywhere(template)
        if template.tied:
            assert slope[0] < 0
        if template.name in {"autoregression", "momentum"}:
            assert slope[0] < slope[1] < slope[2]


def test_a_stack_keeps_templates_of_different_sizes_apart():
    pool, labels = POOLS["two volatilities"]
    made = stack(pool, labels)
    for number, template in enumerate(pool):
        states, d, chains, phases, manner, first = made.size[number]
        assert (states, d, phases) == (template.states, len(template.parameters), template.phases)
        assert chains == len(template.chains)
        assert manner == (GARCH if template.garch else LINEAR)
        assert first == (template.index("shock") if template.garch else 0)
        assert made.log_scale[number, :states, :d].tolist() == template.table(template.log_scale).tolist()
        assert not made.log_scale[number, states:].any()
        assert not made.prior[number, d:].any()
        assert made.labels[number, 0, :states].tolist() == list(template.labels[0])
        assert (made.turns[number] == NONE).all()
