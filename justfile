# Shortcuts; `just` lists them. The one test command is scripts/test.

_list:
    @just --list

# The page with a built-in stream.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# The inner loop.
quick:
    scripts/test quick

# Everything.
test:
    scripts/test

# Format and lints.
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Measure on this machine.
bench *ARGS:
    cargo run --release -- bench {{ARGS}}
