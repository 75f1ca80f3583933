"""The report in headless Chromium: it renders, sorts, filters, is quiet on the console, asks
nothing of the network, and fits narrow screens.

Slow, and skipped where Chromium, its driver or selenium is missing (Debian: ``apt-get install
chromium chromium-driver``; ``pip install selenium``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reporting.making import record
from reporting.report.site_records import full, hostile, pictured, written

from benchmark.reporting.report import drawings
from benchmark.reporting.report.folder import write
from benchmark.reporting.report.site import site

pytestmark = pytest.mark.slow

FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium or no chromedriver on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, records = tmp_path_factory.mktemp("made"), [*full(), *hostile()]
    results = written(folder / "runs", records)
    pictured(results, record(seed=0, values={"mse": 0.5}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            drawings, "FIGURES", {"metric-vs-latent-dim": "a metric against the latent size"}
        )
        write(folder / "report", site(records, results))
    return folder / "report"


def show(browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.get(path.as_uri())


def column(browser: Any, table: str, index: int) -> list[str]:
    """The texts of one column of the rows that are shown, from above."""
    script = (
        "return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].filter(r => "
        "!r.hidden).map(r => r.cells[arguments[1]].innerText)"
    )
    return [text.strip() for text in browser.execute_script(script, table, index)]


def press(browser: Any, table: str, heading: str) -> str:
    """Press a heading with the keyboard, as Enter on a focused button does; the sort order it then
    has."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    heads = browser.find_elements(By.CSS_SELECTOR, f"#{table} thead th")
    head = next(cell for cell in heads if cell.text.startswith(heading))
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    return head.get_attribute("aria-sort")


def every_page(report: Path) -> list[Path]:
    return [report / "index.html", *sorted((report / "runs").iterdir())]


def test_pages_load_quietly_and_ask_for_nothing(browser: Any, report: Path) -> None:
    browser.get_log("performance"), browser.get_log("browser")
    for path in every_page(report):
        show(browser, path)
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {
        request["params"]["request"]["url"]
        for request in requests
        if request["method"] == "Network.requestWillBeSent"
    }
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {
        path.as_uri() for path in every_page(report)
    }
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.className") == "js"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400, 320])
def test_no_page_scrolls_sideways(browser: Any, report: Path, width: int, scheme: str) -> None:
    for path in every_page(report):
        show(browser, path, width, scheme)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, (
            path.name
        )


def test_light_and_dark_differ(browser: Any, report: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        show(browser, report / "index.html", scheme=scheme)
        grounds.append(
            browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        )
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]


def test_columns_sort_by_value_with_the_keyboard_and_come_back(browser: Any, report: Path) -> None:
    show(browser, report / "index.html")
    before = column(browser, "table-summary", 4), column(browser, "table-summary", 6)
    assert press(browser, "table-summary", "MSE") == "ascending"
    rising = column(browser, "table-summary", 6)
    assert (
        rising[0].startswith("1.000 × 10") and rising[1] == "0.1000"
    )  # 1e-9 before 0.1: by value, not by text
    last = len([text for text in before[1] if not any(digit in text for digit in "0123456789")])
    assert last and not any(any(digit in text for digit in "0123456789") for text in rising[-last:])
    assert press(browser, "table-summary", "MSE") == "descending"
    falling = column(browser, "table-summary", 6)
    assert (
        falling[: len(falling) - last] != rising[: len(falling) - last]
        and falling[-last:] == rising[-last:]
    )
    assert press(browser, "table-summary", "MSE") == "none"
    assert (column(browser, "table-summary", 4), column(browser, "table-summary", 6)) == before


def test_rows_are_found_by_words_and_by_choice(browser: Any, report: Path) -> None:
    from selenium.webdriver.common.by import By

    show(browser, report / "index.html")
    form = browser.find_element(By.CSS_SELECTOR, "#runs form")
    total = len(column(browser, "runs", 1))
    form.find_element(By.TAG_NAME, "input").send_keys("DIGITS pca")
    assert (
        column(browser, "runs", 1) == ["pca", "pca"]
        and form.find_element(By.TAG_NAME, "output").text == f"2 of {total} rows"
    )
    form.find_element(By.TAG_NAME, "input").clear()
    browser.execute_script(
        "const s = document.querySelector('#runs select:last-of-type') && "
        "[...document.querySelectorAll('#runs select')].at(-1);"
        "s.value = 'killed'; s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert column(browser, "runs", 4) == ["killed"]


def test_the_first_tab_skips_to_the_content(browser: Any, report: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, report / "index.html")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.execute_script("return document.activeElement.id") == "main"


def test_print_unfolds_everything_and_leaves_the_tools_out(browser: Any, report: Path) -> None:
    show(browser, report / "index.html")
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert (
        browser.execute_script("return document.querySelectorAll('details:not([open])').length")
        == 0
    )
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script("return document.querySelectorAll('details[open]').length") == 0
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert (
        browser.execute_script("return getComputedStyle(document.querySelector('.tools')).display")
        == "none"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
