"""How much each clock's rate wanders, from the residuals: straight unless they ask for more.

The likelihood of a random walk of the rate is compared with that of a straight line on a grid of strengths, and the
mean power of the walk by these odds is taken. A line that fits stays straight, because a bend that noise explains
would only add error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from weft.core import NS_PER_S
from weft.sync.solver.drift_prior import WANDER, drift_prior
from weft.sync.solver.joint_fit import Problem

STRENGTHS = (3e-9, 1e-8, 3e-8, 1e-7, 3e-7, 1e-6)
"""Per √s, from a clock in a steady room to one that warms up by 30 ppm in minutes."""

STRAIGHT = 1.0
"""In nats, how much likelier a straight clock is than one that wanders, before any evidence: set with SPREAD so that
simulated clocks of both kinds are covered as often as is said (``benchmarks/bench_coverage.py``)."""

LEAST_ODDS = 1.0
"""Below, a clock is called straight: a map with needless bends is harder to read."""

SPREAD = 1.6
"""Of the natural logarithm of the strength, around ``WANDER``: a factor of five either way."""

MOST_SPANS = 32
LEAST_SPAN_NS = 15 * NS_PER_S
MOMENTS_A_SPAN = 3


def spans_for(count: int, length_ns: int) -> int:
    """Into how many spans so many moments over such a length can be divided; 1 where a bend could not be told."""
    spans = int(min(MOST_SPANS, count // MOMENTS_A_SPAN, length_ns // LEAST_SPAN_NS))
    return spans if spans >= 4 else 1


def find_wander(bendable: Callable[[Mapping[str, float]], Problem], order: list[str]) -> dict[str, float]:
    """By clock, the strength of its wander; clocks that are straight are not named.

    Parameters
    ----------
    bendable
        Makes the problem, with knots where bends may be, for strengths by clock.
    order
        The clocks that may bend, those nearest the reference first.
    """
    if not order:
        return {}
    loose = bendable({name: STRENGTHS[4] for name in order})
    loose.trust()
    values, _, _ = loose.solve()
    for _ in range(3):
        loose.reweigh(values)
        values, _, _ = loose.solve()
    found: dict[str, float] = {}
    for name in order:
        straight = _likelihood(loose, found)
        gains = np.array([_likelihood(loose, {**found, name: q}) - straight - _surprise(q) for q in STRENGTHS])
        odds = np.exp(np.minimum(gains - STRAIGHT, 500.0))
        # Strengths that the evidence cannot tell apart count by their odds; one alone would be too sure of itself.
        if odds.sum() < LEAST_ODDS:
            continue
        power = float((odds * np.square(STRENGTHS)).sum() / (1.0 + odds.sum()))
        found[name] = float(np.sqrt(power))
    return found


def _surprise(strength: float) -> float:
    """How unlikely a strength is before any evidence, in nats."""
    return 0.5 * float(np.log(strength / WANDER) / SPREAD) ** 2


def _likelihood(problem: Problem, wander: Mapping[str, float]) -> float:
    """The logarithm of the probability of the evidence, but for a constant."""
    problem.wander = wander
    values, _, information = problem.solve()
    _, _, spread = drift_prior(problem.clocks, problem.count, wander=wander, habits=problem.habits)
    misfit = sum(problem.misfit(index, values) for index in range(len(problem.rows)))
    misfit += problem.prior_misfit(values)
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    _, volume = np.linalg.slogdet(information / scale[:, None] / scale[None, :])
    return -0.5 * (misfit + float(volume) + 2.0 * float(np.log(scale).sum()) + spread)
