//! Brazil, Telefonica/Oi style analog.

use super::{Table, known, procedure, value};
use crate::plan::Support::Subscription;

pub(super) const PLAN: Table = Table {
    name: "br",
    title: "Brazil, Telefonica/Oi style analog",
    inherits: Some("etsi"),
    notes: &["No Brazilian page was read: all knowledge."],
    site: &[],
    facts: &[
        value("recall.send_ms", "300", known("eng"), ""),
        value("recall.accept_ms", "80-320", known("eng"), "PBX extensions 100-600"),
        value("forward.indication", "special dial tone while siga-me is on", known("eng"), ""),
        procedure("clid.block_call", Subscription, "dial:*31#{n}", known("eng"), "*31# prefix on some operators"),
        value("disconnect.far_end", "busy tone 425 Hz 0.25/0.25; reversal on answer only if ordered", known("eng"), ""),
        value(
            "disconnect.called_timed_release_s",
            "90-90",
            known("eng"),
            "called party re-answer time 90 s: caller holds the line; the source of double-answer blocking of collect calls",
        ),
    ],
};
