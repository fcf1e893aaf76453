# loyalty-sidecar as a container: one program, a small Debian, a user without rights, data in /data.
#
#   docker build -t loyalty-sidecar .
#   docker run --rm -v loyalty:/data loyalty-sidecar token create --role viewer --name odoo
#   docker run -v loyalty:/data -p 127.0.0.1:8070:8070 -e LOYALTY__HTTP__BEHIND_TLS_PROXY=true \
#     -e LOYALTY__ODOO__URL=… -e LOYALTY__ODOO__DATABASE=… -e LOYALTY__ODOO__LOGIN=… -e LOYALTY__ODOO__API_KEY=… loyalty-sidecar
#
# It serves only once there is a token, and only when it is told that nothing but this machine and a proxy that speaks TLS
# reaches its port: the second is said above because the port is published on loopback alone.

# What it is built of and on. A name moves on with the security fixes of its publisher; for the same image again, name the
# digest, too: --build-arg DEBIAN_IMAGE=debian:trixie-slim@sha256:… (docker buildx imagetools inspect debian:trixie-slim)
ARG RUST_IMAGE=rust:1-slim-trixie
ARG DEBIAN_IMAGE=debian:trixie-slim

FROM ${RUST_IMAGE} AS builder
# SQLite, libpq, OpenSSL and mimalloc are built from source along with us: a C compiler, make and perl are all they ask for.
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
 && rm -rf /var/lib/apt/lists/*
# It writes the list of the program's dependencies into the program, where scanners such as trivy, syft and cargo audit
# read it (SECURITY.md).
ARG CARGO_AUDITABLE_VERSION=0.7.7
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install --locked --debug --root /opt/auditable cargo-auditable@${CARGO_AUDITABLE_VERSION}
ENV PATH=/opt/auditable/bin:$PATH
WORKDIR /src
COPY . .
# The downloaded crates and what was compiled of them stay outside the layers, for the next build.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo auditable build --release --locked --bin loyalty-sidecar \
 && install -D --strip target/release/loyalty-sidecar /out/loyalty-sidecar

FROM ${DEBIAN_IMAGE}
# Certificates for an Odoo behind HTTPS; curl for the health check; pg_dump for `backup` of a ledger in PostgreSQL.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin loyalty \
 && install -d -o loyalty -g loyalty -m 0750 /data
COPY --from=builder /out/loyalty-sidecar /usr/local/bin/loyalty-sidecar
# What compose.yaml puts where there is no program yet; and a start for one of your own.
COPY config/first-program.example.toml /usr/share/loyalty-sidecar/first-program.toml
# Our licence, the GPL that it adds to, and the licences of what is linked in.
COPY LICENSE COPYING THIRD-PARTY-LICENSES.txt /usr/share/doc/loyalty-sidecar/

# A container publishes its port, so it listens on all of its own addresses. Who runs it says who reaches that port:
# LOYALTY__HTTP__BEHIND_TLS_PROXY is not set here.
ENV LOYALTY__DATABASE__URL=sqlite:///data/loyalty.db \
    LOYALTY__HTTP__BIND=0.0.0.0:8070
USER loyalty
WORKDIR /data
VOLUME /data
EXPOSE 8070
# Alive, on whatever port it was told to listen: Odoo or a database being away is for /readyz to say.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD curl --fail --silent --show-error --max-time 4 --noproxy '*' --output /dev/null "http://127.0.0.1:${LOYALTY__HTTP__BIND##*:}/healthz"
ENTRYPOINT ["loyalty-sidecar"]
CMD ["serve"]
