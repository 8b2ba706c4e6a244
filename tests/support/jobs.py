"""Jobs to test with: prices made here, and a small notebook that forecasts from them."""

from __future__ import annotations

from pathlib import Path

import nbformat

from analysis.jobs.job import Job

PARAMETERS = """
coin = "bitcoin"
horizon = 3
fail = ""
prices_csv = "prices.csv"
output_csv = "forecast_output.csv"
"""
FORECAST = """
import csv
import datetime

with open(prices_csv, newline="") as file:
    rows = list(csv.DictReader(file))
if fail:
    raise ValueError(fail)
last = rows[-1]
day, price = datetime.date.fromisoformat(last["day"]), float(last["price_usd"])
with open(output_csv, "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["day", "value", "lower", "upper"])
    for step in range(1, horizon + 1):
        writer.writerow([day + datetime.timedelta(days=step), price, price * 0.5, price * 1.5])
print(f"forecast {coin}")
"""
PRICES = "day,price_usd\n2026-01-01,90000.5\n2026-01-02,91000\n2026-01-03,92000\n"
OUTPUT = b"day,value,lower,upper\n2026-01-04,92000,46000,138000\n"


def write_notebook(path: Path, *, parameters: str = PARAMETERS, code: str = FORECAST) -> Path:
    """Write a notebook of two cells, the first tagged `parameters`."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (parameters, code)]
    cells[0].metadata["tags"] = ["parameters"]
    document = nbformat.v4.new_notebook(cells=cells)
    path.write_text(nbformat.writes(document))
    return path


def make_job(folder: Path, **parameters: object) -> Job:
    """Return a job of that notebook in a folder, to which its output goes as well."""
    prices = folder / "given.csv"
    prices.write_text(PRICES)
    return Job(write_notebook(folder / "small.ipynb"), parameters, prices, folder / "out")
