"""Days in French: the same in tables as in lists; sentences have the room for the whole name of a month."""

SHORT_DATE_FORMAT = "j N Y"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT = "j N Y H:i"
MONTH_DAY_FORMAT = "j N"
TO_THE_SECOND_FORMAT = "j N Y H:i:s"
