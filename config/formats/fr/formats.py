"""Days in French: the same in tables as in lists; sentences have the room for the whole name of a month. jS is 1er, 2, 3 …"""

DATE_FORMAT = "jS F Y"
SHORT_DATE_FORMAT = "jS N Y"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT = "jS N Y H:i"
TO_THE_SECOND_FORMAT = "jS N Y H:i:s"
MONTH_DAY_FORMAT = "jS N"
