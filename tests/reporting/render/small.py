"""A small table, and how it reads in every format."""

from __future__ import annotations

from benchmark.reporting.statistics.estimate import Estimate
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table

SMALL = Table(
    name="small",
    caption="A caption.",
    columns=(
        Column("Dataset", ("dataset",)),
        Column(
            "L*90",
            ("lstar-90", "lstar-90 half width", "lstar-90 n", "lstar-90 id"),
            "right",
            "lstar-90",
        ),
        Column("MSE", ("mse", "mse half width", "mse n", "mse id"), "right", "mse", "min"),
    ),
    groups=(
        (
            Row(
                (
                    Cell("digits", raw=("digits",), marks=("‡",)),
                    Cell(
                        estimate=Estimate(8.0, 0.0, 3, whole=True),
                        raw=(8.0, 0.0, 3, "lstar-90"),
                        marks=("†",),
                    ),
                    Cell(
                        estimate=Estimate(0.0123, 0.0012, 3),
                        raw=(0.0123, 0.0012, 3, "mse"),
                        best=True,
                    ),
                ),
                ("key-1", "key-2"),
            ),
        ),
        (
            Row(
                (
                    Cell("a_b|c", raw=("a_b|c",)),
                    Cell("–", raw=(None, None, 0, None)),
                    Cell(
                        estimate=Estimate(1.2e-7, 3e-8, 2),
                        raw=(1.2e-7, 3e-8, 2, "mse"),
                        note="n = 2",
                    ),
                )
            ),
        ),
    ),
    notes=(Note("± plain."), Note("L* marked.", "†")),
    provenance=("protocol 1",),
)


LATEX = (
    r"""% small: needs \usepackage{booktabs}
% protocol 1
\begin{table}
\centering\footnotesize\setlength{\tabcolsep}{3.5pt}
\caption{A caption.}
\begin{tabular}{lrr}
\toprule
Dataset & $L^*_{90}$ & MSE $\downarrow$ \\
\midrule
digits\textsuperscript{$\ddagger$} & $8$\textsuperscript{$\dagger$} & """
    + r"""$\mathbf{0.0123} \pm 0.0012$ \\
\midrule
a\_b\textbar{}c & -- & $(1.20 \pm 0.30) \times 10^{-7}$ (n = 2) \\
\bottomrule
\end{tabular}
\par\smallskip{\footnotesize $\pm$ plain.\par}
\par\smallskip{\footnotesize \textsuperscript{$\dagger$}$L^*$ marked.\par}
\end{table}
"""
)


MARKDOWN = r"""A caption.

| Dataset | L\*90 | MSE ↓ |
| --- | ---: | ---: |
| digits‡ | 8† | **0.0123** ± 0.0012 |
| a\_b\|c | – | (1.20 ± 0.30) × 10⁻⁷ (n = 2) |

± plain.

† L\* marked.
"""


TEXT = """\
A caption.

Dataset  L*90                         MSE ↓

digits‡    8†              *0.0123 ± 0.0012

a_b|c       –  (1.20 ± 0.30) × 10⁻⁷ (n = 2)

± plain.
† L* marked.
"""


CSV = """\
dataset,lstar-90,lstar-90 half width,lstar-90 n,lstar-90 id,mse,mse half width,mse n,\
mse id,marks,runs
digits,8.0,0.0,3,lstar-90,0.0123,0.0012,3,mse,dataset: stale; lstar-90: by definition,key-1 key-2
a_b|c,,,0,,1.2e-07,3e-08,2,mse,,
"""


HTML = """\
<table class="bench-table">
<caption>A caption.</caption>
<thead>
<tr><th scope="col">Dataset</th><th scope="col" class="right">L*<sub>90</sub></th>\
<th scope="col" class="right">MSE ↓</th></tr>
</thead>
<tbody>
<tr title="key-1 key-2"><td>digits<sup>‡</sup></td><td class="right">8<sup>†</sup></td>\
<td class="right"><b>0.0123</b> ± 0.0012</td></tr>
</tbody>
<tbody>
<tr><td>a_b|c</td><td class="right">–</td>\
<td class="right">(1.20 ± 0.30) × 10<sup>-7</sup> (n = 2)</td></tr>
</tbody>
<tfoot>
<tr><td colspan="3">± plain.</td></tr>
<tr><td colspan="3"><sup>†</sup>L* marked.</td></tr>
</tfoot>
</table>
"""
