"""Parts and their hyperparameters: declared once, as traits, and read by everything else.

A hyperparameter is a trait tagged with `config=True` on the part that uses it. Its bounds, help, label and
scale are stated there and nowhere else; validation, the keyword arguments of `Recommender`, the saved file
and the sliders of the front end are all derived from that declaration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

import traitlets

from lifelong_widgets.errors import DataError, closest


class FiniteFloat(traitlets.Float[float, float]):
    """A float within its bounds. NaN, which compares with nothing and so passes every bound, is refused.

    >>> class Cooker(Part):
    ...     heat = FiniteFloat(2.0, min=0.0, max=9.0, help="How hot.").tag(config=True)
    >>> Cooker(heat=float("nan"))
    Traceback (most recent call last):
    ...
    traitlets.traitlets.TraitError: The 'heat' trait of a Cooker instance must be a finite number, not nan
    """

    def validate(self, obj: Any, value: Any) -> float:
        """The value as a float, or a `traitlets.TraitError`."""
        try:
            refused = isinstance(value, bool) or not math.isfinite(value)
        except OverflowError:  # a whole number that no float can hold
            refused = True
        except TypeError:  # no number at all: traitlets says so
            refused = False
        if refused:
            raise traitlets.TraitError(
                f"The '{self.name}' trait of a {type(obj).__name__} instance must be a finite number, not "
                f"{value!r:.40}"
            )
        return float(super().validate(obj, value))


class WholeNumber(traitlets.Int[int, int]):
    """An integer within its bounds. True and False, which Python takes for 1 and 0, are refused.

    >>> class Cooker(Part):
    ...     plates = WholeNumber(4, min=1, max=9, help="How many.").tag(config=True)
    >>> Cooker(plates=True)
    Traceback (most recent call last):
    ...
    traitlets.traitlets.TraitError: The 'plates' trait of a Cooker instance must be a whole number, not True
    """

    def validate(self, obj: Any, value: Any) -> int:
        """The value as it is, or a `traitlets.TraitError`."""
        if isinstance(value, bool):
            raise traitlets.TraitError(
                f"The '{self.name}' trait of a {type(obj).__name__} instance must be a whole number, not "
                f"{value}"
            )
        return int(super().validate(obj, value))


class Part(traitlets.HasTraits):
    """A component with hyperparameters."""

    def __init__(self, **hyperparameters: Any) -> None:
        known = self.class_traits(config=True)
        for name in hyperparameters:
            if name not in known:
                hint = closest(name, known) or f"; it has {', '.join(known)}"
                raise DataError(f"{type(self).__name__} has no hyperparameter {name!r}{hint}")
        super().__init__(**hyperparameters)

    def settings(self) -> dict[str, Any]:
        """The value of every hyperparameter, as plain Python, ready for JSON."""
        return {name: getattr(self, name) for name in sorted(self.traits(config=True))}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"


def unless_built(proposal: Mapping[str, Any], built: bool, what: str) -> Any:
    """The proposed value of a trait that shapes a part, for its validator.

    Raises:
        DataError: The part, called `what`, was built already.
    """
    if built:
        raise DataError(
            f"{proposal['trait'].name} shapes the {what} and cannot change after it was built; "
            "make a new Recommender with it"
        )
    return proposal["value"]


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter as its part declares it.

    `live` ones may be changed between two events. `compared` are the values of a number that a menu offers
    to compare; most numbers have none.
    """

    part: str
    name: str
    label: str
    help: str
    kind: str  # "int", "float", "bool" or "choice"
    min: float | None
    max: float | None
    default: Any
    scale: str  # "linear" or "log"
    live: bool
    choices: tuple[str, ...]
    compared: tuple[float, ...] = ()

    @property
    def allowed(self) -> str:
        """What it may be, for people: its choices, or its bounds."""
        if self.choices:
            return " | ".join(self.choices)
        if self.kind == "bool":
            return "true | false"
        if self.max is None and self.min is not None:
            return f"at least {_written(self.min)}"
        return f"{_written(self.min)} … {_written(self.max)}"


def hyperparameters(parts: Mapping[str, Part], live_only: bool = False) -> list[Hyperparameter]:
    """Every hyperparameter of `parts`, in the order in which the parts declare them.

    >>> class Cooker(Part):
    ...     plates = traitlets.Int(4, min=1, max=9, help="How many.").tag(config=True)
    ...     heat = traitlets.Float(2.0, min=0.0, max=9.0, help="How hot.").tag(config=True, live=True)
    >>> [h.name for h in hyperparameters({"cooker": Cooker()})]
    ['plates', 'heat']
    """
    found = []
    for part_name, part in parts.items():
        traits = part.traits(config=True)
        for name in _in_order(type(part), traits):
            trait = traits[name]
            live = bool(trait.metadata.get("live", False))
            if live_only and not live:
                continue
            found.append(
                Hyperparameter(
                    part=part_name,
                    name=name,
                    label=trait.metadata.get("label", name.replace("_", " ").capitalize()),
                    help=trait.help,
                    kind=_kind(trait),
                    min=getattr(trait, "min", None),
                    max=getattr(trait, "max", None),
                    default=trait.default(),
                    scale=trait.metadata.get("scale", "linear"),
                    live=live,
                    choices=tuple(trait.values or ()) if isinstance(trait, traitlets.Enum) else (),
                    compared=trait.metadata.get("compared", ()),
                )
            )
    return found


def refusal(kind: type[Part], given: Mapping[str, Any], show: Callable[[object], str] = repr) -> str:
    """What to say of the first of these hyperparameters that a part refuses; empty if it takes each.

    `show` writes a value, which may be anything.

    >>> class Cooker(Part):
    ...     plates = WholeNumber(4, min=1, max=9, help="How many.").tag(config=True)
    >>> refusal(Cooker, {"plates": 0})
    'plates is 0; it must be a whole number, 1 … 9 (the default is 4)'
    """
    for name, value in given.items():
        try:
            kind(**{name: value})
        except traitlets.TraitError:
            part = kind()
            about = next(one for one in hyperparameters({"": part}) if one.name == name)
            hint = closest(value, about.choices) if isinstance(value, str) else ""
            wanted = {"int": "a whole number, ", "float": "a number, "}.get(about.kind, "")
            return (
                f"{name} is {show(value)}{hint or ';'} it must be {wanted}{about.allowed} "
                f"(the default is {about.default!r})"
            )
    return ""


def _written(number: float | None) -> str:
    if number is None:
        return "…"
    return f"{number:,}" if isinstance(number, int) and number < 1_000_000 else f"{number:g}"


def _in_order(kind: type[Part], names: Container[str]) -> list[str]:
    """Those of `names` that a class declares, as they stand in its source, its bases' first."""
    return list(dict.fromkeys(n for base in reversed(kind.__mro__) for n in vars(base) if n in names))


def _kind(trait: traitlets.TraitType[Any, Any]) -> str:
    if isinstance(trait, traitlets.Bool):
        return "bool"
    if isinstance(trait, traitlets.Int):
        return "int"
    if isinstance(trait, traitlets.Float):
        return "float"
    if isinstance(trait, traitlets.Enum):
        return "choice"
    raise TypeError(f"a hyperparameter is an Int, Float, Bool or Enum trait, not {type(trait).__name__}")
