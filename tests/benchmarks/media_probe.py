"""What the features of each modality tell: the folder of a stamp of Tux Paint, which no feature is made of.

    python -m tests.benchmarks.media_probe

Five folds by item. Featurizers are fitted on the items of four folds, without categories (or, where it
says "categories", with the folder as the only one). A logistic regression and the five nearest neighbours by
cosine then find the outermost folder of the items of the fifth. Folders of fewer than ten items are left out.
Printed are the shares of items whose folder is found, with the standard error over items, on all items that
have a picture, and on those that have a sound as well.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from lifelong_widgets.data import Item, datasets
from lifelong_widgets.featurizers import FeatureSettings

N_FOLDS = 5
FEWEST = 10
ROWS: list[tuple[str, bool, dict[str, str]]] = [
    ("text: tfidf", False, {"text_features": "tfidf"}),
    ("image: colors", False, {"image_features": "colors"}),
    ("image: cnn, self-supervised", False, {"image_features": "cnn"}),
    ("image: cnn, categories", True, {"image_features": "cnn"}),
    ("image: efficientnet_lite0", False, {"image_features": "efficientnet_lite0"}),
    ("audio: cnn, self-supervised", False, {"audio_features": "cnn"}),
    ("audio: cnn, categories", True, {"audio_features": "cnn"}),
    ("audio: gru, self-supervised", False, {"audio_features": "gru"}),
    ("audio: gru, categories", True, {"audio_features": "gru"}),
    ("tfidf + image cnn + audio cnn", False,
     {"text_features": "tfidf", "image_features": "cnn", "audio_features": "cnn"}),
    ("tfidf + efficientnet + audio cnn", False,
     {"text_features": "tfidf", "image_features": "efficientnet_lite0", "audio_features": "cnn"}),
]  # fmt: skip


def main() -> None:
    """Print a row for each choice of features."""
    stamps = list(datasets.load("tuxpaint-stamps", n_events=1).catalog)
    for title, chosen in (
        ("with a picture", [s for s in stamps if s.image]),
        ("with a picture and a sound", [s for s in stamps if s.image and s.audio]),
    ):
        counts = Counter(stamp.categories[0] for stamp in chosen)
        kept = [stamp for stamp in chosen if counts[stamp.categories[0]] >= FEWEST]
        most = max(counts.values()) / len(kept)
        n_folders = len({stamp.categories[0] for stamp in kept})
        print(f"\n{len(kept)} stamps {title}, {n_folders} folders; the largest has {most:.3f}")
        print(f"{'':34} {'linear':>15} {'5 neighbours':>15}")
        for name, labelled, choice in ROWS:
            if "audio" in name and "+" not in name and title == "with a picture":
                continue  # few have a sound
            linear, near = probe(kept, labelled, choice)
            print(f"{name:34} {_with_error(linear)} {_with_error(near)}", flush=True)


def probe(stamps: Sequence[Item], labelled: bool, choice: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """For each stamp whether its folder was found, by the linear model and by the neighbours."""
    folders = np.array([stamp.categories[0] for stamp in stamps])
    found = np.zeros((2, len(stamps)), dtype=bool)
    settings = FeatureSettings(**{"text_features": "none", "categories_features": "none", **choice})
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(folders, folders):
        rows = [
            Item(s.id, s.title, (s.categories[0],) if labelled else (), image=s.image, audio=s.audio)
            for s in stamps
        ]
        features = settings.make(seed=0).fit([rows[n] for n in train]).transform(rows)
        for place, model in enumerate(
            (LogisticRegression(C=10, max_iter=1000), KNeighborsClassifier(5, metric="cosine"))
        ):
            guesses = model.fit(features[train], folders[train]).predict(features[test])
            found[place, test] = guesses == folders[test]
    return found[0], found[1]


def _with_error(found: np.ndarray) -> str:
    share = found.mean()
    return f"{share:9.3f} ±{np.sqrt(share * (1 - share) / len(found)):.3f}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
