"""Days in English: the same in tables as in lists, the month by its name, so that no side of an ocean mistakes it for the day."""

SHORT_DATE_FORMAT = "N j, Y"
SHORT_DATETIME_FORMAT = "N j, Y, P"
MONTH_DAY_FORMAT = "N j"
TO_THE_SECOND_FORMAT = "N j, Y, H:i:s"
