"""The history of a competition's records."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.http import require_safe

from minigiants.competitions.pack_metrics import ShownMetric
from minigiants.leaderboards.records import RecordHistory, record_histories
from minigiants.web.charts.steps_chart import StepLine, steps_chart
from minigiants.web.views.competition_page import competition_page


@dataclass(frozen=True)
class ShownHistory:
    """A division's records as the page shows them: drawn where there is more than one."""

    history: RecordHistory
    chart: str
    summary: str


@require_safe
def records(request: HttpRequest, slug: str) -> HttpResponse:
    """The records of each division: a chart, and a table of the evidence."""
    page = competition_page(request, slug)
    metric = page.spec.ranking_metric
    context = page.context(
        "records",
        shown=[
            _shown(history, metric) for history in record_histories(competition=page.competition)
        ],
    )
    return render(request, "web/competition/records.html", context)


def _shown(history: RecordHistory, metric: ShownMetric) -> ShownHistory:
    records = history.records
    if not records:
        return ShownHistory(history, "", "No model has been scored in this division yet.")
    first, last = records[0], records[-1]
    if len(records) == 1:
        summary = f"{first.team} opened the record with {first.score_shown}. "
        if history.challengers:
            challengers = f"{history.challengers:,} challenger{pluralize(history.challengers)}"
            summary += f"None of {challengers} has beaten it by more than noise."
        else:
            summary += "Nobody has challenged it yet."
        return ShownHistory(history, "", summary)
    told = [
        (record.achieved_at, record.score, f"{record.team}: {record.score_shown}")
        for record in records
    ]
    chart = steps_chart(
        [StepLine("Record", told)],
        name=f"records-{history.division.slug}",
        title=f"Records in {metric.title}: {history.division.title}",
        metric=metric.title,
        higher_is_better=metric.higher_is_better,
        until=timezone.now(),
    )
    summary = (
        f"{len(records)} records, from {first.score_shown} by {first.team} to "
        f"{last.score_shown} by {last.team}, of {history.challengers:,} challengers."
    )
    return ShownHistory(history, chart, summary)
