"""Prometheus metrics: plain counters, rendered per scrape."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from gemulator.core.plan import Usage
from gemulator.core.version import __version__
from gemulator.delivery.live_steps import UpstreamEnd
from gemulator.scenario.ordered_error import CHAOS
from gemulator.state.journal.entry import Finished, Received
from gemulator.state.store import StoreLosses

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_CHUNKS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
_MAX_SERIES = 1_000  # label sets; further ones count as `other`, because clients choose the labels
_MAX_LABEL = 500  # characters
_OTHER = "other"
_BATCH = 64  # answers
_ROUTE = re.compile(r"/projects/[^/]+/locations/[^/]+/endpoints/([^/]+)")

_Key: TypeAlias = tuple[str, str, str, int, str, str]


class _Histogram:
    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """Return cumulative counts by upper bound."""
        total, out = 0, []
        for bound, here in zip((*map(str, self._bounds), "+Inf"), self.counts, strict=True):
            total += here
            out.append((bound, float(total)))
        return out


class _Timings:
    def __init__(self) -> None:
        self.first = _Histogram(_SECONDS)
        self.duration = _Histogram(_SECONDS)
        self.chunks = _Histogram(_CHUNKS)
        self.prompt_tokens = self.completion_tokens = self.reasoning_tokens = 0

    def add(self, finished: Finished, usage: Usage | None) -> None:
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            self.reasoning_tokens += usage.reasoning_tokens
        first, seconds, chunks = finished.first, finished.duration, finished.chunks
        bucket = bisect_left(_SECONDS, seconds)
        self.duration.counts[bucket] += 1
        self.duration.sum += seconds
        if first is not None:
            self.first.counts[bucket if first == seconds else bisect_left(_SECONDS, first)] += 1
            self.first.sum += first
        self.chunks.counts[bisect_left(_CHUNKS, chunks)] += 1
        self.chunks.sum += chunks


class _Forwarded:
    def __init__(self) -> None:
        self.requests = self.failed = self.bytes = 0
        self.first = _Histogram(_SECONDS)

    def add(self, end: UpstreamEnd) -> None:
        self.requests += 1
        self.failed += bool(end.error)
        self.bytes += end.bytes
        if end.first is not None:
            self.first.counts[bisect_left(_SECONDS, end.first)] += 1
            self.first.sum += end.first


class Metrics:
    """Counters of one app. `running` is the number of requests in progress."""

    def __init__(self) -> None:
        self.running = 0
        self._pending: list[tuple[Received, Finished]] = []
        self._requests: dict[_Key, int] = {}
        self._faults: Counter[str] = Counter()
        self._quotas: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._forwarded: dict[str, _Forwarded] = {}
        self._timings: dict[str, _Timings] = {}
        self._registry: CollectorRegistry | None = None
        self._losses = StoreLosses(0)
        self._sessions = 0

    def add(self, received: Received, finished: Finished) -> None:
        """Count one answer. Answers are counted in batches, which costs less per answer."""
        self._pending.append((received, finished))
        if len(self._pending) >= _BATCH:
            self._count_pending()

    def _count_pending(self) -> None:
        for received, finished in self._pending:
            self._count(received, finished)
        self._pending.clear()

    def _count(self, received: Received, finished: Finished) -> None:
        exchange = received.exchange
        status = exchange.status if finished.head else 0  # as `sent_status`, in line
        model = exchange.model
        key: _Key = (exchange.path, model, exchange.scenario, status, exchange.source, finished.outcome)
        counted = self._requests.get(key)
        if counted is None:
            key = self._bounded(key)
            counted = self._requests.get(key, 0)
        self._requests[key] = counted + 1
        (self._timings.get(model) or self._new_timings(model)).add(finished, exchange.usage)
        if received.delivery.faults:
            self._faults.update(received.delivery.faults)
        if exchange.quota:
            self._quotas[exchange.quota] += 1
        if exchange.refusal:
            self._refusals[exchange.refusal] += 1
        if finished.upstream is not None:
            self._forwarded.setdefault(finished.upstream.name, _Forwarded()).add(finished.upstream)

    def _bounded(self, key: _Key) -> _Key:
        """Return the labels of answers that are not counted yet, or those of all further ones."""
        path, model, scenario, status, source, outcome = key
        path = path if len(path) <= _MAX_LABEL else _OTHER
        model = model if len(model) <= _MAX_LABEL else _OTHER
        bounded = (path, model, scenario, status, source, outcome)
        if bounded in self._requests or len(self._requests) < _MAX_SERIES:
            return bounded
        return (_OTHER, _OTHER, _OTHER, status, source, outcome)

    def _new_timings(self, model: str) -> _Timings:
        known = len(model) <= _MAX_LABEL and len(self._timings) < _MAX_SERIES // 10
        return self._timings.setdefault(model if known else _OTHER, _Timings())

    def text(self, losses: StoreLosses, sessions: int) -> bytes:
        """Return the text of a scrape; `sessions` is the number of those in the store."""
        from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest

        self._losses, self._sessions = losses, sessions
        self._count_pending()
        if self._registry is None:
            self._registry = CollectorRegistry()
            self._registry.register(self)
            ProcessCollector(registry=self._registry)
            GCCollector(registry=self._registry)
        return generate_latest(self._registry)

    # ---- collector interface of prometheus-client

    def collect(self) -> "Iterator[Metric]":
        """Yield the metric families."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        yield from self._build_info()
        labels = ["route", "model", "scenario", "status", "outcome"]
        requests = CounterMetricFamily("gemulator_requests", "Answered requests.", labels=labels)
        limited = CounterMetricFamily("gemulator_rate_limited", "Answers with status 429.", labels=["cause"])
        sources = {"unmatched": 0, "unsatisfiable": 0}
        causes = dict.fromkeys(("quota", "scenario", "chaos", "upstream"), 0)
        folded: dict[tuple[str, ...], int] = {}
        for (path, model, scenario, status, source, outcome), counted in self._requests.items():
            series: tuple[str, ...] = (_route(path), model, scenario, str(status), outcome)
            folded[series] = folded.get(series, 0) + counted
            if source in sources:
                sources[source] += counted
            if status == 429:
                causes[_cause(source, scenario)] += counted
        for labelled, counted in folded.items():
            requests.add_metric(labelled, counted)
        for cause, counted in causes.items():
            limited.add_metric([cause], counted)
        yield from (requests, limited)
        yield from self._by_name()
        yield CounterMetricFamily("gemulator_unmatched", "Requests that matched no turn.", sources["unmatched"])
        failures = "Requests with an unsatisfiable schema."
        yield CounterMetricFamily("gemulator_generator_failures", failures, sources["unsatisfiable"])
        yield CounterMetricFamily(
            "gemulator_journal_evictions", "Journal entries evicted to stay within the limits.", self._losses.evicted
        )
        lost = "Requests answered while the store was unavailable."
        yield CounterMetricFamily("gemulator_unjournaled", lost, self._losses.unjournaled)
        yield GaugeMetricFamily("gemulator_in_flight", "Requests in progress.", self.running)
        yield GaugeMetricFamily("gemulator_sessions", "Sessions in the store.", self._sessions)
        yield self._tokens()
        yield from self._histograms()
        if self._forwarded:
            yield from self._upstreams()

    def _upstreams(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        labels = ["upstream"]
        counters = [
            CounterMetricFamily("gemulator_forwarded", "Requests that were forwarded.", labels=labels),
            CounterMetricFamily("gemulator_upstream_failures", "Forwarded requests that failed.", labels=labels),
            CounterMetricFamily("gemulator_upstream_bytes", "Bytes of the answers of an upstream.", labels=labels),
        ]
        first = HistogramMetricFamily(
            "gemulator_upstream_first_byte_seconds", "Time to the first byte of an upstream.", labels=labels
        )
        for name, counted in self._forwarded.items():
            for family, value in zip(counters, (counted.requests, counted.failed, counted.bytes), strict=True):
                family.add_metric([name], value)
            first.add_metric([name], counted.first.buckets(), counted.first.sum)
        yield from (*counters, first)

    def _build_info(self) -> "Iterator[Metric]":
        from platform import python_version

        from prometheus_client.core import InfoMetricFamily

        labels = {"version": __version__, "python": python_version()}
        yield InfoMetricFamily("gemulator_build", "Release of gemulator and of Python.", labels)

    def _tokens(self) -> "Metric":
        from prometheus_client.core import CounterMetricFamily

        tokens = CounterMetricFamily("gemulator_tokens", "Tokens of answered requests.", labels=["model", "kind"])
        for model, timings in self._timings.items():
            tokens.add_metric([model, "prompt"], timings.prompt_tokens)
            tokens.add_metric([model, "completion"], timings.completion_tokens)
            tokens.add_metric([model, "reasoning"], timings.reasoning_tokens)
        return tokens

    def _by_name(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

        for name, what, label, counted in (
            ("gemulator_faults", "Faults in answers.", "fault", self._faults),
            ("gemulator_quota_refusals", "Requests beyond a quota.", "quota", self._quotas),
            ("gemulator_refusals", "Refusals of the service.", "name", self._refusals),
        ):
            family = CounterMetricFamily(name, what, labels=[label])
            for value, number in counted.items():
                family.add_metric([value], number)
            yield family

    def _histograms(self) -> "Iterator[Metric]":
        from prometheus_client.core import HistogramMetricFamily

        first = HistogramMetricFamily("gemulator_first_chunk_seconds", "Time to the first chunk.", labels=["model"])
        duration = HistogramMetricFamily("gemulator_duration_seconds", "Time to the last chunk.", labels=["model"])
        chunks = HistogramMetricFamily("gemulator_chunks", "Chunks per answer.", labels=["model"])
        for model, timings in self._timings.items():
            first.add_metric([model], timings.first.buckets(), timings.first.sum)
            duration.add_metric([model], timings.duration.buckets(), timings.duration.sum)
            chunks.add_metric([model], timings.chunks.buckets(), timings.chunks.sum)
        yield from (first, duration, chunks)


def _cause(source: str, scenario: str) -> str:
    """Return what the status 429 of an answer comes from."""
    if source in {"forwarded", "recorded"}:
        return "upstream"
    if source != "turn":
        return "quota"
    return "chaos" if scenario == CHAOS else "scenario"


def _route(path: str) -> str:
    """Return the path without project, location and endpoint id."""
    return _ROUTE.sub(lambda found: f"/endpoints/{'openapi' if found[1] == 'openapi' else 'ENDPOINT'}", path)
