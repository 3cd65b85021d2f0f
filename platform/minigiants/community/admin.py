from django.contrib import admin

from minigiants.community.models import Announcement, Post, PostReport, Thread


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin[Announcement]):
    list_display = ("title", "competition", "author", "created_at", "withdrawn_at")
    list_select_related = ("competition", "author")
    autocomplete_fields = ("author",)


@admin.register(Thread)
class ThreadAdmin(admin.ModelAdmin[Thread]):
    list_display = ("title", "competition", "author", "replies", "is_pinned", "hidden_at")
    list_select_related = ("competition", "author")
    search_fields = ("title", "author__username")
    autocomplete_fields = ("author",)


@admin.register(Post)
class PostAdmin(admin.ModelAdmin[Post]):
    list_display = ("thread", "author", "created_at", "edited_at", "hidden_at", "deleted_at")
    list_select_related = ("thread", "author")
    search_fields = ("author__username",)
    autocomplete_fields = ("author", "thread")


@admin.register(PostReport)
class PostReportAdmin(admin.ModelAdmin[PostReport]):
    list_display = ("post", "reporter", "reason", "created_at", "resolved_at", "resolved_by")
    list_select_related = ("post", "reporter", "resolved_by")
    raw_id_fields = ("post", "reporter", "resolved_by")
