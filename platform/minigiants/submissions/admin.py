from django.contrib import admin

from minigiants.submissions.models import (
    Evaluation,
    StateChange,
    Submission,
    Trial,
    WorkerKey,
    WorkerPresence,
)


class ReadOnly:
    """States change by services alone; operators look."""

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class EvaluationInline(ReadOnly, admin.TabularInline[Evaluation, Submission]):
    model = Evaluation
    extra = 0
    fields = (
        "status",
        "attempt",
        "worker",
        "stage",
        "lease_expires_at",
        "failure",
        "host_detail",
    )


class StateChangeInline(ReadOnly, admin.TabularInline[StateChange, Submission]):
    model = StateChange
    extra = 0
    fields = ("at", "status", "code", "reason")


@admin.register(Submission)
class SubmissionAdmin(ReadOnly, admin.ModelAdmin[Submission]):
    list_display = ("id", "team", "competition", "division", "status", "public_score", "created_at")
    list_filter = ("status", "competition", "division")
    search_fields = ("id", "team__name", "submitted_by__username")
    list_select_related = ("team", "competition", "division")
    inlines = (EvaluationInline, StateChangeInline)


@admin.register(Trial)
class TrialAdmin(ReadOnly, admin.ModelAdmin[Trial]):
    list_display = ("version", "competition", "state", "started_by", "created_at", "ended_at")
    list_filter = ("state", "competition")
    list_select_related = ("version", "competition", "started_by")


@admin.register(WorkerKey)
class WorkerKeyAdmin(admin.ModelAdmin[WorkerKey]):
    list_display = ("name", "role", "profile", "created_at", "revoked_at")
    list_filter = ("role", "profile")
    readonly_fields = ("role", "profile", "name", "digest")

    def has_add_permission(self, request: object) -> bool:
        """Keys are registered by `manage.py worker_key`, which never shows the secret."""
        return False


@admin.register(WorkerPresence)
class WorkerPresenceAdmin(ReadOnly, admin.ModelAdmin[WorkerPresence]):
    list_display = (
        "name",
        "key",
        "slots",
        "strength",
        "formats",
        "cpus",
        "memory_bytes",
        "gpu",
        "hindrance",
        "seen_at",
    )
