from django.contrib import admin

from minigiants.artifacts.models import Artifact, ArtifactFile, Inspection, UploadSession


class FileInline(admin.TabularInline[ArtifactFile, Artifact]):
    model = ArtifactFile
    extra = 0
    can_delete = False
    readonly_fields = ("path", "blob")


class InspectionInline(admin.TabularInline[Inspection, Artifact]):
    model = Inspection
    extra = 0
    can_delete = False
    fields = readonly_fields = (
        "pack_version",
        "inspector_version",
        "accepted",
        "division",
        "parameters",
        "tensor_bits",
        "side_bytes",
        "artifact_bytes",
    )


@admin.register(Artifact)
class ArtifactAdmin(admin.ModelAdmin[Artifact]):
    list_display = ("id", "team", "format", "size", "created_at")
    list_filter = ("format", "team__competition")
    search_fields = ("id", "team__name", "manifest_digest")
    readonly_fields = ("team", "uploaded_by", "manifest_digest", "format", "size")
    inlines = (FileInline, InspectionInline)


@admin.register(UploadSession)
class UploadSessionAdmin(admin.ModelAdmin[UploadSession]):
    list_display = ("id", "team", "status", "created_at", "expires_at")
    list_filter = ("status",)
    readonly_fields = ("team", "created_by", "status", "expires_at", "artifact")
