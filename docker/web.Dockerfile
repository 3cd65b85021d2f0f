# The web application, its dispatcher and its commands.
#
#   docker build -f docker/web.Dockerfile -t minigiants-web:local .
#
# Behind a proxy with a CA of its own: a BASE_IMAGE that trusts it, and PIP_CERT with its path there.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS packages
ARG PIP_CERT
ARG PIP_INDEX_URL
WORKDIR /build
COPY pyproject.toml constraints.txt ./
COPY docker/list-requirements docker/
RUN python3 docker/list-requirements server > requirements.txt \
    && python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        -c constraints.txt -r requirements.txt

FROM ${BASE_IMAGE}
RUN groupadd --gid 10001 minigiants \
    && useradd --uid 10001 --gid minigiants --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin minigiants \
    && install -d -o minigiants -g minigiants -m 0750 /var/lib/minigiants/blobs
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/minigiants
COPY manage.py ./
COPY evaluator/ evaluator/
COPY client/ client/
COPY competitions/ competitions/
COPY docs/ docs/
COPY platform/ platform/
COPY docker/redis-users docker/
# PYTHONPATH, and no __init__.py in platform/: `import platform` stays the standard library's.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/srv/minigiants/platform:/srv/minigiants \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=minigiants.config.settings \
    MINIGIANTS_BLOBS=/var/lib/minigiants/blobs \
    MINIGIANTS_PACKS=/srv/minigiants/competitions \
    MINIGIANTS_STATIC=/srv/minigiants/static
RUN MINIGIANTS_SECRET_KEY=unused MINIGIANTS_DATABASE_URL=postgresql:///unused \
    MINIGIANTS_BROKER_URL=redis://unused/0 \
    python -m django collectstatic --no-input --verbosity 0 \
    && python -m compileall -q platform evaluator
USER minigiants
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "minigiants.config.asgi:application", \
     "--host", "0.0.0.0", "--port", "8000", "--no-server-header", "--no-access-log", \
     "--timeout-graceful-shutdown", "10"]
