"""Counts for monitoring: how much of what, and never of whom (X8).

What the database knows is counted there when asked, so it holds for all processes together; decisions are counted by
the process that gave them.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from prefcenter.services.checking import Answer, Invalid
from prefcenter.services.overview import Figures, figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # A second series for each counter that nobody here reads.
_of_process = CollectorRegistry()
_decisions = Counter(
    "prefcenter_decisions",
    "Decisions given over the API by this process.",
    ("message_class", "verdict"),
    registry=_of_process,
)


def count_decisions(message_class: str, answers: Iterable[Answer]) -> None:
    """Count what the API answered."""
    tally = Tally("invalid" if isinstance(answer, Invalid) else answer.verdict.value for answer in answers)
    for verdict, count in tally.items():
        _decisions.labels(message_class, verdict).inc(count)


def exposition(session: Session, *, at: datetime) -> bytes:
    """Write all metrics as Prometheus reads them; the session only reads."""
    stored = CollectorRegistry(auto_describe=False)
    stored.register(_Stored(figures(session, at=at)))
    return generate_latest(_of_process) + generate_latest(stored)


class _Stored(Collector):
    """The figures of the database, as gauges."""

    def __init__(self, counted: Figures) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        counted = self._counted
        yield _by_labels("suppressions", "Suppressions in force.", ("channel", "reason"), counted.suppressions)
        yield _by_labels("opt_outs_recorded", "Suppressions ever recorded.", ("channel", "source"), counted.recorded)
        queue = {(state,): count for state, count in counted.queue.items()}
        yield _by_labels("outbox_messages", "Messages in the outbox.", ("state",), queue)
        yield _single("ledger_pending", "Ledger entries that wait for their position.", counted.pending)
        yield _single("ledger_position", "The last position of the ledger.", counted.position)
        yield _single("reviews_open", "Items that wait for a person.", counted.open_reviews)
        yield _single("reviews_overdue", "Items whose time is up.", counted.overdue_reviews)


def _single(name: str, help_text: str, value: int) -> Metric:
    return GaugeMetricFamily(f"prefcenter_{name}", help_text, value=value)


def _by_labels(name: str, help_text: str, labels: tuple[str, ...], counts: Mapping[Any, int]) -> Metric:
    family = GaugeMetricFamily(f"prefcenter_{name}", help_text, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family
