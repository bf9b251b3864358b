# The stub for suites in other languages: `soblob serve` on port 8086.
#
#   docker build -t soblob .
#   docker run --rm -p 127.0.0.1:8086:8086 soblob --behaviour wcf
#
# The control API answers on loopback: share the network, and say so, or open it by
# --control-beyond-loopback, whose help says to whom. It wants a token of yours
# in the variable, without which this stops at once.
#
#   docker run --rm --network host \
#     -e SOBLOB_CONTROL_TOKEN="${SOBLOB_CONTROL_TOKEN:?8 or more printable ASCII characters}" \
#     soblob --host 127.0.0.1

FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY schemas schemas
COPY pytest_soblob pytest_soblob
RUN python -m venv /soblob && /soblob/bin/pip install --no-cache-dir '.[tls]'

FROM python:3.13-slim
COPY --from=build /soblob /soblob
RUN useradd --system soblob
USER soblob
EXPOSE 8086
STOPSIGNAL SIGTERM
# What is given after the image's name comes after these, and over them.
ENTRYPOINT ["/soblob/bin/soblob", "serve", "--host", "0.0.0.0", "--port", "8086"]
