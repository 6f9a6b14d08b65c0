"""Differentially private learning: the mechanism, the account, and that nothing gets around it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import lifelong_widgets as lw
from lifelong_widgets.certificates import Certificate
from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import DataError, FormatError, PrivacyError, PrivacyWarning
from lifelong_widgets.learning import OBJECTIVES, Examples, FitReport, gradients
from lifelong_widgets.models import Network
from lifelong_widgets.privacy import GaussianMechanism, private_settings
from lifelong_widgets.privacy.accountant import epsilon_of, gaussian_rdp, subsampled_rdp
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, checkerboard

N_ITEMS, DIM = 30, 8
LOSS = OBJECTIVES["sampled_softmax"]
QUIET: dict[str, Any] = {"progress": False}
LOG = checkerboard()[1]


def network() -> Network:
    made = Network(embedding_dim=DIM, hidden_dim=8, history_length=4)
    made.build(3, seed=0)
    made.items.grow(np.random.default_rng(0).normal(size=(N_ITEMS, 3)).astype(np.float32))
    return made


def examples(n: int, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    filled = (rng.random((n, 4)) < 0.7).astype(np.float32)
    return Examples(rng.integers(9, size=(n, 4)), filled, rng.integers(9, size=n), np.ones(n, np.float32))


def made_private(
    batch: Examples, groups: np.ndarray, clipping: float, noise: float, key: bytes = bytes(32)
) -> np.ndarray:
    """The sum of the gradients, rows and dense ones, as one vector."""
    net, negatives = network(), np.arange(10)
    into = [torch.zeros_like(parameter) for parameter in net.dense_parameters()]
    mechanism = GaussianMechanism(clipping, noise, key)
    found = mechanism.gradients(net, batch, groups, 1.0, negatives, LOSS, into)
    assert found.indices.tolist() == list(range(N_ITEMS))
    return np.concatenate([found.embeddings.ravel(), *(part.numpy().ravel() for part in into)])


def private(unit: str = "example", **settings: Any) -> Recommender:
    given = {"epsilon": None, "epochs": 2, "sampling_rate": 0.2, **settings}
    plan = {name: given.pop(name) for name in ("epsilon", "epochs", "sampling_rate", "uses") if name in given}
    return Recommender(checkerboard()[0], **{**SMALL, **private_settings(unit, **plan), **given})


# ---- the mechanism ---------------------------------------------------------------------------------------


def test_each_group_is_clipped_and_no_more() -> None:
    batch, groups = examples(6), np.array([0, 0, 1, 2, 2, 2])
    free = [made_private(batch[groups == group], groups[groups == group], 1e6, 0.0) for group in range(3)]
    norms = [float(np.linalg.norm(one)) for one in free]
    bound = sorted(norms)[1] * 1.0001  # one is too long, and two are not
    clipped = sum(one * min(1.0, bound / norm) for one, norm in zip(free, norms, strict=True))
    np.testing.assert_allclose(made_private(batch, groups, bound, 0.0), clipped, atol=1e-6)
    for group, clipping in ((0, 0.01), (1, 0.1), (2, 1e-5)):
        alone = groups[groups == group]
        found = made_private(batch[groups == group], alone, clipping, 0.0)
        assert np.linalg.norm(found) == pytest.approx(clipping, rel=1e-5)


def test_whoever_is_left_out_changes_the_sum_by_no_more_than_the_norm() -> None:
    batch, groups = examples(8, seed=1), np.arange(8) // 2
    whole = made_private(batch, groups, 0.05, 0.0)
    for group in range(4):
        rest = groups != group
        without = made_private(batch[rest], groups[rest], 0.05, 0.0)
        assert np.linalg.norm(whole - without) <= 0.05 * 1.0001


def test_without_clipping_and_noise_it_is_the_gradient() -> None:
    batch, net = examples(1), network()
    into = [torch.zeros_like(parameter) for parameter in net.dense_parameters()]
    found = gradients(net, batch, np.arange(10), LOSS, into)
    rows = np.zeros((N_ITEMS, DIM), dtype=np.float32)
    rows[found.indices] = found.embeddings
    expected = np.concatenate([rows.ravel(), *(part.numpy().ravel() for part in into)])
    np.testing.assert_allclose(made_private(batch, np.zeros(1, int), 1e6, 0.0), expected, atol=1e-7)


def test_the_noise_has_its_scale_in_every_coordinate_of_every_row() -> None:
    batch, groups = examples(5), np.arange(5)
    quiet = made_private(batch, groups, 0.5, 0.0)
    noise = np.array([made_private(batch, groups, 0.5, 3.0, bytes([n]) * 32) - quiet for n in range(40)])
    assert (np.abs(noise).max(axis=0) > 0).all()  # also of rows that the batch does not touch
    assert stats.kstest(noise[0] / 1.5, "norm").pvalue > 0.01
    by_coordinate = np.sqrt(np.square(noise / 1.5).mean(axis=0))
    assert 0.98 < np.sqrt(np.square(by_coordinate).mean()) < 1.02 and by_coordinate.min() > 0.5
    assert abs(np.corrcoef(noise[0], noise[1])[0, 1]) < 0.2


def test_noise_is_a_function_of_the_key_and_of_all_that_was_learned() -> None:
    batch, groups = examples(5), np.arange(5)
    one = made_private(batch, groups, 0.5, 1.0)
    np.testing.assert_array_equal(one, made_private(batch, groups, 0.5, 1.0))
    quiet = made_private(batch, groups, 0.5, 0.0)
    other_key = made_private(batch, groups, 0.5, 1.0, bytes([1]) * 32)
    without = made_private(batch[:4], groups[:4], 0.5, 1.0) - made_private(batch[:4], groups[:4], 0.5, 0.0)
    for other in (other_key - quiet, without):  # who knew one noise would not know the other
        assert abs(np.corrcoef(one - quiet, other)[0, 1]) < 0.2


def test_an_empty_batch_is_noise_alone() -> None:
    nobody = examples(3)[np.zeros(0, dtype=np.int64)]
    found = made_private(nobody, np.zeros(0, dtype=np.int64), 1.0, 1.0)
    assert 0.8 < found.std() < 1.2


# ---- the account -----------------------------------------------------------------------------------------


def test_the_account_is_of_who_took_part_most() -> None:
    rec = private("person", noise_multiplier=2.0)
    assert rec.privacy.epsilon == 0.0
    rec.fit(LOG[:120], **QUIET)
    of_fit = 10 * subsampled_rdp(0.2, 2.0)
    assert rec.privacy.epsilon == pytest.approx(epsilon_of(of_fit, 1e-5))
    rec.updater.replay_ratio = 0
    for n in range(1, 4):
        rec.learn_one(user="p1", item="i3", kind="like")
        rec.learn_one(user=f"new{n}", item="i3", kind="like")
        assert rec.privacy.epsilon == pytest.approx(epsilon_of(of_fit + n * gaussian_rdp(2.0), 1e-5))
    assert rec.privacy.report().most_uses == 3 and rec.privacy.report().online_steps == 6
    before = rec.privacy.epsilon
    rec.fit(LOG[:60], **QUIET)  # another model of the same people: what was spent stays spent
    both = 2 * of_fit + 3 * gaussian_rdp(2.0)
    assert rec.privacy.epsilon == pytest.approx(epsilon_of(both, 1e-5)) and rec.privacy.epsilon > before


def test_replayed_examples_are_counted_once_a_step() -> None:
    rec = private("example", noise_multiplier=4.0)
    for event in LOG[:3]:
        rec.learn_one(event)
    rec.updater.replay_ratio = 50  # all of the three, many times over: each is one group
    rec.learn_one(LOG[3])
    assert rec.privacy.report().most_uses <= 1 + 1 + 2
    uses = [rec.privacy.report().most_uses]
    for event in LOG[4:12]:
        rec.learn_one(event)
        uses.append(rec.privacy.report().most_uses)
    assert uses == sorted(uses) and uses[-1] - uses[0] <= 8


def test_nobody_exceeds_the_budget_and_events_are_remembered() -> None:
    rec = private("person", epsilon=3.0, uses=2)
    rec.fit(LOG[:120], **QUIET)
    rec.updater.replay_ratio = 3
    with pytest.warns(PrivacyWarning, match="max_epsilon=3.*with a larger max_epsilon") as said:
        for n in range(5):
            update = rec.learn_one(user="p1", item=f"i{n}", kind="like")
            assert update.learned == np.isfinite(update.loss) == (n < 2)
            assert ("remembered, not learned" in repr(update)) == (n >= 2) != ("learned in" in repr(update))
    assert {warning.filename for warning in said} == {__file__}  # the line that called
    assert np.isnan(update.loss) and rec.privacy.epsilon <= 3.0
    assert rec.held_about("p1")["history"][0]["item"] == "i4"
    assert rec.privacy.report().most_uses == 2
    fresh = rec.learn_one(user="somebody else", item="i4", kind="like")
    assert np.isfinite(fresh.loss) and rec.privacy.epsilon <= 3.0
    with pytest.raises(PrivacyError, match=r"above max_epsilon=3"):
        rec.fit(LOG[:120], **QUIET)
    assert rec.held_about("p1")["history"][0]["item"] == "i4"  # and nothing has changed


def test_what_is_only_observed_is_not_called_learned() -> None:
    rec = Recommender(checkerboard()[0], **SMALL)
    for update in (rec.observe(LOG[0]), rec.frozen_twin().learn_one(LOG[1])):
        assert not update.learned and "remembered, not learned" in repr(update)
    assert rec.learn_one(LOG[1]).learned


def test_a_fit_that_is_broken_off_costs_what_it_has_shown() -> None:
    rec = private("example", epochs=6)

    def stop(event: ProgressEvent) -> None:
        if event.description == "fit" and event.done >= 12:
            raise Stop

    report = rec.fit(LOG[:120], stop)
    assert report.interrupted and report.epochs == 2
    assert rec.privacy.report().fit_steps == 10


def test_it_learns() -> None:
    """With little noise it learns what there is to learn: even people take even items."""
    rec = private("example", noise_multiplier=0.01, epochs=20, fit_learning_rate=0.02, clipping_norm=1.0)
    rec.fit(LOG[:300], **QUIET)
    right = [
        int(str(item)[1:]) % 2 == int(user[1:]) % 2
        for user in map(str, list(rec.users)[:20])
        for item in rec.recommend(user, k=3).items
    ]
    assert np.mean(right) > 0.8
    assert "ε" in str(rec.privacy.report()) and "example" in str(rec.privacy.report())


# ---- what would void it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"use_neighbors": True}, "the fast memory keeps what people did"),
        ({"use_popularity": True}, "the fast memory keeps what people did"),
        ({"sampling": "prioritised"}, "sampling='prioritised'"),
        ({"retention": "item_stratified"}, "retention='item_stratified'"),
        ({"distillation": 0.5}, "distillation=0.5"),
        ({"discount": 0.9}, "discount=0.9"),
        ({"adaptation": "learning_rate"}, "adaptation='learning_rate'"),
        ({"person_features": "habits"}, "person_features='habits'"),
        ({"behavior_features": "usage"}, "behavior_features='usage'; they are fitted on what people did"),
        ({"optimizer": "gradient_descent"}, "optimizer='gradient_descent'"),
        ({"text_features": "cnn"}, "text_features is learned end to end"),
    ],
)
def test_what_no_noise_would_hide_is_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(PrivacyError, match=why):
        private("example", **settings)


def test_a_setting_that_is_changed_later_is_refused_at_the_next_event() -> None:
    rec = private("example")
    rec.learn_one(LOG[0])
    before = rec.digest()
    with pytest.raises(DataError):
        rec.privacy.noise_multiplier = 0.1
    rec.drift.adaptation = "learning_rate"
    with pytest.raises(PrivacyError, match="adaptation"):
        rec.learn_one(LOG[1])
    rec.drift.adaptation = "none"
    assert rec.digest() == before


@pytest.mark.parametrize(
    "given",
    [
        {"max_epsilon": 8},
        {"noise_multiplier": 2},
        {"clipping_norm": 1},
        {"privacy_delta": 1e-6},
        {"sampling_rate": 0.1},
    ],
)
def test_noise_or_a_budget_without_a_unit_is_refused(given: dict[str, float], tmp_path: Path) -> None:
    """Bug: `max_epsilon=8` alone was taken, and kept nothing private."""
    said = r"without a privacy_unit: give privacy_unit='example' or 'person' .*private_settings\('person', "
    with pytest.raises(PrivacyError, match=f"{next(iter(given))}=.*{said}"):
        Recommender(checkerboard()[0], **SMALL, **given)
    with pytest.raises(PrivacyError, match="without a privacy_unit"):
        Recommender.open(tmp_path / "shop.lw", checkerboard()[0], **SMALL, **given)
    assert not (tmp_path / "shop.lw").exists()


def test_epsilon_leads_to_the_settings_that_keep_to_it() -> None:
    """Bug: it asked for `max_epsilon`, which keeps nothing private by itself."""
    with pytest.raises(DataError, match=r"'epsilon'; \*\*lw\.privacy\.private_settings\(epsilon=…\)"):
        Recommender(checkerboard()[0], epsilon=8)


def test_it_is_not_undone() -> None:
    rec = private("example")
    rec.learn_one(LOG[0])
    assert not rec.can_undo
    with pytest.raises(PrivacyError, match="noise that was shown once is spent"):
        rec.undo()


def test_the_fast_memory_stays_empty() -> None:
    rec, empty = private("example"), private("example")
    rec.fit(LOG[:120], **QUIET)
    for event in LOG[120:130]:
        rec.learn_one(event)
    states = [json.dumps(r.memory.get_state(), default=lambda array: array.tolist()) for r in (rec, empty)]
    assert states[0] == states[1]
    assert "new" not in str(rec.recommend("a stranger"))  # which would say that nobody has taken it


def test_when_an_item_was_released_is_not_asked() -> None:
    """Whether somebody took it before its time would show in everybody's lists."""
    shelf = lw.Catalog.from_records([{"item": n, "released": 10.0 * n} for n in range(12)])
    rec = Recommender(shelf, **{**SMALL, **private_settings("example", epsilon=None)})
    rec.learn_one(user="ada", item=11, time=15.0)
    assert len(rec.recommend("bob", k=12).items) == 12


def test_nothing_that_is_planned_wrongly_passes() -> None:
    with pytest.raises(DataError, match="unit is 'shop'"):
        private_settings("shop", epsilon=8)
    with pytest.raises(DataError, match=r"private_settings\('person', epsilon=8\), or epsilon=None"):
        private_settings("person", epochs=1)  # a budget that nobody has thought of is none
    with pytest.raises(DataError, match=r"unit is 8; .* private_settings\('person', epsilon=8\)"):
        private_settings(8)  # type: ignore[arg-type]
    assert private_settings("person", 8) == private_settings("person", epsilon=8)
    assert "max_epsilon" not in private_settings("person", epsilon=None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epsilon": "8"}, r"epsilon is '8'; it must be a number above 0"),
        ({"epsilon": 0}, r"epsilon is 0; it must be a number above 0"),
        ({"epsilon": True}, r"epsilon is True"),
        ({"delta": 1}, r"delta is 1; it must be a number above 0 and below 1"),
        ({"epochs": 0}, r"epochs is 0; it must be a whole number of at least 1"),
        ({"epochs": 0, "epsilon": None}, r"epochs is 0"),
        ({"sampling_rate": 0}, r"sampling_rate is 0; it must be a number above 0 and at most 1"),
        ({"uses": 1.5}, r"uses is 1.5; it must be a whole number of at least 0"),
    ],
)
def test_what_is_wrong_with_a_plan_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        private_settings("person", **{"epsilon": 8, **given})


def test_one_is_not_several() -> None:
    one = Certificate(1, "", "", "", 1, 0, "a" * 64, None, "", True)
    assert "1 entry of one person" in str(one) and "2 entries of" in str(replace(one, n_events=2))
    fit = FitReport((0.5,), (), 1, 1.0, False)
    assert str(fit).startswith("1 epoch in") and str(replace(fit, losses=(0.5, 0.4))).startswith(
        "2 epochs in"
    )


def test_a_public_recommender_tells_of_no_noise() -> None:
    assert repr(Recommender(checkerboard()[0], **SMALL).privacy) == "PrivateLearning(privacy_unit='none')"
    assert "noise_multiplier=1.0" in repr(private("person").privacy)


# ---- the same life is the same bits ----------------------------------------------------------------------


def lived(rec: Recommender, without: str = "") -> Recommender:
    rec.fit(lw.Interactions.from_events(event for event in LOG[:120] if event.user != without), **QUIET)
    for event in LOG[120:135]:
        if event.user != without:
            rec.learn_one(event)
    rec.learn_many(
        lw.Interactions.from_events(event for event in LOG[135:160] if event.user != without),
        batch_size=8,
        **QUIET,
    )
    return rec


@pytest.mark.parametrize("unit", ["example", "person"])
def test_a_journal_and_a_file_go_on_bit_for_bit(unit: str, tmp_path: Path) -> None:
    plan = {
        **SMALL,
        **private_settings(unit, epsilon=None, epochs=2, sampling_rate=0.2),
        "checkpoint_every": 9,
    }
    with Recommender.open(tmp_path / "shop.lw", checkerboard()[0], **plan) as rec:
        lived(rec)
        assert rec.audit(**QUIET).equal  # made anew from the beginning, noise and all
        rec.save(tmp_path / "rec.lw")
        again = Recommender.load(tmp_path / "rec.lw")
        assert again.digest() == rec.digest() and again.privacy.epsilon == rec.privacy.epsilon > 0
        for one in (rec, again):
            one.learn_one(LOG[170])
        assert again.digest() == rec.digest()
    with Recommender.open(tmp_path / "shop.lw") as reopened:
        assert reopened.digest() == again.digest()
    # two lives are not: the noise is nobody's to know
    assert lived(private(unit)).digest() != lived(private(unit)).digest()


def test_to_forget_makes_it_anew_with_noise_that_has_nothing_to_do_with_the_old(tmp_path: Path) -> None:
    plan = {**SMALL, **private_settings("person", epsilon=None, epochs=2, sampling_rate=0.2)}
    with Recommender.open(tmp_path / "shop.lw", checkerboard()[0], **plan) as rec:
        lived(rec)
        rec.learn_one(Feedback("last", "i1", "like"))
        kept = rec.network.items.embeddings.clone()
        assert rec.forget("last", **QUIET).proven  # who came last: all before them stays as it was
        assert not rec.held_about("last") and rec.audit(**QUIET).equal
        once = rec.network.items.embeddings.clone()
        assert not torch.equal(once, kept)
        assert rec.forget(str(LOG[0].user), **QUIET).proven
        moved = (rec.network.items.embeddings - once).numpy()
        start = Recommender(checkerboard()[0], **plan).network.items.embeddings.numpy()
        # as far from each other as from where both began: not one is the other and a bit
        assert np.linalg.norm(moved) > 0.5 * np.linalg.norm(once.numpy() - start)


def test_a_failed_step_leaves_the_account_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = lived(private("person"))
    before = rec.digest()
    monkeypatch.setattr(rec.drift, "advance", lambda n: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rec.learn_one(LOG[170])
    assert rec.digest() == before


def test_a_damaged_account_is_refused() -> None:
    rec = lived(private("example"))
    too_few = np.zeros(2, dtype=np.int64)
    for name, value in (("key", "00"), ("chain", 3), ("uses", too_few), ("at_first", 10**6)):
        state = rec.get_state()
        state["privacy"][name] = value
        with pytest.raises(FormatError, match="privacy"):
            private("example").set_state(state)


# ---- and it protects -------------------------------------------------------------------------------------


def test_noise_takes_the_attack_its_advantage() -> None:
    """Of three fits, since noise is secret and no seed repeats it: one in a hundred is found by chance."""
    from tests.privacy.test_membership import FIT, MEMBERS, STRANGERS
    from tests.privacy.test_membership import N_ITEMS as N_THINGS

    shelf = lw.Catalog.from_records([{"item": n} for n in range(N_THINGS)])

    def attacked(noise: float) -> lw.privacy.Attack:
        plan = private_settings("person", epsilon=None, epochs=30, sampling_rate=0.25)
        rec = Recommender(shelf, **{**FIT, **plan, "noise_multiplier": noise, "clipping_norm": 5.0})
        rec.trainer.fit_learning_rate = 0.01
        rec.fit(MEMBERS, **QUIET)
        return lw.privacy.audit(rec, MEMBERS, STRANGERS)["calibrated", "people"]

    assert attacked(0.0).low > 0.8  # learned by heart
    noisy = [attacked(8.0) for _ in range(3)]
    assert sum(attack.found for attack in noisy) <= 1
    assert np.mean([attack.auc for attack in noisy]) < 0.65


@pytest.mark.parametrize("method", [["prune", "tune"], ["distill:4"], ["neurons"]])
def test_a_copy_that_would_be_fitted_to_what_people_did_is_refused(method: list[str]) -> None:
    rec = private("person")
    rec.fit(LOG, **QUIET)
    with pytest.raises(PrivacyError, match=f"^{method[-1]}.* would be fitted to what people did"):
        rec.compress(method)
    found = lw.compression.sweep(rec, tried=["int8", method], **QUIET)
    assert [point.methods for point in found] == [("int8",)] and "private" in str(found.refused)
    assert rec.compress("int8").recommend("u0").items


def test_influence_which_shows_single_events_of_others_is_refused() -> None:
    rec = Recommender(
        lw.Catalog.from_records([{"item": 1}, {"item": 2}]), **private_settings("example", epsilon=None)
    )
    rec.learn_one(user="ada", item=1, kind="like")
    with pytest.raises(PrivacyError, match="events of others"):
        rec.influence("bob", 1)
