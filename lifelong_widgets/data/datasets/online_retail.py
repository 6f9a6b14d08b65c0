"""Online Retail II: two years of a British gift shop's invoices."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lifelong_widgets.data import frames, limits
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fetching import cache_folder
from lifelong_widgets.data.datasets.fields import SHOP_KINDS
from lifelong_widgets.data.datasets.sources import Source, Tables, find, need
from lifelong_widgets.data.display import shorten
from lifelong_widgets.data.limits import PathLike, shown
from lifelong_widgets.data.parquet_files import need_pyarrow
from lifelong_widgets.data.tables import read_csv, read_parquet
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError, MissingExtraError
from lifelong_widgets.files import replacing

_COLUMNS = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID")
_PRODUCT = r"\d{5}[A-Za-z]*"  # other stock codes are postage, fees, samples, adjustments


def online_retail_ii(folder: PathLike | None = None, sha256: str | None = None) -> Dataset:
    """Online Retail II (UCI): purchases and cancellations. Fetched (46 MB), or from a folder.

    A folder holds ``online_retail_II.xlsx`` (reading it needs openpyxl and takes minutes, once), the same as
    ``.csv``, or ``events.parquet`` and ``items.parquet``. Lines without a customer, and stock codes that are
    no product (postage, fees), are left out. The value of an event is money, quantity times price; a purchase
    does not use a product up. All lines of an invoice have its minute.

    Args:
        folder: where the files are; None to fetch them.
        sha256: of the zip file, in place of the one that three independent users of this file published.

    Raises:
        DataError: the folder or a column is missing, or UCI cannot be reached.
        FormatError: a file cannot be read.
        MissingExtraError: an Excel file, and openpyxl or pyarrow is not installed.
    """
    return _SOURCE.load(folder, sha256)


def _canonical(place: Path) -> Tables:
    file = find(place, "online_retail*.csv", "online_retail*.xlsx", "Online*Retail*.xlsx")[0]
    lines = read_csv(file) if file.suffix == ".csv" else _read_workbook(file)
    need(lines, _COLUMNS, file)
    codes = lines["StockCode"].astype("str").str.strip()
    lines = lines[lines["Customer ID"].notna() & codes.str.fullmatch(_PRODUCT)].assign(StockCode=codes)
    quantity = frames.numbers(lines["Quantity"])
    events = pd.DataFrame(
        {
            "user": lines["Customer ID"].astype("str").str.removesuffix(".0"),
            "item": lines["StockCode"],
            "timestamp": frames.seconds(lines["InvoiceDate"]),
            "event": np.where(quantity > 0, "purchase", "cancel"),
            "quantity": quantity,
            "price": frames.numbers(lines["Price"]),
        }
    )
    titles = lines["Description"].astype("str").str.strip().groupby(lines["StockCode"], sort=True)
    items = titles.agg(lambda column: column.value_counts().index[0])  # the title that is used most
    return events, pd.DataFrame({"item": items.index, "title": items.to_numpy()})


def _read_workbook(file: Path) -> pd.DataFrame:
    """The lines of a workbook; those of one that was read before are kept in the cache."""
    limits.checked_file(file)
    need_pyarrow("keeping what a workbook holds as")
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    kept = cache_folder() / "online-retail-ii" / f"lines-{digest[:32]}.parquet"
    if kept.is_file():
        return read_parquet(kept)
    lines = _parsed(file)
    with contextlib.suppress(OSError, LifelongWidgetsError):  # a cache is no necessity
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept) as unfinished:
            lines.to_parquet(unfinished)
    return lines


def _parsed(file: Path) -> pd.DataFrame:
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError(
            f"reading {shown(file)} needs openpyxl: pip install openpyxl (or convert it to .csv)"
        ) from None
    rows: list[tuple[object, ...]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles, which nobody needs here
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            rows.extend(_rows(file, sheet.iter_rows(values_only=True)))
        book.close()
    except (FormatError, DataError):
        raise
    except Exception as error:  # a damaged workbook raises whatever its XML leads to
        raise FormatError(f"{shown(file)} is no readable workbook: {shorten(str(error), 200)}") from None
    lines = pd.DataFrame(rows, columns=list(_COLUMNS))
    lines["InvoiceDate"] = frames.seconds(lines["InvoiceDate"])
    for name in ("Quantity", "Price"):
        lines[name] = frames.numbers(lines[name])
    for name in ("Invoice", "StockCode", "Description", "Customer ID"):
        lines[name] = lines[name].map(frames.text).replace("", None).astype("str")
    return lines


def _rows(file: Path, sheet: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    """The cells of the known columns, sheet by sheet; both sheets have the same header."""
    header = [str(name) for name in next(sheet, ())]
    need(pd.DataFrame(columns=header), _COLUMNS, file)
    places = [header.index(name) for name in _COLUMNS]
    for number, row in enumerate(sheet):
        limits.check_shape(file, number, len(header))
        yield tuple(row[place] if place < len(row) else None for place in places)


def _tidy(events: pd.DataFrame, items: pd.DataFrame) -> Tables:
    need(events, ("quantity", "price"), Path("events.parquet"))
    need(items, ("title",), Path("items.parquet"))
    money = frames.numbers(events["quantity"]) * frames.numbers(events["price"])
    log = events[["user", "item"]].assign(time=events["timestamp"], kind=events["event"], value=money)
    return log, items[["item"]].assign(title=items["title"].str.strip())


_SOURCE = Source(
    name="online-retail-ii",
    what="Online Retail II: purchases and cancellations at a British gift shop, 2009 to 2011.",
    licence="CC BY 4.0; may be used and passed on with attribution.",
    cite="D. Chen, Online Retail II. UCI Machine Learning Repository, 2019. doi:10.24432/C5CG6D.",
    page="https://archive.ics.uci.edu/dataset/502/online+retail+ii",
    kinds=SHOP_KINDS,
    texts=(),
    canonical=_canonical,
    tidy=_tidy,
    urls={"online_retail_ii.zip": "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"},
    # UCI publishes none; three independent public projects report this one
    sha256={"online_retail_ii.zip": "572e36277c2390fbfde10664750731e0a86f55e33470d91919085f0408e67bfb"},
    member=lambda path: path.suffix == ".xlsx",
)
