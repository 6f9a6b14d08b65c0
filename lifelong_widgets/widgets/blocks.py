"""The menus of a workbench: one for every block of a recommender."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets

from lifelong_widgets.assembly import make_parts
from lifelong_widgets.parts import Hyperparameter, Part, hyperparameters
from lifelong_widgets.widgets.closing import close_whole
from lifelong_widgets.widgets.controls import control_for


class Blocks:
    """Menus for the choices that shape a recommender, in a group for each part, made of their declarations.

    A number that is a block has its few values that are worth comparing, and the one that was given.

    Args:
        given: hyperparameters of any part. One that is a block is where its menu begins.

    Attributes:
        declared: the blocks by name.
        fixed: the hyperparameters that were given and are no blocks.
        groups: what is on the screen.

    Raises:
        DataError: a hyperparameter that no part has.
        traitlets.TraitError: one that is out of bounds.

    >>> blocks = Blocks({"fusion": "gated", "epochs": 1})
    >>> blocks.chosen["fusion"], blocks.chosen["discount"], blocks.fixed
    ('gated', 0.0, {'epochs': 1})
    >>> blocks.close()
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        parts = make_parts(dict(given))
        self.declared = {block.name: block for block in blocks_of(parts)}
        self.fixed = {name: value for name, value in given.items() if name not in self.declared}
        self._menus = {
            name: _menu(block, getattr(parts[block.part], name)) for name, block in self.declared.items()
        }
        found = dict.fromkeys(block.part for block in self.declared.values())
        self._heads = {part: ipywidgets.HTML() for part in found}
        self.groups = [self._group(part, head) for part, head in self._heads.items()]

    def __getitem__(self, name: str) -> Any:
        """The menu of the block `name`."""
        return self._menus[name]

    @property
    def chosen(self) -> dict[str, Any]:
        """What the menus show."""
        return {name: menu.value for name, menu in self._menus.items()}

    @property
    def defaults(self) -> dict[str, Any]:
        """What they show where nobody has touched them."""
        return {name: block.default for name, block in self.declared.items()}

    def label(self, say: Callable[[str], str], term: Callable[[str], str]) -> None:
        """Write the headings by their keys, and what the parts say of themselves, in some language."""
        for part, head in self._heads.items():
            head.value = f"<h4>{say(f'workbench.part.{part}')}</h4>"
        for name, menu in self._menus.items():
            block, chosen = self.declared[name], menu.value
            menu.description, menu.tooltip = term(block.label), term(block.help)
            if block.choices:
                menu.options = [(term(choice), choice) for choice in block.choices]
                menu.value = chosen  # new options begin with their first

    def turn_off(self, why: Mapping[str, str]) -> None:
        """Leave no menu to touch that would change nothing; `why` has a sentence for each, by its name."""
        for name, menu in self._menus.items():
            menu.disabled = name in why
            if name in why:
                menu.tooltip = why[name]

    def close(self) -> None:
        """Leave the screen."""
        for widget in (*self._menus.values(), *self._heads.values()):
            close_whole(widget)

    def _group(self, part: str, head: Any) -> Any:
        """The menus of one part, under its heading."""
        menus = [menu for name, menu in self._menus.items() if self.declared[name].part == part]
        group = ipywidgets.Box([head, *menus])
        group.add_class("llw-workbench-group")
        return group


def blocks_of(parts: Mapping[str, Part]) -> Iterable[Hyperparameter]:
    """The hyperparameters of `parts` that have a few values to compare and cannot change while it learns."""
    return (found for found in hyperparameters(parts) if (found.choices or found.compared) and not found.live)


def _menu(block: Hyperparameter, value: Any) -> Any:
    """The control of a choice; of a number, a menu of those that are compared and of `value`."""
    if block.choices:
        return control_for(block, value)
    numbers = sorted({*block.compared, value})
    return ipywidgets.Dropdown(options=[(f"{number:g}", number) for number in numbers], value=value)
