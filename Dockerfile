# One image for web, worker and beat; the command decides which it is. See compose.yaml.
FROM python:3.11-slim-bookworm AS build
COPY requirements.txt /
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r /requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    STATIC_ROOT=/srv/static \
    MEDIA_ROOT=/srv/media \
    UPLOAD_ROOT=/srv/uploads \
    SPOOL_ROOT=/srv/spool
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin bareme \
 && mkdir -p /srv/static /srv/media /srv/uploads /srv/spool \
 && chown bareme /srv/media /srv/uploads /srv/spool
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Translations and static files are part of the image. The values only let the settings load; none of them stays.
RUN SECRET_KEY=build PUBLIC_URL=http://localhost DATABASE_URL=postgres://none/none REDIS_URL=redis://none \
    EMAIL_URL=consolemail:// python -m config.prepare files
USER bareme
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "32", "--backpressure", "64", "--no-ws", "--respawn-failed-workers", "config.wsgi:application"]
