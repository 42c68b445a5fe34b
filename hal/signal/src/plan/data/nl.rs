//! Netherlands, KPN analog.

use super::{Table, known, procedure, value};
use crate::plan::Support::Subscription;

pub(super) const PLAN: Table = Table {
    name: "nl",
    title: "Netherlands, KPN analog",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "100", known("eng"), ""),
        procedure("clid.block_call", Subscription, "dial:*31*{n}", known("eng"), ""),
        procedure("complete.busy.set", Subscription, "wait:busy dial:5", known("eng"), ""),
    ],
};
