# One image for the bridge and for simulated lights: the command decides which it is.
FROM python:3.13.7-slim-trixie

RUN apt-get update \
    && apt-get install --yes --no-install-recommends micropython \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 presslight \
    && install --directory --owner presslight /data /flash

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY pyproject.toml LICENSE README.md ./
COPY contract contract
COPY firmware firmware
COPY broker broker
COPY cloud cloud
COPY mobile_sim mobile_sim
COPY presslight presslight
# Readable by its user, also where the clone is its owner's alone (umask 077).
RUN pip install --no-cache-dir --no-build-isolation --no-deps --no-index --editable . \
    && chmod --recursive a+rX /app

USER presslight
VOLUME /data
EXPOSE 8787
ENTRYPOINT ["presslight"]
CMD ["--help"]
