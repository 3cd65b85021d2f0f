# What runs beside a submitted model: Python, the runtimes, and evaluator/harness. No secret, no
# platform code. Built by docker/build-harness, which assembles the context:
#   requirements.txt   the extra `harness` of pyproject.toml
#   constraints.txt    the versions that the tests run with
#   evaluator/         the package's __init__.py and its harness
#   wheels/            wheels that lie on disk, preferred over an index (may be empty)
#   certs/             CA certificates of a proxy between here and the index (may be empty)
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS packages
ARG PIP_INDEX_URL
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY certs/ /build/certs/
COPY wheels/ /build/wheels/
COPY requirements.txt constraints.txt /build/
RUN set -eu; \
    python3 -m venv /opt/harness/venv; \
    if ls /build/certs/*.crt >/dev/null 2>&1; then \
        cat /etc/ssl/certs/ca-certificates.crt /build/certs/*.crt > /build/bundle.pem; \
        export PIP_CERT=/build/bundle.pem; \
    fi; \
    if ls /build/wheels/torch-*.whl >/dev/null 2>&1; then torch_index=""; \
    else torch_index="--extra-index-url ${TORCH_INDEX_URL}"; fi; \
    /opt/harness/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        ${torch_index} --find-links /build/wheels \
        --constraint /build/constraints.txt --requirement /build/requirements.txt

FROM ${BASE_IMAGE}
COPY --from=packages /opt/harness/venv /opt/harness/venv
COPY evaluator/ /opt/harness/evaluator/
RUN python3 -m compileall -q /opt/harness/evaluator && mkdir /job
ENV PYTHONPATH=/opt/harness PATH=/opt/harness/venv/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["/opt/harness/venv/bin/python", "-m", "evaluator.harness"]
