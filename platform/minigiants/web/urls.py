"""Addresses of the pages."""

from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from minigiants.web.views import (
    announcements,
    boards,
    competitions,
    discussions,
    docs,
    home,
    join,
    manage,
    manage_editing,
    manage_statistics,
    notices,
    profiles,
    records,
    rescores,
    sessions,
    settings,
    submissions,
    submit,
    team,
    webhooks,
)

app_name = "web"
discussion = [
    path("", discussions.index, name="discussion"),
    path("new/", discussions.new, name="thread_new"),
    path("reports/", discussions.reports, name="reports"),
    path("reports/<uuid:report_id>/dismiss/", discussions.dismiss, name="report_dismiss"),
    path("posts/<uuid:post_id>/", discussions.post, name="post"),
    path("<uuid:thread_id>/", discussions.thread, name="thread"),
    path("<uuid:thread_id>/<slug:action>/", discussions.change, name="thread_change"),
]
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
    path("hosting/", manage.index, name="hosting"),
    path("hosting/begin/", manage.begin, name="begin"),
    path("competitions/<slug:slug>/manage/", manage.overview, name="manage"),
    path(
        "competitions/<slug:slug>/manage/pages/<str:name>/",
        manage_editing.page,
        name="manage_page",
    ),
    path("competitions/<slug:slug>/manage/preview/", manage_editing.preview, name="manage_preview"),
    path(
        "competitions/<slug:slug>/manage/settings/",
        manage_editing.settings,
        name="manage_settings",
    ),
    path(
        "competitions/<slug:slug>/manage/statistics/",
        manage_statistics.statistics,
        name="manage_statistics",
    ),
    path("competitions/<slug:slug>/manage/audit/", manage.audit, name="manage_audit"),
    path(
        "competitions/<slug:slug>/manage/submissions/",
        manage.submissions,
        name="manage_submissions",
    ),
    path("competitions/<slug:slug>/manage/<slug:action>/", manage.act, name="manage_act"),
    path("competitions/<slug:slug>/join/<str:secret>/", join.join, name="join"),
    path("competitions/<slug:slug>/rescores/", rescores.index, name="rescores"),
    path("competitions/<slug:slug>/submissions/", submissions.index, name="submissions"),
    path("competitions/<slug:slug>/submit/", submit.submit, name="submit"),
    path("competitions/<slug:slug>/team/", team.team, name="team"),
    path("competitions/<slug:slug>/team/<slug:action>/", team.change, name="team_change"),
    path("invitations/<str:key>/", team.invitation, name="invitation"),
    path("competitions/<slug:slug>/discussion/", include(discussion)),
    path("competitions/<slug:slug>/announcements/", announcements.index, name="announcements"),
    path(
        "competitions/<slug:slug>/announcements/<uuid:announcement_id>/withdraw/",
        announcements.withdraw,
        name="announcement_withdraw",
    ),
    path("notices/", notices.index, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<uuid:notice_id>/", notices.follow, name="notice"),
    path("unsubscribe/<str:token>/", notices.unsubscribed, name="unsubscribe"),
    path("submissions/<uuid:submission_id>/", submissions.read, name="submission"),
    path("submissions/<uuid:submission_id>/live/", submissions.live, name="submission_live"),
    path("submissions/<uuid:submission_id>/select/", submissions.select, name="submission_select"),
    path("submissions/<uuid:submission_id>/cancel/", submissions.cancel, name="submission_cancel"),
    path("settings/", settings.account, name="account"),
    path("people/<str:username>/", profiles.read, name="person"),
    path("settings/profile/", profiles.edit, name="profile"),
    path("settings/close/", profiles.close, name="account_close"),
    path("settings/sessions/", sessions.index, name="sessions"),
    path("settings/sessions/<int:session_id>/end/", sessions.end, name="session_end"),
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
    path("docs/", docs.index, name="docs"),
    path("docs/quickstart", docs.page, {"name": "quickstart"}, name="quickstart"),
    path("docs/errors", docs.errors, name="errors"),
    path("docs/<str:name>", docs.page, name="documentation"),
]
