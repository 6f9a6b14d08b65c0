"""A shop whose customers fill baskets: what goes together, what is bought again, what is too dear."""

from __future__ import annotations

from collections import deque

import numpy as np

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import SHOP_KINDS
from lifelong_widgets.data.datasets.worlds.world import Rows, Vector, World, read_words, sigmoid

_LAST = 4  # purchases that a complement looks back at
_COMPLEMENT, _OWNED, _AGAIN = 2.0, -2.5, 1.0


class ShopWorld(World):
    """Customers, each with a taste for departments and styles and a sensitivity to prices.

    What goes with one of a customer's last four purchases is worth 2 more to them; a second piece of what
    lasts 2.5 less; what is used up, 1 more if it is the very item they bought before. The better they like
    what they took, the likelier it is bought rather than put into the basket or only viewed. The `value` of a
    purchase is the price.
    """

    name = "shop-world"
    kinds = SHOP_KINDS

    def __init__(self, seed: int = 0, n_people: int = 200) -> None:
        products = read_words("products.csv")
        self._products = {row[0]: number for number, row in enumerate(products)}
        self._used_up = np.array([row[3] == "again" for row in products])
        self._goes = np.zeros((len(products), len(products)), dtype=bool)  # [bought, goes with it]
        for number, row in enumerate(products):
            self._goes[number, [self._products[other] for other in row[4].split(", ")]] = True
        catalog = Catalog.from_records(_stock(products), text=("description", "product", "price"))
        super().__init__(catalog, sorted(catalog.categories), seed, n_people, "customer")
        self._thrift = self._rng.gamma(2.0, 0.25, n_people)
        self._past = [_Customer() for _ in self.people]
        self._sync()

    def _read(self, item: Item) -> tuple[float, float]:
        price = item.texts.get("price", "")
        known = self._products.get(item.texts.get("product", ""), -1)
        return float(known), float(price) if price.replace(".", "", 1).isdigit() else 10.0

    def _context(self, row: int, items: Rows) -> Vector:
        past, product, price = self._past[row], self._facts[items, 0].astype(int), self._facts[items, 1]
        added: Vector = -self._thrift[row] * np.log(np.maximum(price, 0.01) / 10.0)
        known = product >= 0
        wanted = np.flatnonzero(self._goes[list(past.last)].sum(axis=0))
        added += _COMPLEMENT * np.isin(product, wanted)
        owned = np.isin(product, list(past.products)) & known & ~self._used_up[product]
        added += _OWNED * owned
        added += _AGAIN * (np.isin(items, list(past.items)) & known & self._used_up[product])
        return added

    def _reactions(self, row: int, item: int, worth: float) -> dict[str, float]:
        buys = sigmoid(1.2 * (worth - 2.0))
        return {"view": 0.6 * (1.0 - buys), "basket": 0.4 * (1.0 - buys), "purchase": buys}

    def _remember(self, row: int, item: int, kind: str) -> None:
        product = int(self._facts[item, 0])
        if kind == "purchase" and product >= 0:
            self._past[row].last.append(product)
            self._past[row].products.add(product)
            self._past[row].items.add(item)

    def _value(self, item: int, kind: str) -> float | None:
        return float(self._facts[item, 1]) if kind == "purchase" else None


class _Customer:
    def __init__(self) -> None:
        self.last: deque[int] = deque(maxlen=_LAST)
        self.products: set[int] = set()
        self.items: set[int] = set()


def _stock(products: list[list[str]]) -> list[dict[str, object]]:
    styles = read_words("styles.csv")
    return [
        {
            "item": f"p{number * len(styles) + place:03d}",
            "title": f"{style.capitalize()} {name}",
            "categories": [department, style],
            "description": f"{use.capitalize()}; {words}.",
            "product": name,
            "price": f"{float(price) * float(factor):.2f}",
        }
        for number, (name, department, price, _, _, use) in enumerate(products)
        for place, (style, factor, words) in enumerate(styles)
    ]


def shop_world(seed: int = 0, n_people: int = 200, n_events: int = 8_000) -> Dataset:
    """192 products in six departments and eight styles, and half a year of customers who fill baskets.

    The truth is a `ShopWorld`. Everything is invented, by the authors of this package, and may be used
    freely.

    Args:
        seed: of everything random; the same seed gives the same log.
        n_people: how many customers there are.
        n_events: how many events the log has.

    Raises:
        DataError: a number that cannot be.

    >>> shop = shop_world(seed=1, n_people=20, n_events=200)
    >>> shop.catalog["p000"].title, shop.interactions.kinds["purchase"].consumes
    ('Everyday teapot', False)
    >>> sorted(shop.truth.chances("customer-001", "p000"))
    ['basket', 'purchase', 'view']
    """
    return ShopWorld(seed, n_people).dataset(
        n_events, 180.0, "A shop: complementary products, repeats, prices; customers whose tastes are known."
    )
