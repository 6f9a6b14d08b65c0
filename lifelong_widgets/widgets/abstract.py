"""Widgets that leave some of their methods to those that derive from them."""

from __future__ import annotations

from abc import ABCMeta

from traitlets import MetaHasTraits


class AbstractWidget(MetaHasTraits, ABCMeta):
    """The class of a widget class with an `abstractmethod`: what leaves one out cannot be made.

    >>> from abc import abstractmethod
    >>> from ipywidgets import Box
    >>> class Labelled(Box, metaclass=AbstractWidget):
    ...     @abstractmethod
    ...     def label(self): ...
    >>> sorted(Labelled.__abstractmethods__)
    ['label']
    """
