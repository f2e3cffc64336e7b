"""Products at every lag against plain sums, and peaks between samples."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.masked_correlation import lag_products, refine_peak


def test_products_and_variances_are_the_plain_sums() -> None:
    rng = np.random.default_rng(0)
    part, around = rng.standard_normal(50), rng.standard_normal(80)
    products, variances = lag_products(part, around)
    np.testing.assert_allclose(products, [part @ around[i : i + 50] for i in range(31)], atol=1e-9)
    np.testing.assert_allclose(variances, [part**2 @ around[i : i + 50] ** 2 for i in range(31)], atol=1e-9)


def test_the_quotient_of_noise_has_unit_variance_wherever_half_is_masked() -> None:
    rng = np.random.default_rng(1)
    part, around = rng.standard_normal(2000), rng.standard_normal(22000)
    around[:11000] *= rng.random(11000) < 0.1
    products, variances = lag_products(part, around)
    quotient = products / np.sqrt(variances)
    assert quotient[:8000].std() == pytest.approx(1, abs=0.1)
    assert quotient[-8000:].std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("place", [4.0, 4.3, 3.6])
def test_a_parabolas_peak_is_found_between_samples(place: float) -> None:
    values = 5 - (np.arange(9) - place) ** 2
    assert refine_peak(values, int(values.argmax())) == pytest.approx(place)


@pytest.mark.parametrize("index", [0, 8], ids=["first", "last"])
def test_at_the_edge_the_sample_itself_is_the_answer(index: int) -> None:
    assert refine_peak(np.arange(9.0), index) == index
