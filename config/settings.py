"""Bareme's only settings file. All that differs between machines comes from the environment (see `.env.example`)."""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config.environment import REQUIRED, Environment, broker
from config.logs import without_their_tracebacks

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")

# Who we are

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", default="insecure-development-key" if DEBUG else REQUIRED)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", default=[])
# The address visitors reach us under: links and pixels in mails, embed codes.
PUBLIC_URL = env.address("PUBLIC_URL", ("http", "https"), default="http://localhost:8000" if DEBUG else REQUIRED)
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
HTTPS = PUBLIC_URL.startswith("https://")
# Never any host: what we serve names the one it was asked for. On a developer's machine, those that lead nowhere else.
LOCAL_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=[PUBLIC_HOST, *(LOCAL_HOSTS if DEBUG else ["localhost"])])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

# What we are made of

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "import_export",
    "contacts",
    "tracking",
    "scoring",
    "campaigns",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tracking.staff.leave_staff_alone",
    "config.refusals.Refusals",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["contacts.templatetags.wording"],
        },
    }
]

from config.navigation import UNFOLD  # noqa: E402, F401 - the side bar is long and has a file of its own

# Where the data are

DATABASE = env.postgres("DATABASE_URL")
# A lock or a forgotten transaction never holds others up for long. A limit for every statement suits web processes
# (compose.yaml and the demo set one); migrations and replays may take their time.
TIMEOUTS = {
    "statement_timeout": f"{env.number('DATABASE_STATEMENT_TIMEOUT', default=0)}s",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "5min",
}
DATABASES = {
    "default": {
        **DATABASE,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": " ".join(f"-c {name}={value}" for name, value in TIMEOUTS.items()),
            **DATABASE.get("OPTIONS", {}),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "bareme",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},  # what it holds is worth no waiting
    }
}

# The hot path (tracking.edge): where hits wait while the database is away, and how much of that there may be. And how many
# requests of a process may be with Django at once: a few of the server's threads stay free for pixels and clicks.
SPOOL_ROOT = Path(env.text("SPOOL_ROOT", default=BASE_DIR / "var" / "spool"))
SPOOL_MB = env.number("SPOOL_MB", default=200)
DJANGO_THREADS = max(1, env.number("DJANGO_THREADS", default=28))

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=BASE_DIR / "var" / "static"))
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", default=BASE_DIR / "var" / "media"))
# What visitors upload with forms: never served, only handed to who may read submissions. Not below MEDIA_ROOT.
UPLOAD_ROOT = Path(env.text("UPLOAD_ROOT", default=BASE_DIR / "var" / "uploads"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "uploads": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": UPLOAD_ROOT, "base_url": None, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Work behind the scenes: a Celery message is a doorbell, the work itself is a row in PostgreSQL

CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 360,  # above the longest task, or a running one is delivered a second time
    "unacked_restore_interval": 2,  # what a killed worker held comes back soon, not after kombu's 100 seconds
    "unacked_restore_throttle": 1,
}
CELERY_TASK_DEFAULT_QUEUE = "bareme"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    # A tick that waited is worth nothing: the next one does its work.
    "pipeline.tick": {"task": "pipeline.tick", "schedule": 1.0, "options": {"expires": 5}},
    "scoring.forecast": {"task": "scoring.forecast", "schedule": 1.0, "options": {"expires": 5}},
    # Imports whose worker died are taken up again, drafts nobody came back to are forgotten.
    "contacts.sweep_imports": {"task": "contacts.sweep_imports", "schedule": 60.0, "options": {"expires": 60}},
    # Contacts who may be one person, and those of whom it is proved.
    "contacts.look_for_duplicates": {"task": "contacts.look_for_duplicates", "schedule": 3600.0},
    "contacts.merge_proved": {"task": "contacts.merge_proved", "schedule": 60.0, "options": {"expires": 60}},
    # Back-tests that were asked for, a few ranges at a time.
    "scoring.carry_back_tests": {"task": "scoring.carry_back_tests", "schedule": 2.0, "options": {"expires": 5}},
    # Mails that ask to confirm what was agreed to in a form.
    "tracking.send_confirmations": {
        "task": "tracking.send_confirmations",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    # What closed days came to, for statistics of what is visited often.
    "tracking.count_days": {"task": "tracking.count_days", "schedule": 60.0, "options": {"expires": 60}},
    "tracking.forget_confirmations": {"task": "tracking.forget_confirmations", "schedule": 3600.0},
    # What is no longer kept: once a day, in short steps.
    "contacts.apply_retention": {"task": "contacts.apply_retention", "schedule": 10.0, "options": {"expires": 10}},
    # People who wait to be erased, several at once: whatever a killed worker left.
    "contacts.carry_erasures": {"task": "contacts.carry_erasures", "schedule": 5.0, "options": {"expires": 5}},
    # What time alone changes: "opened in the last 30 days" stops being true without an event.
    "contacts.rebuild_segments": {"task": "contacts.rebuild_segments", "schedule": 300.0, "options": {"expires": 300}},
}

# Mail and SMS

vars().update(env.email("EMAIL_URL", default="consolemail://" if DEBUG else REQUIRED))
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", default=f"Bareme <bareme@{PUBLIC_HOST}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ORGANISATION_NAME = env.text("ORGANISATION_NAME", default="")  # as people know us; empty: the name of the sender
SMS_URL = env.address("SMS_URL", ("console", "http", "https"), default="console://")
# Integrations are addresses a marketer types: they may lead into our own network only where the operator says so.
ALLOW_PRIVATE_WEBHOOKS = env.flag("ALLOW_PRIVATE_WEBHOOKS", default=DEBUG)

# Consent: the purposes that need an explicit yes before an event is stored as somebody's

CONSENT_PURPOSES = ("web_tracking", "email_tracking", "link_tracking", "profiling")
CONSENT_REQUIRED = env.words("CONSENT_REQUIRED", default=["web_tracking", "email_tracking"], among=CONSENT_PURPOSES)

# Language and time

LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOGIN_URL = LOGIN_REDIRECT_URL = "admin:index"
FORMS_URLFIELD_ASSUME_HTTPS = True  # an address typed without a scheme; what Django 6 does anyway
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", default="en", among=[code for code, name in LANGUAGES])
LOCALE_PATHS = [BASE_DIR / "config" / "locale", BASE_DIR / "config" / "locale_unfold"]  # ours, and the theme's
FORMAT_MODULE_PATH = "config.formats"  # how days are written
DEFAULT_COUNTRY = env.country("DEFAULT_COUNTRY", default="FR")  # of phone numbers written without one
TIME_ZONE = env.time_zone("TIME_ZONE", default="Europe/Paris")
USE_TZ = True

# Safety: all of it follows from PUBLIC_URL being https, unless told otherwise

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]  # asked from inside, over plain HTTP
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=30 * 24 * 3600 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# HSTS preloading is a public registration that only the owner of the domain can decide on.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# How many proxies of ours stand in front, each adding to X-Forwarded-For and setting X-Forwarded-Proto. Without one
# these headers are not believed: anybody can send them.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", default=0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.refusals.stale_form"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # a post, its files not counted: those go to disk (CSV imports)
DATA_UPLOAD_MAX_NUMBER_FILES = 10
# Posts of one form from one network in ten minutes, above which more are refused; 0 for no limit.
FORM_POSTS_PER_NETWORK = env.number("FORM_POSTS_PER_NETWORK", default=300)

# Logs

LOG_FORMAT = env.choice("LOG_FORMAT", default="text", among=["text", "json"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{levelname} {name}: {message}", "style": "{"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "filters": {
        "strangers": {"()": lambda: without_their_tracebacks},
        "outages": {"()": "config.away.Outages", "each": LOG_FORMAT == "json"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["strangers", "outages"],
            "formatter": LOG_FORMAT,
        }
    },
    "root": {
        "handlers": ["console"],
        "level": env.choice("LOG_LEVEL", default="INFO", among=["DEBUG", "INFO", "WARNING", "ERROR"]),
    },
    "loggers": {
        # With a tick a second, the coming and going of every task would drown the rest.
        name: {"level": "WARNING"}
        for name in (
            "celery.app.trace",
            "celery.beat",
            "celery.worker.consumer.consumer",
            "celery.worker.request",
            "celery.worker.strategy",
            "fontTools",
            "httpx",
            "httpcore",
        )
    },
}
