# Barograph with everything it needs; data lies in the volume /data, and the process is not root.
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/barograph
ENV PATH=/opt/barograph/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation .

FROM python:3.12.12-slim-bookworm
RUN useradd --create-home --uid 10001 barograph && install --directory --owner barograph /data
COPY --from=build /opt/barograph /opt/barograph
ENV PATH=/opt/barograph/bin:$PATH NUMBA_CACHE_DIR=/data/kernels PYTHONUNBUFFERED=1
USER barograph
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Ready is: every process at work, none waiting. A container of one process asks for that one: barograph health market.
HEALTHCHECK --interval=15s --timeout=10s --retries=5 --start-period=120s CMD ["barograph", "health", "--data", "/data"]
ENTRYPOINT ["barograph"]
CMD ["up", "--plain", "--data", "/data"]
