"""A verb is whole: whoever closes, interrupts or changes something within one, log and model agree."""

from __future__ import annotations

import shutil
import signal
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets import recording
from lifelong_widgets.compression import sweep
from lifelong_widgets.data import Catalog, Feedback, FeedbackKind, FeedbackKinds, Interactions
from lifelong_widgets.errors import (
    DataError,
    DataWarning,
    DivergenceError,
    LifelongWidgetsError,
    UnknownItemError,
)
from lifelong_widgets.evaluation import continual, prequential
from lifelong_widgets.journal import CHECKPOINTS, Journal
from lifelong_widgets.learning import Trainer
from lifelong_widgets.progress import ProgressEvent
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, opened
from tests.engine.worlds import SMALL, checkerboard

Change = Callable[[Recommender], object]


def agrees(rec: Recommender, shop: Path) -> None:
    """Live, reopened, and made of the log alone: the same model."""
    assert rec.audit(**QUIET).equal
    before = rec.digest()
    rec.close()
    with Recommender.open(shop, **QUIET) as again:
        assert again.digest() == before
        assert again.audit(**QUIET).equal


def closing_meanwhile(rec: Recommender, verb: Callable[..., Any]) -> tuple[Callable[..., Any], list[Any]]:
    """`verb`, before which another cell begins to close `rec`."""
    closers: list[threading.Thread] = []

    def wrapped(*arguments: Any) -> Any:
        closer = threading.Thread(target=rec.close)
        closer.start()
        closer.join(timeout=0.3)
        closers.append(closer)
        return verb(*arguments)

    return wrapped, closers


def test_a_close_from_another_cell_waits_for_forget(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    for number, event in enumerate(log[:12]):
        rec.learn_one(user=("Adalbert", "bob")[number % 2], item=event.item)
    rec._replace_by, closers = closing_meanwhile(rec, rec._replace_by)  # type: ignore[method-assign]
    certificate = rec.forget("Adalbert", **QUIET)
    closers[0].join()
    assert certificate.proven and rec.journal is not None and rec.journal.closed
    assert not [file for file in shop.rglob("*") if file.is_file() and b"Adalbert" in file.read_bytes()]
    with Recommender.open(shop, **QUIET) as again:
        assert list(again.users) == ["bob"]
        assert again.audit(**QUIET).equal


def test_a_close_from_another_cell_waits_for_undo(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    for event in log[:12]:
        rec.learn_one(event)
    rec._undo.take_back, closers = closing_meanwhile(rec, rec._undo.take_back)  # type: ignore[method-assign]
    rec.undo()
    closers[0].join()
    with Recommender.open(shop, **QUIET) as again:
        assert again.n_events == 11
        assert again.audit(**QUIET).equal


@pytest.mark.parametrize("verb", ["learn_one", "fit", "undo", "forget", "checkpoint", "close"])
def test_no_verb_within_another_one(shop: Path, log: Interactions, verb: str) -> None:
    rec = opened(shop)
    rec.learn_many(log[:60], **QUIET)
    before, refused = rec.digest(), []

    def meddle(_event: ProgressEvent) -> None:
        arguments = {"learn_one": (log[0],), "fit": (log, False), "forget": ("p1",)}.get(verb, ())
        with pytest.raises(LifelongWidgetsError, match="another verb"):
            getattr(rec, verb)(*arguments)
        refused.append(verb)

    rec.fit(log[:60], progress=meddle)
    assert refused and rec.digest() != before
    agrees(rec, shop)


def test_two_interrupts_after_the_commit_of_a_click_take_nothing_back(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop, checkpoint_every=3)
    copy = recording.checkpoint_of

    def interrupted(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return copy(*arguments)

    monkeypatch.setattr(recording, "checkpoint_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        for event in log[:9]:
            rec.learn_one(event)
    monkeypatch.undo()
    assert rec.journal is not None and rec.journal.last_id == rec.n_events == 3
    agrees(rec, shop)


def test_two_interrupts_of_a_fit_and_of_its_checkpoint_keep_what_was_fitted(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop)
    append = Journal.append_fit

    def first(event: ProgressEvent) -> None:
        if event.done == 3:
            signal.raise_signal(signal.SIGINT)

    def second(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return append(*arguments)

    monkeypatch.setattr(Journal, "append_fit", second)
    with pytest.raises(KeyboardInterrupt):
        rec.fit(log, progress=first)
    assert rec.n_fits == 1
    agrees(rec, shop)


@pytest.mark.parametrize(
    "change",
    [
        lambda rec: rec.catalog.add({"item": "new"}) if "new" not in rec.catalog else None,
        lambda rec: setattr(rec, "kinds", rec.kinds.with_weights(like=3.0)),
        lambda rec: setattr(rec.drift, "top_k", 5),
        lambda rec: (setattr(rec.drift, "top_k", 5), setattr(rec.drift, "top_k", 10)),
        lambda rec: setattr(rec.trainer, "fit_learning_rate", 0.01),
    ],
    ids=["items", "kinds", "top_k", "top_k and back", "trainer"],
)
@pytest.mark.parametrize("verb", ["fit", "undo", "forget"])
def test_what_changes_under_a_long_verb_stops_it(
    shop: Path, log: Interactions, change: Change, verb: str
) -> None:
    rec = opened(shop)
    for event in log[:20]:
        rec.learn_one(Feedback(event.user, event.item, "like", shown=(event.item,)))
    n_events, n_users = rec.n_events, len(rec.users)

    def meddle(_event: ProgressEvent) -> None:
        change(rec)

    run: dict[str, Callable[[], object]] = {
        "fit": lambda: rec.fit(log, progress=meddle),
        "undo": lambda: rec.undo(15, progress=meddle),
        "forget": lambda: rec.forget(log[3].user, progress=meddle),
    }
    with pytest.raises(DataError, match=f"changed during {verb}"):
        run[verb]()
    assert (rec.n_events, len(rec.users), rec.n_fits) == (n_events, n_users, 0)
    rec.learn_one(log[30])
    agrees(rec, shop)


@pytest.mark.parametrize(
    "arguments",
    [
        {"catalog": Catalog.from_records([{"item": "elsewhere"}])},
        {"kinds": FeedbackKinds(FeedbackKind("hug", 1.0))},
        {"seed": 9},
    ],
    ids=["catalogue", "kinds", "seed"],
)
def test_an_open_that_is_refused_changes_nothing(
    shop: Path, log: Interactions, arguments: dict[str, Any]
) -> None:
    with opened(shop) as rec:
        rec.learn_many(log[:20], **QUIET)
        before = rec.digest()
    kinds = rec.kinds.with_weights(like=7.0)
    with pytest.raises(DataError):
        Recommender.open(shop, **{"kinds": kinds, "learning_rate": 0.05, **QUIET, **arguments})
    with Recommender.open(shop, **QUIET) as again:
        assert again.digest() == before


def test_going_on_with_a_journal_never_lets_go_of_it(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = fresh()
    rec.journal_to(shop)
    rec.learn_many(log[:20], **QUIET)
    before = rec.digest()
    rec.close()
    again, opened_to_write = fresh(), []
    open_journal = Journal.open

    def counted(*arguments: Any, **options: Any) -> Journal:
        opened_to_write.append(not options.get("read_only"))
        return open_journal(*arguments, **options)

    monkeypatch.setattr(Journal, "open", counted)
    again.journal_to(shop)
    assert sum(opened_to_write) == 1
    assert again.digest() == before
    again.updater.learning_rate = 0.01
    again.catalog.add({"item": "new"})
    again.learn_one(user="p1", item="new")
    agrees(again, shop)


def test_what_a_killed_beginning_left_is_not_kept(shop: Path, log: Interactions) -> None:
    """The base of a model that knows people by their ids, and half of a key."""
    earlier = fresh()
    earlier.learn_one(user="Zarathustra", item=log[0].item)
    earlier.journal_to(shop)
    earlier.close()
    for file in shop.glob("journal*"):
        file.unlink()
    assert [file.name for file in (shop / CHECKPOINTS).iterdir()] == ["000000000000.lw"]
    (shop / "pseudonyms.key").write_text("ab")
    with Recommender.open(shop, checkerboard()[0], pseudonymize=True, **QUIET) as rec:
        rec.learn_one(user="ada", item=log[0].item)
        assert list(rec.users) == [rec.known_as("ada")]
    assert not [file for file in shop.rglob("*") if file.is_file() and b"Zarathustra" in file.read_bytes()]
    assert (shop / "pseudonyms.key").stat().st_mode & 0o077 == 0
    shutil.rmtree(shop)


def test_a_fit_that_diverges_without_the_person_is_left_out(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop)
    rec.learn_one(user="ada", item=log[0].item)
    rec.fit(log, **QUIET)
    fit = Trainer.fit

    def diverging(self: Trainer, network: Any, updater: Any, examples: Any, *rest: Any) -> Any:
        if len(examples) < len(log):
            raise DivergenceError("the loss is nan")
        return fit(self, network, updater, examples, *rest)

    monkeypatch.setattr(Trainer, "fit", diverging)
    assert rec.forget(log[0].user, **QUIET).proven
    assert rec.n_fits == 0
    agrees(rec, shop)


def test_an_event_is_observed_by_its_fields_as_it_is_learned() -> None:
    by_name, by_feedback = fresh(), fresh()
    user, item = "ada", by_name.catalog.ids[0]
    by_name.observe(user=user, item=item, kind="like", time="1970-01-01T00:01")
    by_feedback.observe(Feedback(user, item, "like", time=60.0))
    assert by_name.digest() == by_feedback.digest() and by_name.n_events == 1
    for wrong in (
        lambda: by_name.observe(user, item),
        lambda: by_name.observe(Feedback(user, item), user=user),
        lambda: by_name.observe("ada"),
        lambda: by_name.observe(item=item),
    ):
        with pytest.raises(DataError, match=r"observe takes|user is missing|user"):
            wrong()
    assert by_name.n_events == 1


def test_what_was_mixed_up_is_named() -> None:
    rec = fresh()
    item = rec.catalog.ids[0]
    rec.learn_one(user="ada", item=item, kind="like")
    for verb in (rec.explain, rec.counterfactual, rec.influence):
        with pytest.raises(UnknownItemError, match=r"'ada', but a person of that id.*first the person"):
            verb(item, "ada")
    with pytest.raises(DataError, match=r"Interactions\.from_csv\('events\.csv'"):
        rec.fit("events.csv")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"from_pandas.*from_csv.*from_events"):
        rec.fit([1])  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"^the item .* is already in the catalogue.*add only those"):
        rec.catalog.add({"item": item})


def test_fit_says_where_a_hyperparameter_belongs() -> None:
    rec: Any = Recommender(Catalog.from_records([{"item": 1}]), embedding_dim=8)
    log = Interactions.from_events([Feedback("ada", 1, time=1.0)])
    with pytest.raises(
        DataError, match=r"epochs is a hyperp.*Recommender\(catalog, epochs=…\), or rec\.trainer\.epochs"
    ):
        rec.fit(log, epochs=5)
    with pytest.raises(DataError, match=r"Recommender\(catalog, embedding_dim=…\)$"):
        rec.fit(log, embedding_dim=5)
    with pytest.raises(DataError, match="and no 'verbose'"):
        rec.fit(log, verbose=True)
    assert rec.n_fits == 0


@pytest.mark.parametrize("flag", ["exclude_seen", "reasons"])
@pytest.mark.parametrize("given", ["no", 0, None])
def test_what_is_neither_true_nor_false_is_refused(flag: str, given: Any) -> None:
    """Bug: `exclude_seen="no"` was taken for True."""
    rec: Any = Recommender(Catalog.from_records([{"item": 1}]), embedding_dim=8, discount=0.9)
    with pytest.raises(DataError, match=f"{flag} is {given!r}; it must be True or False"):
        rec.recommend("ada", **{flag: given})
    if flag == "exclude_seen":
        with pytest.raises(DataError, match="exclude_seen is"):
            rec.values("ada", exclude_seen=given)
    assert len(rec.recommend("ada", **{flag: np.True_})) == 1


@pytest.mark.parametrize("flag", ["read_only", "pseudonymize"])
def test_a_journal_is_not_begun_by_a_flag_that_is_none(flag: str, tmp_path: Path) -> None:
    shop: Any = Catalog.from_records([{"item": 1}])
    with pytest.raises(DataError, match=f"{flag} is 'no'; it must be True or False"):
        Recommender.open(tmp_path / "shop.lw", shop, embedding_dim=8, **{flag: "no"})
    assert not (tmp_path / "shop.lw").exists()
    with Recommender.open(tmp_path / "shop.lw", shop, embedding_dim=8) as rec:
        rec.learn_one(user="ada", item=1, kind="like")
        with pytest.raises(DataError, match="verify is 'no'"):
            rec.forget("ada", verify="no")  # type: ignore[arg-type]
        assert rec.n_events == 1


@pytest.mark.parametrize("given", ["no", 0, None, 5])
def test_progress_is_a_flag_or_what_is_called(given: Any, tmp_path: Path) -> None:
    """Bugs: "no" drew a bar, and 5 was taken for it where somebody meant epochs."""
    catalog, log = checkerboard()
    rec = opened(tmp_path / "shop", epochs=1)
    rec.learn_one(log[0])
    before = rec.digest()
    verbs: list[Callable[..., object]] = [
        partial(rec.fit, log[:60]), partial(rec.learn_many, log[:60]), rec.compress, rec.undo,
        partial(rec.at, 0), partial(rec.forget, "p1"), rec.audit, partial(sweep, rec),
        partial(prequential, rec, log[:60]), partial(continual, rec, [log[:60], log[60:]]),
        partial(Recommender.open, tmp_path / "new", catalog),
        partial(rec.journal.export, tmp_path / "log.csv"),  # type: ignore[union-attr]
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises(DataError, match=f"progress is {given!r}; it must be True"):
            verb(progress=given)
    assert rec.digest() == before and {path.name for path in tmp_path.iterdir()} == {"shop"}
    rec.close()


@pytest.mark.parametrize("journal", [False, True])
def test_a_fit_that_loses_clicks_says_so(journal: bool, tmp_path: Path) -> None:
    """Bug: what somebody had clicked was gone without a word."""
    catalog, log = checkerboard()
    rec = opened(tmp_path / "shop", epochs=1) if journal else Recommender(catalog, **SMALL, epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing was clicked; or the same log again; or the log has the click
        rec.fit(log[:60], **QUIET)
        rec.fit(log[:60], **QUIET)
        rec.learn_one(log[10])
        rec.fit(log[:60], **QUIET)
    rec.learn_one(user="ada", item="i3", kind="like")
    before = rec.digest()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataWarning, match=r"the last one, a 'like' of 'i3'\. learn_many\(log\) goes on"):
            rec.fit(log[:60], **QUIET)
    assert rec.digest() == before
    rec.close()


def test_a_fit_after_clicks_that_came_from_a_file_says_what_it_loses(tmp_path: Path) -> None:
    catalog, log = checkerboard()
    rec = Recommender(catalog, **SMALL, epochs=1)
    rec.learn_one(user="ada", item="i3", kind="like")
    rec.save(tmp_path / "clicked.lw")
    with pytest.warns(DataWarning, match=r"events that the log does not hold\. learn_many"):
        Recommender.load(tmp_path / "clicked.lw").fit(log[:60], **QUIET)
    rec = Recommender(catalog, **SMALL, epochs=1)
    rec.fit(log[:60], **QUIET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rec.save(tmp_path / "fitted.lw")
        Recommender.load(tmp_path / "fitted.lw").fit(log[:60], **QUIET)
    rec.learn_one(user="ada", item="i3", kind="like")
    rec.save(tmp_path / "both.lw")
    with pytest.warns(DataWarning, match="what it has learned before is lost"):
        Recommender.load(tmp_path / "both.lw").fit(log[:60], **QUIET)
