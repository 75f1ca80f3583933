"""The README's script of ten lines works as it stands, on images of one's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def script() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return block


def test_own_images_three_methods_a_table_and_codes_into_scikit_learn(tmp_path: Path) -> None:
    """On 80 images of two classes; with the smoke budget in the place of the default one."""
    text = script()
    assert len([line for line in text.splitlines() if line]) == 10
    assert "latent_dims=[8])" in text
    short = text.replace("latent_dims=[8])", "latent_dims=[8], budget='smoke', batch_size=16)")
    (tmp_path / "script.py").write_text(short, encoding="utf-8")
    stream = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for index in range(40):
            pixels = stream.integers(level - 40, level + 40, (12, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index:02}.png")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = done.stdout.split("\n")
    assert [line.split()[0] for line in lines[2:5]] == ["grae", "pca", "vae"]
    assert float(lines[5]) == 1.0  # dark and light are told apart by their codes
    assert len(list((tmp_path / "results" / "runs").glob("*/record.json"))) == 3
