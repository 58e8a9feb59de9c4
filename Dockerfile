FROM rust:1.95-bookworm AS build
WORKDIR /build

# The dependencies first, with nothing of our own: this layer lasts until Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
RUN mkdir -p src benches/apply benches/backfill benches/snapshot tests/torture \
    && echo 'fn main() {}' | tee src/main.rs benches/apply/main.rs benches/backfill/main.rs benches/snapshot/main.rs \
       >tests/torture/main.rs \
    && echo '' >src/lib.rs \
    && cargo build --release --locked \
    && rm -r src benches

# Files keep the time they were written, which may be before that build: touch what cargo compares.
COPY . .
RUN touch src/main.rs src/lib.rs && cargo build --release --locked


FROM debian:bookworm-slim

# The clients write and read snapshots in the databases' own formats. pg_dump reads no server newer than itself
# (bookworm: 15); for a newer one, build on the suite that has its client.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates mariadb-client postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 65532 windlass \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /var/lib/windlass --shell /usr/sbin/nologin windlass \
    && install --directory --owner=65532 --group=65532 --mode=700 /var/lib/windlass /var/lib/windlass/data

COPY --from=build /build/target/release/windlass /usr/local/bin/windlass
COPY LICENSE-APACHE LICENSE-MIT NOTICE /usr/share/doc/windlass/
# The sample catalog; mount your own in its place.
COPY migrations /migrations

ENV WINDLASS__SERVER__LISTEN=0.0.0.0:8182 \
    WINDLASS__CATALOG__PATH=/migrations

# Every other path is relative by default, so all that is written, and `windlass.toml` if you mount one, is here.
WORKDIR /var/lib/windlass
VOLUME /var/lib/windlass
USER 65532:65532
EXPOSE 8182

# Alive, not healthy: a database that is away must not restart windlass, which is what would tell about it.
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8182 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 line <&3 && [[ $line == *' 200 '* ]]"]

ENTRYPOINT ["windlass"]
CMD ["serve"]
