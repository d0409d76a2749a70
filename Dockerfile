# syntax=docker/dockerfile:1
FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential make perl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin evenkeel && cp target/release/evenkeel /evenkeel

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data evenkeel \
 && install -d -o evenkeel -g evenkeel -m 0700 /data
COPY --from=build /evenkeel /usr/local/bin/evenkeel
USER evenkeel
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["evenkeel"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--data", "/data"]
