"""Messages are handed on once each and in their order, however they arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.widgets import inbox as inbox_module
from lifelong_widgets.widgets.inbox import Inbox
from lifelong_widgets.widgets.worker import Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker("test")
    yield worker
    worker.close()


@given(st.permutations(range(1, 9)), st.permutations(range(1, 6)), st.randoms())
def test_each_page_is_put_in_order_whatever_overtakes_what(
    worker: Worker, one: list[int], two: list[int], rng: object
) -> None:
    taken: list[tuple[str, int]] = []
    inbox = Inbox(worker)
    arrivals = [("a", n) for n in one] + [("b", n) for n in two]
    rng.shuffle(arrivals)  # type: ignore[attr-defined]
    for page, n in arrivals:
        inbox.put({"page": page, "n": n}, lambda message: taken.append((message["page"], message["n"])))
    inbox.close()
    assert [n for page, n in taken if page == "a"] == list(range(1, 9))
    assert [n for page, n in taken if page == "b"] == list(range(1, 6))


def test_what_is_sent_again_is_handed_on_again_and_what_has_no_number_at_once(worker: Worker) -> None:
    taken: list[int | None] = []
    inbox = Inbox(worker)
    for message in [{"page": "a", "n": 1}, {"page": "a", "n": 1}, {}, {"page": "a", "n": True}, {"n": 7}]:
        inbox.put(message, lambda message: taken.append(message.get("n")))
    inbox.close()
    assert taken == [1, 1, None, True, 7]


def test_a_message_that_never_comes_holds_the_others_up_for_a_while_only(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    inbox = Inbox(worker)

    def take(message: dict[str, int]) -> None:
        taken.append(message["n"])

    for n in (1, 3, 5, 6):
        inbox.put({"page": "a", "n": n}, take)
    inbox._give_up()
    assert taken == [1]
    monkeypatch.setattr(inbox_module, "_PATIENCE", -1.0)
    inbox._give_up()
    assert taken == [1, 3, 5, 6]
    inbox.put({"page": "a", "n": 7}, take)
    inbox.put({"page": "a", "n": 2}, take)  # late, but learned
    inbox.close()
    assert taken == [1, 3, 5, 6, 7, 2]


def test_pages_are_not_kept_for_ever_and_take_nothing_along(worker: Worker) -> None:
    taken: list[str] = []
    inbox = Inbox(worker)
    for page in range(200):
        inbox.put({"page": str(page), "n": 2}, lambda message: taken.append(message["page"]))
    assert len(inbox._pages) <= 64 and taken == [str(page) for page in range(200 - 64)]
    inbox.close()
