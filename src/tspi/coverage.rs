//! `docs/coverage.md`, made from the table of operations and the built-in switch plans. The test here tells when it is not
//! what they say, and `UPDATE_DOCS=1 cargo test --lib tspi::coverage` writes it.

use super::ops::{OPERATIONS, Operation};
use loopstart_provider::LineErr;
use loopstart_signal::plan::{Plan, Subscribed};
use std::fmt::Write;

const HEAD: &str = "# What the interface does

Generated from the table of operations (`src/tspi/ops.rs`) and the built-in switch plans; do not edit.

Every published operation of TSPI 2.2 is exported. *Asynchronous* ones answer with the request's number and complete later,
exactly once. What is *refused* always answers the same error. Whether a line really offers an operation is told by its
capabilities (`TSPI_lineGetDevCaps`, `TSPI_lineGetAddressCaps`), which follow from the device and the switch plan; an
operation that a line does not offer answers `LINEERR_OPERATIONUNAVAIL`.

## Operations

| Operation | Kind | Carried out by | Refused |
| --- | --- | --- | --- |
";

const PLANS: &str = "
## Switch plans

Operations that need a service of the exchange, by the plans that have one, for a line that subscribes to everything; and the
services, by the names of their facts.
";

fn kind(operation: &Operation) -> &'static str {
    if operation.asynchronous { "asynchronous" } else { "synchronous" }
}

fn refusal((error, why): (i32, &str)) -> String {
    let name = LineErr::from_code(error).map_or("PHONEERR_OPERATIONUNAVAIL", LineErr::name);
    format!("`{name}`: {why}")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn coverage() -> String {
    let mut out = HEAD.to_owned();
    let (phones, lines): (Vec<&Operation>, Vec<&Operation>) =
        OPERATIONS.iter().partition(|o| o.name.starts_with("TSPI_phone"));
    for operation in lines {
        let (by, refused) = (operation.by.unwrap_or(""), operation.refused.map(refusal).unwrap_or_default());
        writeln!(out, "| `{}` | {} | {by} | {refused} |", operation.name, kind(operation)).unwrap();
    }
    let refused = phones.first().and_then(|o| o.refused).map(refusal).unwrap_or_default();
    writeln!(out, "| `TSPI_phone...` ({} of them) | | | {refused} |", phones.len()).unwrap();
    out.push_str(PLANS);
    let plans: Vec<_> = Plan::names().filter_map(|name| Plan::subscribed(name, Subscribed::all())).collect();
    for plan in &plans {
        let needs = OPERATIONS.iter().filter(|o| o.services.iter().any(|service| plan.has(*service)));
        let operations = list(needs.map(|o| o.name.trim_start_matches("TSPI_")));
        let services = list(plan.services().map(|(service, _)| service.key()));
        write!(out, "\n- **{}**: {}\n  - operations: {operations}\n  - services: {services}", plan.name, plan.title)
            .unwrap();
    }
    out.push('\n');
    out
}

#[test]
fn the_document_is_up_to_date() {
    let text = coverage();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != text {
        let first = committed.lines().zip(text.lines()).position(|(a, b)| a != b);
        panic!("docs/coverage.md is not what the tables say (line {:?}); run with UPDATE_DOCS=1", first.map(|l| l + 1));
    }
}
