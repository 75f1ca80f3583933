"""A figure of a metric that nobody measured shows what may stand for it, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from reporting.making import record

from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.options import metric_vs_option
from benchmark.reporting.figures.sweeps import metric_vs_latent_dim
from benchmark.spec import BenchError, Record

FD_CNN = "fd-cnn[extractor=cnn-digits-419a384b,n=360,reference=360,split=test]"
FID = "fid[extractor=inception,n=360,reference=360,split=test]"


def runs(**values: float) -> list[Record]:
    return [
        record("grae", latent_dim=size, config={"beta": beta}, values=values)
        for size in (8, 16)
        for beta in (0.1, 1.0)
    ]


@pytest.mark.parametrize("draw", [metric_vs_option, metric_vs_latent_dim])
def test_fd_cnn_stands_in_for_fid_and_the_figure_says_so(
    draw: Callable[[Material], Figure], tmp_path: Path
) -> None:
    figure = draw(Material.of(runs(**{FD_CNN: 3.0, "mse": 0.5}), tmp_path, ["fid"]))
    assert figure.axes[0].get_ylabel().startswith("FD-CNN")
    note = figure.legends[0].get_title().get_text()
    assert note.replace("\n", " ") == "FD-CNN stands in for FID, which no run here has"
    with_both = {FD_CNN: 3.0, FID: 4.0}
    figure = draw(Material.of(runs(**with_both), tmp_path, ["fid"]))
    assert figure.axes[0].get_ylabel().startswith("FID")
    assert figure.legends[0].get_title().get_text() == ""
    with pytest.raises(BenchError, match="no finished run of this choice has the metric 'fid'"):
        draw(Material.of(runs(mse=0.5), tmp_path, ["fid"]))
