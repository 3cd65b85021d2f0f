# A worker: predict or score, as its environment says. It holds no Django and no platform code.
#
#   docker build -f docker/worker.Dockerfile -t minigiants-worker:local .
#
# Behind a proxy with a CA of its own: a BASE_IMAGE that trusts it, and PIP_CERT with its path there.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS packages
ARG PIP_CERT
ARG PIP_INDEX_URL
WORKDIR /build
COPY pyproject.toml constraints.txt ./
COPY docker/list-requirements docker/
RUN python3 docker/list-requirements worker > requirements.txt \
    && python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        -c constraints.txt -r requirements.txt

FROM ${BASE_IMAGE}
RUN groupadd --gid 10001 minigiants \
    && useradd --uid 10001 --gid minigiants --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin minigiants \
    && install -d -o minigiants -g minigiants -m 0750 /var/cache/minigiants /var/tmp/minigiants
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/minigiants
COPY evaluator/ evaluator/
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/srv/minigiants \
    PYTHONUNBUFFERED=1 \
    MINIGIANTS_WORKER_CACHE=/var/cache/minigiants \
    MINIGIANTS_WORKER_SCRATCH=/var/tmp/minigiants
RUN python -m compileall -q evaluator
USER minigiants
CMD ["python", "-m", "celery", "-A", "evaluator.worker", "worker"]
