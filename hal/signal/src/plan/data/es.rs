//! Spain, Telefonica analog.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::Subscription;

pub(super) const PLAN: Table = Table {
    name: "es",
    title: "Spain, Telefonica analog",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "100", known("eng"), ""),
        procedure("clid.block_call", Subscription, "dial:067{n}", read("es-r"), ""),
    ],
};
