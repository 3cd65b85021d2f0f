"""Addresses of the pages."""

from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from minigiants.web.views import (
    boards,
    competitions,
    docs,
    home,
    records,
    rescores,
    settings,
    submissions,
    submit,
    team,
    webhooks,
)

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    # Pages name their icon themselves; the admin's and other tools' requests end here.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("web/icon.svg"))),
    path("competitions/", competitions.index, name="competitions"),
    path("competitions/<slug:slug>/", competitions.overview, name="competition"),
    path("competitions/<slug:slug>/data/", competitions.data, name="data"),
    path("competitions/<slug:slug>/rules/", competitions.rules, name="rules"),
    path("competitions/<slug:slug>/leaderboard/", boards.leaderboard, name="leaderboard"),
    path("competitions/<slug:slug>/leaderboard/pareto/", boards.pareto, name="pareto"),
    path("competitions/<slug:slug>/leaderboard/history/", boards.history, name="history"),
    path("competitions/<slug:slug>/leaderboard/shake-up/", boards.shake_up, name="shake_up"),
    path("competitions/<slug:slug>/leaderboard/late/", boards.late, name="late"),
    path("competitions/<slug:slug>/phases/<slug:phase>/<slug:act>/", boards.rule, name="rule"),
    path("competitions/<slug:slug>/records/", records.records, name="records"),
    path("competitions/<slug:slug>/rescores/", rescores.index, name="rescores"),
    path("competitions/<slug:slug>/submissions/", submissions.index, name="submissions"),
    path("competitions/<slug:slug>/submit/", submit.submit, name="submit"),
    path("competitions/<slug:slug>/team/", team.team, name="team"),
    path("competitions/<slug:slug>/team/<slug:action>/", team.change, name="team_change"),
    path("invitations/<str:key>/", team.invitation, name="invitation"),
    path("submissions/<uuid:submission_id>/", submissions.read, name="submission"),
    path("submissions/<uuid:submission_id>/live/", submissions.live, name="submission_live"),
    path("submissions/<uuid:submission_id>/select/", submissions.select, name="submission_select"),
    path("submissions/<uuid:submission_id>/cancel/", submissions.cancel, name="submission_cancel"),
    path("settings/", settings.account, name="account"),
    path("settings/tokens/", settings.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke/", settings.revoke, name="token_revoke"),
    path("settings/tokens/<uuid:token_id>/rotate/", settings.rotate, name="token_rotate"),
    path("settings/webhooks/", webhooks.index, name="webhooks"),
    path("settings/webhooks/<uuid:webhook_id>/", webhooks.read, name="webhook"),
    *(
        path(f"settings/webhooks/<uuid:webhook_id>/{verb}/", view, name=f"webhook_{verb}")
        for verb, view in (
            ("rotate", webhooks.rotate),
            ("switch", webhooks.switch),
            ("delete", webhooks.delete),
            ("test", webhooks.test),
        )
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks.replay,
        name="webhook_replay",
    ),
    path("docs/quickstart", docs.quickstart, name="quickstart"),
    path("docs/errors", docs.errors, name="errors"),
]
