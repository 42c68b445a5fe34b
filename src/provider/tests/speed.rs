//! How long a step takes. Measured by hand, in release: `cargo test --release -p loopstart-provider -- --ignored`.
