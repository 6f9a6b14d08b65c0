"""Who has learned by heart is found out; who never saw either group is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import lifelong_widgets as lw
from lifelong_widgets.errors import DataError, DataWarning
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.privacy.roc import auc, auc_interval, tpr_at

N_ITEMS = 60
FIT = {"embedding_dim": 32, "hidden_dim": 64, "history_length": 10, "epochs": 25, "validation_fraction": 0.0}


def people(first: int, n: int, seed: int) -> lw.Interactions:
    """People who take what they take for no reason: all that can be learned of one is that one."""
    rng = np.random.default_rng(seed)
    rows = [(f"p{first + person}", int(item)) for person in range(n) for item in rng.permutation(N_ITEMS)[:8]]
    frame = pd.DataFrame([rows[place] for place in rng.permutation(len(rows))], columns=["user", "item"])
    return lw.Interactions.from_pandas(frame.assign(time=np.arange(len(frame)), kind="like"), kind="kind")


MEMBERS, STRANGERS, OTHERS = people(0, 60, 1), people(100, 60, 2), people(200, 60, 3)


def fitted(log: lw.Interactions, **settings: object) -> lw.Recommender:
    catalog = lw.Catalog.from_pandas(pd.DataFrame({"item": range(N_ITEMS)}))
    rec = lw.Recommender(catalog, **{**FIT, "fit_learning_rate": 0.01, **settings})
    rec.fit(log, progress=False)
    return rec


@pytest.fixture(scope="module")
def by_heart() -> lw.Recommender:
    return fitted(MEMBERS, **NETWORK_ALONE)


def test_who_has_learned_by_heart_is_found(by_heart: lw.Recommender) -> None:
    before = by_heart.digest()
    report = lw.privacy.audit(by_heart, MEMBERS, STRANGERS)
    for name in ("loss", "calibrated"):
        for level in ("people", "events"):
            attack = report[name, level]
            assert attack.found and 0.8 < attack.low <= attack.auc <= attack.high, report
        people = report.people
        sides = [people[people["member"] == side][name].to_numpy() for side in (True, False)]
        assert tpr_at(*sides, 0.01) > 0.5  # without a false alarm, since there are 60
        assert np.isnan(report[name, "people"].tpr) and report[name, "events"].tpr > 0.1
        assert report[name, "people"].n_members == 60
    assert report.comparable and "gives away" in report.verdict and "calibrated" in str(report)
    assert by_heart.digest() == before and "–" in str(report) and "nan" not in str(report)
    people = report.people
    assert people["member"].sum() == (~people["member"]).sum() == 60 and set(people["events"]) == {8}
    assert set(people["user"][people["member"]]) == set(MEMBERS.users)
    for name in ("loss", "calibrated", "blind"):
        assert roc_auc_score(people["member"], people[name]) == pytest.approx(report[name, "people"].auc)
    assert list(report.to_pandas()["name"]) == [one.name for one in report.attacks]


def test_the_fast_memory_is_attacked_too() -> None:
    report = lw.privacy.audit(fitted(MEMBERS, epochs=1), MEMBERS, STRANGERS)
    attack = report["loss", "people"]
    assert attack.found and attack.accuracy > 0.7, report  # it keeps what people did as it was


def test_who_saw_neither_group_is_not(by_heart: lw.Recommender) -> None:
    with pytest.warns(DataWarning, match="knows none of the 60 people of members") as said:
        report = lw.privacy.audit(by_heart, OTHERS, STRANGERS)
    assert said[0].filename == __file__
    assert not any(attack.found for attack in report.attacks), report
    assert "no proof that nothing leaks" in report.verdict


def test_people_of_both_groups_are_told(by_heart: lw.Recommender) -> None:
    moment = float(np.median(MEMBERS.times))
    before, after = MEMBERS.before(moment), MEMBERS.after(moment)
    with pytest.warns(DataWarning, match="people are among the members and the non-members.*Draw people"):
        lw.privacy.audit(by_heart, before, after, max_events=60)


def test_a_reference_of_other_people_calibrates(by_heart: lw.Recommender) -> None:
    reference = fitted(OTHERS, **NETWORK_ALONE)
    report = lw.privacy.audit(by_heart, MEMBERS, STRANGERS, reference=reference)
    assert report["calibrated", "people"].low > 0.8
    assert not lw.privacy.audit(by_heart, MEMBERS, STRANGERS, reference=by_heart)[
        "calibrated", "people"
    ].found


def test_groups_that_differ_by_themselves_prove_nothing(by_heart: lw.Recommender) -> None:
    frame = STRANGERS.to_pandas()
    frame["item"] = frame["item"] % 5  # of another shop: everybody takes the same few things
    other_shop = lw.Interactions.from_pandas(frame, kind="kind")
    report = lw.privacy.audit(by_heart, MEMBERS, other_shop)
    assert not report.comparable and "without asking the model" in report.verdict


def test_few_events_are_spread_over_all_people(by_heart: lw.Recommender) -> None:
    report = lw.privacy.audit(by_heart, MEMBERS, STRANGERS, max_events=60)
    assert report["loss", "events"].n_members == report["loss", "people"].n_members == 60


def test_what_cannot_be_audited_is_said(by_heart: lw.Recommender) -> None:
    with pytest.raises(DataError, match="events are among the members and the non-members"):
        lw.privacy.audit(by_heart, MEMBERS, MEMBERS)
    with pytest.raises(DataError, match=r"needs two logs, .*log\.take\(side\[log\.user_codes\] == n\)"):
        lw.privacy.audit(by_heart, MEMBERS)
    with pytest.raises(DataError, match="members have positive events of 1 people"):
        lw.privacy.audit(by_heart, MEMBERS.take(MEMBERS.user_codes == 0), STRANGERS)
    with pytest.raises(DataError, match="members are Interactions, not a DataFrame"):
        lw.privacy.audit(by_heart, MEMBERS.to_pandas(), STRANGERS)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="max_events is 0"):
        lw.privacy.audit(by_heart, MEMBERS, STRANGERS, max_events=0)
    with pytest.raises(DataError, match="members: are the two the wrong way round"):
        lw.privacy.audit(by_heart, STRANGERS, MEMBERS)
    with pytest.raises(DataError, match=r"rec is a Recommender, not 'shop.lw' \(a str\)"):
        lw.privacy.audit("shop.lw", MEMBERS, STRANGERS)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="reference is a Recommender, not 3"):
        lw.privacy.audit(by_heart, MEMBERS, STRANGERS, reference=3)  # type: ignore[arg-type]
    report = lw.privacy.audit(by_heart, MEMBERS, STRANGERS, max_events=60)
    for key in (("luck", "people"), "calibrated"):
        with pytest.raises(DataError, match=r"by its name and level, such as report\[.*\['loss', 'events'\]"):
            report[key]  # type: ignore[index]


def test_who_is_less_sure_of_what_it_has_seen_gives_it_away_too(by_heart: lw.Recommender) -> None:
    """The network with its answers negated: members score lower, and the words say so."""
    scores = by_heart.network.score_each
    by_heart.network.score_each = lambda *given: (-found for found in scores(*given))  # type: ignore[method-assign]
    try:
        report = lw.privacy.audit(by_heart, MEMBERS, STRANGERS)
    finally:
        del by_heart.network.score_each
    attack = report["loss", "people"]
    assert attack.found and attack.turned and attack.auc < 0.3 and attack.accuracy == 1 - attack.auc, report
    assert "turned round: members score lower than strangers (AUC 0." in report.verdict


def test_of_a_few_people_nothing_is_said(by_heart: lw.Recommender) -> None:
    """Neither that something leaks, nor that their groups differ, nor how many are found at 1 %."""
    frame = STRANGERS.to_pandas()
    frame["item"] = frame["item"] % 5
    few = lw.Interactions.from_pandas(frame[frame["user"].isin(STRANGERS.users[:10])], kind="kind")
    report = lw.privacy.audit(by_heart, MEMBERS, few)
    assert report.too_few and "60 members and 10 others" in report.verdict
    assert np.isnan(report["loss", "people"].tpr) and np.isnan(report["loss", "events"].tpr)


def test_the_interval_is_that_of_a_bootstrap_of_people() -> None:
    rng = np.random.default_rng(0)
    mine, theirs = rng.integers(0, 9, 40) / 4 + 0.5, rng.integers(0, 9, 50) / 4
    owners, of_others = np.arange(40) // 4, np.arange(50) // 5
    low, high = auc_interval(mine, theirs, owners, of_others, draws=400)
    assert low < auc(mine, theirs) < high
    # the same resamples, by scikit-learn with weights
    again, found = np.random.default_rng(0), []
    counts = (
        again.multinomial(10, np.full(10, 0.1), size=400),
        again.multinomial(10, np.full(10, 0.1), size=400),
    )
    labels = np.r_[np.ones(40), np.zeros(50)]
    for ones, others in zip(*counts, strict=True):
        weights = np.r_[ones[owners], others[of_others]]
        found.append(roc_auc_score(labels, np.r_[mine, theirs], sample_weight=weights))
    np.testing.assert_allclose((low, high), np.quantile(found, [0.025, 0.975]), atol=1e-12)


def test_the_true_positive_rate_is_at_its_false_positive_rate() -> None:
    others = np.arange(200.0)
    members = np.array([500.0, 198.5, 197.5, 3.0])
    assert tpr_at(members, others, 0.01) == 0.75  # 197.5 lets two of 200 pass
    assert tpr_at(members, others, 0.005) == 0.5
    assert tpr_at(members, others, 0.0) == 0.25
