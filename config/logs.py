"""What the log has: one JSON object a line for machines that read it (LOG_FORMAT=json), and no noise of strangers."""

import json
import logging
from datetime import UTC, datetime


def without_their_tracebacks(record: logging.LogRecord) -> bool:
    """Filter: what is refused of strangers (a forged host, a broken body) is worth a line, not a page of our code."""
    if record.name.startswith("django.security.") or getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
