"""When something was, as a person would say it."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, QObject

_MINUTE_S, _HOUR_S, _WEEK_DAYS = 60, 3600, 6


class RelativeTime(QObject):
    """Puts times into words: "2 minutes ago", "yesterday", "Monday", "12 November"."""

    def words(self, then_s: float, now_s: float) -> str:
        """The time of day is left out.

        Args:
            then_s: Unix seconds.
            now_s: Unix seconds.
        """
        seconds = now_s - then_s
        then, now = _moment(then_s), _moment(now_s)
        days = then.date().daysTo(now.date())
        if seconds < _MINUTE_S:
            return self.tr("just now")
        if seconds < _HOUR_S:
            n_minutes = int(seconds // _MINUTE_S)
            return self.tr("1 minute ago") if n_minutes == 1 else self.tr("{0} minutes ago").format(n_minutes)
        if days == 0:
            n_hours = int(seconds // _HOUR_S)
            return self.tr("1 hour ago") if n_hours == 1 else self.tr("{0} hours ago").format(n_hours)
        if days == 1:
            return self.tr("yesterday")
        if days <= _WEEK_DAYS:
            return QLocale().standaloneDayName(then.date().dayOfWeek())
        shape = "d MMMM" if then.date().year() == now.date().year() else "d MMMM yyyy"
        return QLocale().toString(then.date(), shape)


def _moment(time_s: float) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(int(time_s * 1000))
