"""Days as quotas count them: in UTC."""

from datetime import UTC, datetime, timedelta


def day_start(moment: datetime) -> datetime:
    """Midnight UTC at or before `moment`."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def next_day_start(moment: datetime) -> datetime:
    """Midnight UTC after `moment`: when a day's quota renews."""
    return day_start(moment) + timedelta(days=1)
