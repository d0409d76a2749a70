# The commands for every day; `just` lists them. Needs https://just.systems. Each also works when pasted into a shell.

_list:
    @{{ just_executable() }} --list --unsorted

# Run the server with the demo organization on http://127.0.0.1:8080
demo:
    cargo run -- serve --demo

# All tests, on SQLite and PostgreSQL
test:
    cargo test

# Tests whose name contains NAME, with their output
test-one NAME:
    cargo test {{ NAME }} -- --nocapture

# All tests except those on PostgreSQL
test-sqlite:
    cargo test -- --skip Postgres

# Only the rules, in seconds
test-rules:
    cargo test -p evenkeel-domain

# Write openapi/openapi.json from the code
openapi:
    UPDATE=1 cargo test -p evenkeel-tests openapi

# Format, then lint as CI does
lint:
    cargo fmt --all
    cargo clippy --all-targets -- -D warnings

# Measure the release binary; a PostgreSQL server with: just bench --postgres URL
bench *OPTIONS:
    cargo build --release --bin evenkeel
    cargo run --release -p evenkeel-tests --bin bench -- {{ OPTIONS }}

# Build the documentation of the code and open it
doc:
    cargo doc --no-deps --open

# Everything that CI checks
ci:
    .ci/run
