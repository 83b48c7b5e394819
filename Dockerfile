# Build: a virtual environment with the pinned dependencies and Caravan itself.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/caravan
COPY requirements.txt ./
RUN /opt/caravan/bin/pip install --require-hashes --requirement requirements.txt
COPY pyproject.toml ./
COPY bot bot
COPY cohorts cohorts
COPY templates templates
RUN /opt/caravan/bin/pip install --no-deps --no-build-isolation .

# Run: no compiler, no source tree, nobody's root.
FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data caravan \
    && install --directory --owner caravan --group caravan --mode 0750 /data
COPY --from=build /opt/caravan /opt/caravan
ENV PATH="/opt/caravan/bin:$PATH" PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
USER caravan
# config.toml and the database live here.
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["caravan", "health"]
CMD ["caravan", "run"]
