//! New Zealand.

use super::{Table, known, none, procedure, read, unavailable, value};
use crate::plan::Support::{Subscription, Yes};

pub(super) const PLAN: Table = Table {
    name: "nz",
    title: "New Zealand",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "600", known("eng"), ""),
        value("callwaiting.tone", "four beeps", read("nz"), ""),
        procedure("callwaiting.answer", Yes, "flash", read("nz"), "some lines flash then 2"),
        procedure("swap", Yes, "flash", read("nz"), ""),
        procedure("callwaiting.release_and_answer", Subscription, "onhook wait:ring offhook", known("nz"), ""),
        unavailable("callwaiting.reject", read("nz"), "ignore, 6-8 rings"),
        procedure("callwaiting.on", Yes, "dial:*43", read("nz"), ""),
        procedure("callwaiting.off", Yes, "dial:#43", read("nz"), "also *52"),
        procedure(
            "secure.before",
            Yes,
            "dial:*52 dial:{n}",
            read("nz"),
            "restored after the call; broadband voice uses *70",
        ),
        none("order.R0"),
        none("release.held"),
        none("order.R1"),
        value("recall.accept_ms", "300-900", known("eng"), "low confidence"),
    ],
};
